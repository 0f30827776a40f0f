import AuditTree
import Glibc

/// The tiles in a log's folder, read one at a time.
package struct LogTiles: Sendable {
    /// The log's folder.
    package let folder: String

    package init(folder: String) { self.folder = folder }

    /// The hashes of a tile, exactly as many as it is wide: from its own file, or from one of the same tile that has become
    /// wider meanwhile.
    /// - Throws: `AuditError.notALog` where there is none, or one of another length.
    package func hashes(_ address: TileAddress) throws(AuditError) -> [TreeHash] {
        guard let hashes = try read(address) else {
            throw .notALog(path: folder + "/" + address.path, reason: "the tile is missing")
        }
        return hashes
    }

    /// As `hashes`, nil where there is no such tile.
    package func read(_ address: TileAddress) throws(AuditError) -> [TreeHash]? {
        if let found = try read(address.path, width: address.width) { return found }
        if !address.isFull, let found = try read(address.fullPath, width: TileAddress.full) {
            return Array(found.prefix(address.width))
        }
        for width in try partialWidths(of: address).sorted() where width > address.width {
            guard let found = try read(address.fullPath + ".p/\(width)", width: width) else { continue }
            return Array(found.prefix(address.width))
        }
        return nil
    }

    /// The widths of the partial tiles that stand beside a tile.
    package func partialWidths(of address: TileAddress) throws(AuditError) -> [Int] {
        let path = folder + "/" + address.fullPath + ".p"
        guard access(path, F_OK) == 0 else { return [] }
        return try SegmentName.files(path).compactMap { name in
            Int(name).flatMap { (1..<TileAddress.full).contains($0) ? $0 : nil }
        }
    }

    /// A tile's own file; nil where there is none.
    func read(_ path: String, width: Int) throws(AuditError) -> [TreeHash]? {
        let path = folder + "/" + path
        let length = width * TreeHash.size
        guard let bytes = try FolderPath.read(path, limit: length + 1) else { return nil }
        guard bytes.count == length else {
            throw .notALog(
                path: path,
                reason:
                    "a tile of \(width) hashes has \(length) bytes, found \(bytes.count > length ? "more" : "\(bytes.count)")"
            )
        }
        return (0..<width).compactMap { TreeHash(bytes[($0 * TreeHash.size)..<(($0 + 1) * TreeHash.size)]) }
    }
}
