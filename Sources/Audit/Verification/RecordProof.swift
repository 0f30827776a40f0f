import AuditTree

/// Proofs of single records, from a log's folder.
package enum RecordProof {
    /// The record with a number and what shows that the log's newest checkpoint covers it; of a record that retention removed, what
    /// shows that of its hash, without the record.
    /// - Throws: `AuditError.unproved` where it cannot be proved.
    package static func of(_ seq: UInt64, in folder: String) throws(AuditError) -> ProofFile {
        let line = try RecordSearch.record(seq, in: folder)
        let note = try newest(in: folder)
        if let line { return try proof(of: line.bytes, seq: seq, note: note, folder: folder) }
        var removed = RemovedLeaves(folder: folder)
        guard try seq < AuditReader.first(of: folder), let leaf = try removed.leaf(of: seq) else {
            throw .unproved(path: folder, reason: "the log has no record \(seq)")
        }
        return try proof(of: leaf, record: nil, seq: seq, note: note, folder: folder)
    }

    /// The newest checkpoint, as it was signed.
    static func newest(in folder: String) throws(AuditError) -> SignedNote {
        let path = folder + "/checkpoint"
        guard let bytes = try FolderPath.read(path, limit: SignedNote.limit) else {
            throw .unproved(path: path, reason: "the log has no checkpoint")
        }
        guard let note = SignedNote(bytes) else { throw .unproved(path: path, reason: "is no checkpoint") }
        return note
    }

    static func proof(
        of record: [UInt8], seq: UInt64, note: SignedNote, folder: String
    ) throws(AuditError) -> ProofFile {
        try proof(of: TreeHash.leaf(record.span), record: record, seq: seq, note: note, folder: folder)
    }

    private static func proof(
        of leaf: TreeHash, record: [UInt8]?, seq: UInt64, note: SignedNote, folder: String
    ) throws(AuditError) -> ProofFile {
        guard let checkpoint = Checkpoint(text: note.text) else {
            throw .unproved(path: folder + "/checkpoint", reason: "is no checkpoint")
        }
        guard seq < checkpoint.size else {
            throw .unproved(
                path: folder,
                reason: "no checkpoint covers record \(seq) yet; the newest covers \(checkpoint.size) records"
            )
        }
        let tiles = LogTiles(folder: folder)
        let path = try TreeProof.inclusion(of: seq, in: checkpoint.size) { address throws(AuditError) in
            try tiles.hashes(address)
        }
        let root = TreeProof.root(
            leaf: leaf, index: seq, size: checkpoint.size, path: path)
        guard root == checkpoint.root else {
            throw .unproved(
                path: folder, reason: "record \(seq), the tiles and the checkpoint contradict each other")
        }
        return ProofFile(record: record, index: seq, path: path, note: note)
    }
}
