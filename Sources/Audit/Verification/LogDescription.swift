import AuditTree

/// What a log's `log.json` says about it.
package struct LogDescription: Sendable, Equatable {
    package let region: String
    /// Nil: its checkpoints are not signed, it has none.
    package let origin: String?
    /// The keys that have signed, in their order.
    package let keys: [VerifierKey]

    /// - Returns: nil where there is no `log.json`.
    /// - Throws: `AuditError.notALog` where it is no description of a log.
    package init?(folder: String) throws(AuditError) {
        guard let region = try LogFolder.region(of: folder) else { return nil }
        let bytes = try FolderPath.read(folder + "/log.json", limit: 1 << 16) ?? []
        let value = JSONValue(bytes)
        self.region = region
        origin = value?["origin"]?.string
        keys = (value?["keys"]?.list ?? []).compactMap { key in key["key"]?.string.flatMap { VerifierKey($0) }
        }
    }
}
