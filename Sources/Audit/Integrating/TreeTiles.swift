import AuditTree

/// The tiles of a log's folder. One that is missing or torn is made again from what it stands for, down to the records.
struct TreeTiles {
    let files: any TreeFiles
    /// The log's folder.
    let folder: String
    /// Tiles that were made again, the lower ones first.
    private(set) var made: [TreeEdge.FullTile] = []

    init(files: any TreeFiles, folder: String) {
        self.files = files
        self.folder = folder
    }

    /// The hashes of a tile; where it is not there, made of what is below it.
    mutating func tile(_ address: TileAddress) throws(AuditError) -> [TreeHash] {
        if let known = made.first(where: { $0.address == address }) { return known.hashes }
        if let hashes = try standing(address) { return hashes }
        return try make(address)
    }

    /// The hashes of a tile as its file has them, or a wider one's; nil where no whole one stands there.
    func standing(_ address: TileAddress) throws(AuditError) -> [TreeHash]? {
        do throws(FileFault) {
            if let hashes = try read(address.path, width: address.width) { return hashes }
            guard !address.isFull else { return nil }
            if let hashes = try read(address.fullPath, width: TileAddress.full) {
                return Array(hashes[..<address.width])
            }
            let wider = try files.names(in: address.fullPath + ".p").compactMap { Int($0) }
                .filter { $0 > address.width && $0 < TileAddress.full }
            for width in wider.sorted() {
                guard let hashes = try read(address.fullPath + ".p/\(width)", width: width) else { continue }
                return Array(hashes[..<address.width])
            }
            return nil
        } catch {
            throw error.error
        }
    }

    /// Whether a tile's very file is there, and holds what it must.
    func isThere(_ tile: TreeEdge.FullTile) throws(AuditError) -> Bool {
        do throws(FileFault) {
            return try read(tile.address.path, width: tile.address.width) == tile.hashes
        } catch {
            throw error.error
        }
    }

    private func read(_ name: String, width: Int) throws(FileFault) -> [TreeHash]? {
        let size = width * TreeHash.size
        guard let bytes = try files.read(name, from: 0, count: size + 1), bytes.count == size else {
            return nil
        }
        return stride(from: 0, to: size, by: TreeHash.size).compactMap {
            TreeHash(bytes[$0..<($0 + TreeHash.size)])
        }
    }

    /// Makes a tile of the records, or of the tiles below it.
    mutating func make(_ address: TileAddress) throws(AuditError) -> [TreeHash] {
        var hashes: [TreeHash] = []
        let first = address.index * UInt64(TileAddress.full)
        if address.level == 0 {
            try SegmentLeaves.read(folder, first..<(first + UInt64(address.width))) { _, leaf in
                hashes.append(leaf)
            }
        } else {
            for offset in 0..<address.width {
                let below = TileAddress(
                    level: address.level - 1, index: first + UInt64(offset), width: TileAddress.full)
                hashes.append(TreeHash.perfect(try tile(below)[...]))
            }
        }
        put(TreeEdge.FullTile(address: address, hashes: hashes))
        return hashes
    }

    /// Takes a tile that must be written.
    mutating func put(_ tile: TreeEdge.FullTile) {
        made.removeAll { $0.address == tile.address }
        made.append(tile)
    }
}
