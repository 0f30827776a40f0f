/// Which Domicile this is.
package enum Version {
    /// Semantic version, as `--version` and `domicile_build_info` show it.
    package static let current = "0.1.0"
}
