import AuditTree

/// Verifies a whole log: every line, number, leaf, tile and checkpoint. Streaming: memory does not grow with the log.
///
/// Of records that retention removed the tiles are verified, and a signed record must say that they were removed. Where that
/// happens while the log is read, reading begins anew.
package struct LogVerification {
    let folder: String
    let keys: [VerifierKey]
    let anchors: [KeptCheckpoints]
    let progress: (Int) -> Void

    /// Passes that are begun anew. Each needs another removal, and those are an hour apart.
    private static let limit = 8

    /// - Parameters:
    ///   - keys: those that are trusted from outside; none: the log's own are used, and vouch for nothing.
    ///   - anchors: older checkpoints, which the log must go on from.
    ///   - progress: told the bytes of each line that was read.
    package init(
        folder: String, keys: [VerifierKey], anchors: [KeptCheckpoints] = [],
        progress: @escaping (Int) -> Void = { _ in }
    ) {
        self.folder = folder
        self.keys = keys
        self.anchors = anchors
        self.progress = progress
    }

    /// Reads the log.
    /// - Throws: where the folder is no log, or an anchor cannot be read.
    package func run() throws(AuditError) -> VerificationReport {
        for _ in 0..<LogVerification.limit {
            if let report = try VerificationPass(self).run(isLast: false) { return report }
        }
        return try VerificationPass(self).run(isLast: true) ?? VerificationReport()
    }
}
