/// Showing a partition's constraint compares its bounds by the operator class of the key, so it is that class's doing.
package enum PartitionKeys {
    /// psql's `\d` calls it: refused only where an operator class of a key leads out.
    package static let function = "pg_get_partition_constraintdef"
}
