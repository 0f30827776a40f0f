import AuditTree

/// The leaf hashes of records that are not in the segments any more, from the tiles.
struct RemovedLeaves {
    private let tiles: LogTiles
    /// Records that the newest checkpoint covers; nil: it was not looked at yet.
    private var covered: UInt64?
    private var index: UInt64?
    private var hashes: [TreeHash] = []

    init(folder: String) { tiles = LogTiles(folder: folder) }

    /// - Returns: nil where no checkpoint covers the record.
    mutating func leaf(of seq: UInt64) throws(AuditError) -> TreeHash? {
        if covered == nil {
            let hasCheckpoint =
                try FolderPath.read(tiles.folder + "/checkpoint", limit: SignedNote.limit) != nil
            let note = hasCheckpoint ? try RecordProof.newest(in: tiles.folder) : nil
            covered = note.flatMap { Checkpoint(text: $0.text) }?.size ?? 0
        }
        guard let address = TileAddress.holding(level: 0, hash: seq, of: covered ?? 0) else { return nil }
        if index != address.index {
            hashes = try tiles.hashes(address)
            index = address.index
        }
        return hashes[Int(seq % UInt64(TileAddress.full))]
    }
}
