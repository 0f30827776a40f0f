import AuditTree

/// What was found of a log's tree when it was opened.
struct RecoveredTree {
    var edge: TreeEdge
    var head: Checkpoint?
    /// `checkpoint` as it stands there.
    var note: [UInt8]?
    var logLength: Int
    var isLogTorn: Bool
    var signer: SigningKey
    var origin: String
    /// Tiles that must be written again.
    var tiles: [TreeEdge.FullTile]
    /// A note that `checkpoint` must hold; one that `checkpoints.log` lacks.
    var restored: [UInt8]?
    var unlogged: [UInt8]?
}

/// Reads a log's tree at start, and holds the records against it.
///
/// What a crash may leave is mended: tiles that are missing or torn, a `checkpoint` behind `checkpoints.log`. What no crash
/// leaves is not: records that a checkpoint covers and that are gone or others, a checkpoint that was not signed with the
/// log's own key, a log that is older than what is known of it elsewhere.
struct TreeRecovery {
    let folder: String
    let segments: SegmentFolder
    let files: any TreeFiles
    let tree: TreeSettings
    let identity: LogIdentity
    let checkpoints: CheckpointFiles
    private let origin: String

    init(
        folder: String, segments: SegmentFolder, files: any TreeFiles, tree: TreeSettings,
        identity: LogIdentity
    ) throws(AuditError) {
        self.folder = folder
        self.segments = segments
        self.files = files
        self.tree = tree
        self.identity = identity
        origin = identity.origin ?? tree.origin(of: identity.region)
        let origin = origin
        checkpoints = try CheckpointFiles(
            files: files, keys: tree.keys.compactMap { $0.verifier(of: origin) }, keyFile: tree.keyFile)
    }

    /// Records that a checkpoint covers.
    var covered: UInt64 { checkpoints.head?.checkpoint.size ?? 0 }

    /// - Parameters:
    ///   - end: one past the last record in the segments.
    ///   - last: the first record of the last segment.
    func recover(end: UInt64, last: UInt64) throws(AuditError) -> RecoveredTree {
        guard covered <= end else {
            throw .damaged(
                path: segments.path, seq: end,
                reason: "it is missing: a signed checkpoint covers \(covered) records")
        }
        var tiles = TreeTiles(files: files, folder: folder)
        var edge = TreeEdge()
        if let head = checkpoints.head?.checkpoint {
            edge = try self.edge(of: head, &tiles)
            try compareRecords(from: last, edge, &tiles)
            for tile in edge.partialTiles where !(try tiles.isThere(tile)) { tiles.put(tile) }
        }
        try compareKnownHead(&tiles)
        var found = RecoveredTree(
            edge: edge, head: checkpoints.head?.checkpoint, note: checkpoints.note,
            logLength: checkpoints.length, isLogTorn: checkpoints.fileLength > checkpoints.length,
            signer: try signer(), origin: origin, tiles: tiles.made)
        if let head = checkpoints.head {
            if checkpoints.note != head.note { found.restored = head.note }
            if checkpoints.isUnlogged { found.unlogged = head.note }
        }
        return found
    }

    /// The key that the log is signed with until it is told of another.
    private func signer() throws(AuditError) -> SigningKey {
        guard let last = identity.keys.last?.key else { return tree.keys[0] }
        guard let key = tree.keys.first(where: { $0.publicKey == last.publicKey }) else {
            throw .auditKey(
                path: tree.keyFile,
                reason:
                    "does not hold the key that \(folder) is signed with, \(last). Put it behind the new one; where it "
                    + "is lost, `domicile audit seal \(folder)` closes the log and begins another")
        }
        return key
    }
}

// MARK: - The tree against its checkpoint

extension TreeRecovery {
    /// The edge of the tree that the checkpoint is of.
    private func edge(of head: Checkpoint, _ tiles: inout TreeTiles) throws(AuditError) -> TreeEdge {
        var read = tiles
        let edge = try TreeEdge(size: head.size) { address throws(AuditError) in try read.tile(address) }
        if edge.root == head.root {
            tiles = read
            return edge
        }
        return try rebuilt(head, &tiles)
    }

    /// The tiles do not lead to the checkpoint's root: whether the records do.
    private func rebuilt(_ head: Checkpoint, _ tiles: inout TreeTiles) throws(AuditError) -> TreeEdge {
        var edge = TreeEdge()
        var full: [TreeEdge.FullTile] = []
        var differing: UInt64?
        // Of records that retention removed the tiles alone speak.
        let first = min(try AuditReader.first(of: folder), head.size)
        try readRemoved(first, of: head.size, tiles) { leaf throws(AuditError) in
            edge.append(leaf) { full.append($0) }
            for tile in full where tile.address.level > 0 { try take(tile, &tiles, &differing) }
            full.removeAll()
        }
        try SegmentLeaves.read(folder, first..<head.size) { _, leaf throws(AuditError) in
            edge.append(leaf) { full.append($0) }
            for tile in full { try take(tile, &tiles, &differing) }
            full.removeAll()
        }
        for tile in edge.partialTiles { try take(tile, &tiles, &differing) }
        guard edge.root == head.root else {
            throw .damaged(
                path: segments.path, seq: differing ?? 0,
                reason: differing == nil
                    ? "the first \(head.size) records are not those of the signed checkpoint"
                    : "it is not the one that the tree has, and the signed checkpoint does not confirm it")
        }
        return edge
    }

