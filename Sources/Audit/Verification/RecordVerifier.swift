import AuditTree

/// Checks single records of a log against its newest checkpoint.
package struct RecordVerifier: Sendable {
    private let folder: String
    private let note: SignedNote

    /// - Parameter keys: one of them must have signed the log's newest checkpoint.
    /// - Throws: `AuditError.unproved` where none did, or there is no checkpoint.
    package init(folder: String, keys: [VerifierKey]) throws(AuditError) {
        self.folder = folder
        note = try RecordProof.newest(in: folder)
        guard let signer = note.signer(among: keys), Checkpoint(text: note.text)?.origin == signer.name else {
            throw .unproved(path: folder + "/checkpoint", reason: "no trusted key signed it")
        }
    }

    /// - Throws: `AuditError.unproved` where the checkpoint does not cover the record, or covers another one at its place;
    ///   what a tile that is missing or torn throws.
    package func check(_ line: RecordLine) throws(AuditError) {
        guard let seq = line.seq, line.isInSequence else {
            throw .unproved(
                path: line.path, reason: "no record \(line.expected) stands at byte \(line.offset)")
        }
        _ = try RecordProof.proof(of: line.bytes, seq: seq, note: note, folder: folder)
    }
}
