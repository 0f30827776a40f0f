import AuditTree

/// Holds a segment's records against the tree before it is removed: a record that is not the one that was signed is evidence, and
/// stays; and the tiles, which alone speak of the records afterwards, must lead to what was signed.
struct PrunedSegment {
    let folder: String
    /// The checkpoint that covers its records.
    let head: Checkpoint

    /// - Parameter goesOn: asked between tiles; false ends it with `AuditError.closed`.
    /// - Throws: `damaged` for a record that is not the tree's, `unproved` for tiles that are not those of the checkpoint, and what
    ///   reading throws.
    func check(_ records: Range<UInt64>, goesOn: () -> Bool) throws(AuditError) {
        var tile: [TreeHash] = []
        try SegmentLeaves.read(folder, records) { seq, leaf throws(AuditError) in
            let at = Int(seq % UInt64(TileAddress.full))
            if tile.isEmpty || at == 0 {
                guard goesOn() else { throw .closed }
                tile = try confirmedTile(of: seq)
            }
            guard at < tile.count, tile[at] == leaf else {
                throw .damaged(
                    path: folder + "/segments", seq: seq,
                    reason: "it is not the record that was signed, and its segment is kept")
            }
        }
    }

    /// The leaves around a record, which lead to the checkpoint's root.
    private func confirmedTile(of seq: UInt64) throws(AuditError) -> [TreeHash] {
        let tiles = LogTiles(folder: folder)
        guard let address = TileAddress.holding(level: 0, hash: seq, of: head.size) else {
            throw .unproved(path: folder, reason: "no checkpoint covers record \(seq)")
        }
        let hashes = try tiles.hashes(address)
        // The path to the root of one leaf goes over all other hashes of its tile.
        let path = try TreeProof.inclusion(of: seq, in: head.size) { address throws(AuditError) in
            try tiles.hashes(address)
        }
        let leaf = hashes[Int(seq % UInt64(TileAddress.full))]
        guard TreeProof.root(leaf: leaf, index: seq, size: head.size, path: path) == head.root else {
            throw .unproved(
                path: folder + "/" + address.path, reason: "the tile does not lead to the checkpoint's root")
        }
        return hashes
    }
}
