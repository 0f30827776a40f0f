/// Checkpoints of a log that were kept elsewhere: what it must go on from.
package struct KeptCheckpoints: Sendable {
    /// The file that holds them, one behind the other. Those of other logs in it are passed over.
    package let path: String
    /// What findings call it.
    package let name: String

    /// - Parameter name: where the file came from; nil: it is what it is.
    package init(_ path: String, name: String? = nil) {
        self.path = path
        self.name = name ?? path
    }
}
