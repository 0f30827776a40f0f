/// The right edge of a tree that grows: of each level the hashes of its last tile, as long as that is not full.
///
/// It is all that is needed to append, and to tell the tree's root.
package struct TreeEdge: Sendable, Equatable {
    /// A tile that has become full.
    package struct FullTile: Sendable, Equatable {
        package let address: TileAddress
        package let hashes: [TreeHash]

        package init(address: TileAddress, hashes: [TreeHash]) {
            self.address = address
            self.hashes = hashes
        }
    }

    /// Leaves.
    package private(set) var size: UInt64
    private var tiles: [[TreeHash]]

    /// A tree without leaves.
    package init() {
        size = 0
        tiles = []
    }

    /// The edge of a tree whose last tiles are known.
    /// - Parameter tile: the hashes of a tile that is not full.
    package init<Failure: Error>(
        size: UInt64, tile: (TileAddress) throws(Failure) -> [TreeHash]
    ) throws(Failure) {
        self.size = size
        tiles = []
        for level in 0..<TileAddress.levels {
            let count = TileAddress.hashes(level: level, of: size)
            guard count > 0 else { break }
            let full = UInt64(TileAddress.full)
            let width = Int(count % full)
            guard width > 0 else {
                tiles.append([])
                continue
            }
            let hashes = try tile(TileAddress(level: level, index: count / full, width: width))
            precondition(hashes.count == width, "a tile of another width")
            tiles.append(hashes)
        }
    }

    /// Appends a leaf.
    /// - Parameter full: told of each tile that becomes full, the lower ones first.
    package mutating func append(_ leaf: TreeHash, full: (FullTile) -> Void) {
        size += 1
        var hash = leaf
        for level in 0..<TileAddress.levels {
            if tiles.count == level { tiles.append([]) }
            tiles[level].append(hash)
            guard tiles[level].count == TileAddress.full else { return }
            let index = TileAddress.hashes(level: level, of: size) / UInt64(TileAddress.full) - 1
            full(
                FullTile(
                    address: TileAddress(level: level, index: index, width: TileAddress.full),
                    hashes: tiles[level]))
            hash = TreeHash.perfect(tiles[level][...])
            tiles[level].removeAll(keepingCapacity: true)
        }
    }

    /// The tiles at the edge that are not full, the lower ones first.
    package var partialTiles: [FullTile] {
        tiles.enumerated().compactMap { level, hashes in
            guard !hashes.isEmpty else { return nil }
            let index = TileAddress.hashes(level: level, of: size) / UInt64(TileAddress.full)
            return FullTile(
                address: TileAddress(level: level, index: index, width: hashes.count), hashes: hashes)
        }
    }

    /// The root of the tree (RFC 6962 section 2.1).
    package var root: TreeHash {
        var root: TreeHash?
        // From the right: the smallest perfect trees first.
        for hashes in tiles {
            var end = hashes.count
            while end > 0 {
                let width = end & -end
                let left = TreeHash.perfect(hashes[(end - width)..<end])
                root = root.map { TreeHash.node(left, $0) } ?? left
                end -= width
            }
        }
        return root ?? .empty
    }
}
