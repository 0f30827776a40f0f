/// Where a tile of hashes stands: C2SP tlog-tiles, tiles of height 8.
///
/// The tile `index` of level `level` holds up to 256 hashes, each of a perfect tree over 256^level leaves: the
/// hashes `256 * index ..< 256 * index + width`.
package struct TileAddress: Sendable, Hashable {
    /// Hashes of a full tile.
    package static let full = 256
    /// Levels that a tree of 2^64 leaves has.
    package static let levels = 8

    package let level: Int
    package let index: UInt64
    /// How many hashes it has, 1 to 256.
    package let width: Int

    package init(level: Int, index: UInt64, width: Int) {
        self.level = level
        self.index = index
        self.width = width
    }

    package var isFull: Bool { width == TileAddress.full }

    /// The path below the log's folder: `tile/<level>/<index>`, with the index in groups of three digits, all but the last
    /// of which begin with `x`; a partial tile ends in `.p/<width>`.
    package var path: String { isFull ? fullPath : fullPath + ".p/\(width)" }

    /// The path of the tile when it is full.
    package var fullPath: String {
        var groups: [String] = []
        var rest = index
        repeat {
            let digits = String(rest % 1000)
            let group = String(repeating: "0", count: 3 - digits.count) + digits
            groups.append(groups.isEmpty ? group : "x" + group)
            rest /= 1000
        } while rest > 0
        return "tile/\(level)/" + groups.reversed().joined(separator: "/")
    }

    /// Hashes that a level of a tree has, in all its tiles.
    package static func hashes(level: Int, of size: UInt64) -> UInt64 {
        level < levels ? size >> UInt64(8 * level) : 0
    }

    /// The tile that holds a hash of a level, as wide as it is in a tree of that size; nil where the tree does not reach there.
    package static func holding(level: Int, hash: UInt64, of size: UInt64) -> TileAddress? {
        let count = hashes(level: level, of: size)
        guard hash < count else { return nil }
        let index = hash / UInt64(full)
        return TileAddress(
            level: level, index: index, width: Int(min(UInt64(full), count - index * UInt64(full))))
    }
}