    /// Gives the hashes of the records below the first that is there, from their tiles.
    private func readRemoved(
        _ first: UInt64, of size: UInt64, _ tiles: TreeTiles, leaf: (TreeHash) throws(AuditError) -> Void
    ) throws(AuditError) {
        var next: UInt64 = 0
        while next < first, let address = TileAddress.holding(level: 0, hash: next, of: size) {
            guard let hashes = try tiles.standing(address) else {
                throw .damaged(
                    path: files.path(of: address.path), seq: next,
                    reason: "retention removed it, and its tile is missing or torn")
            }
            for hash in hashes where next < first {
                try leaf(hash)
                next += 1
            }
        }
    }

    /// A tile that the records make is to be written where it does not stand there.
    private func take(
        _ tile: TreeEdge.FullTile, _ tiles: inout TreeTiles, _ differing: inout UInt64?
    ) throws(AuditError) {
        let stands = try tiles.standing(tile.address)
        guard stands != tile.hashes else { return }
        if tile.address.level == 0, differing == nil, let stands {
            let same = zip(stands, tile.hashes).prefix { $0 == $1 }.count
            differing = tile.address.index * UInt64(TileAddress.full) + UInt64(same)
        }
        tiles.put(tile)
    }

    /// The records of the last segment must be those of the leaf tiles.
    private func compareRecords(
        from last: UInt64, _ edge: TreeEdge, _ tiles: inout TreeTiles
    ) throws(AuditError) {
        guard last < edge.size else { return }
        let width = UInt64(TileAddress.full)
        let partial = edge.partialTiles
        var expected: [TreeHash] = []
        var found: [TreeHash] = []
        var first = last
        var index = last / width
        try SegmentLeaves.read(folder, last..<edge.size) { seq, leaf throws(AuditError) in
            found.append(leaf)
            guard seq + 1 == edge.size || (seq + 1) % width == 0 else { return }
            if let own = partial.first(where: { $0.address.level == 0 && $0.address.index == index }) {
                expected = own.hashes
            } else {
                expected = try confirmed(index, of: edge, partial, &tiles)
            }
            let from = Int(first - index * width)
            for (at, hash) in found.enumerated()
            where from + at >= expected.count || hash != expected[from + at] {
                throw .damaged(
                    path: segments.path, seq: first + UInt64(at),
                    reason: "it is not the record that a signed checkpoint covers")
            }
            found.removeAll(keepingCapacity: true)
            first = seq + 1
            index = first / width
        }
    }

    /// A full tile of leaves that the level above it confirms.
    private func confirmed(
        _ index: UInt64, of edge: TreeEdge, _ partial: [TreeEdge.FullTile], _ tiles: inout TreeTiles
    ) throws(AuditError) -> [TreeHash] {
        let address = TileAddress(level: 0, index: index, width: TileAddress.full)
        guard let above = TileAddress.holding(level: 1, hash: index, of: edge.size) else { return [] }
        let known = partial.first { $0.address == above }?.hashes
        let parents: [TreeHash]
        if let known { parents = known } else { parents = try tiles.tile(above) }
        let parent = parents[Int(index % UInt64(TileAddress.full))]
        if let stands = try tiles.standing(address), TreeHash.perfect(stands[...]) == parent { return stands }
        let made = try tiles.make(address)
        guard TreeHash.perfect(made[...]) == parent else {
            throw .damaged(
                path: segments.path, seq: index * UInt64(TileAddress.full),
                reason: "it, or one of the 255 behind it, is not the record that a signed checkpoint covers")
        }
        return made
    }
}

// MARK: - What is known elsewhere

extension TreeRecovery {
    /// A log must not be older than the last checkpoint that is kept elsewhere, nor another (F-AUD-16).
    private func compareKnownHead(_ tiles: inout TreeTiles) throws(AuditError) {
        guard let file = tree.headFile, let bytes = try FolderPath.read(file, limit: 1 << 16) else { return }
        guard let note = SignedNote(bytes), let known = Checkpoint(text: note.text) else {
            throw .contradicted(
                path: folder, reason: "\(file), the last checkpoint that is known of it, is no checkpoint")
        }
        if let before = identity.follows, known.origin == before.origin, known.size <= before.size { return }
        let keys = tree.keys.compactMap { $0.verifier(of: origin) }
        guard known.origin == origin, note.signer(among: keys) != nil else {
            throw .contradicted(
                path: folder,
                reason:
                    "\(file), the last checkpoint that is known of it, is of \(known.origin) and not signed by a key "
                    + "of \(tree.keyFile) as \(origin)")
        }
        guard known.size <= covered else {
            throw .contradicted(
                path: folder,
                reason:
                    "its last checkpoint covers \(covered) records, and one of \(known.size) was signed (\(file)): "
                    + "it is an older copy, or its end was cut off")
        }
        var read = tiles
        let root = try TreeProof.root(of: known.size) { address throws(AuditError) in
            // As wide as it is in the whole tree.
            let hash = address.index * UInt64(TileAddress.full) + UInt64(address.width) - 1
            let whole = TileAddress.holding(level: address.level, hash: hash, of: covered) ?? address
            return try read.tile(whole)
        }
        tiles = read
        guard root == known.root else {
            throw .contradicted(
                path: folder,
                reason:
                    "its first \(known.size) records are not those of the checkpoint that is known of it (\(file))"
            )
        }
    }
}
