import AuditTree

/// Leaf hashes of records, read from a log's segments.
enum SegmentLeaves {
    /// - Throws: `AuditError.damaged` where one of the records is not there.
    static func read(
        _ folder: String, _ range: Range<UInt64>, leaf: (UInt64, TreeHash) throws(AuditError) -> Void
    ) throws(AuditError) {
        guard !range.isEmpty else { return }
        let reader = try AuditReader(folder: folder, from: range.lowerBound)
        for seq in range {
            guard let line = try reader.next(), line.seq == seq else {
                throw .damaged(path: folder + "/segments", seq: seq, reason: "it is missing, or no record")
            }
            try leaf(seq, TreeHash.leaf(line.bytes.span))
        }
    }
}
