/// Proofs about a tree, from its tiles: RFC 6962 section 2.1, RFC 9162 section 2.1.
package enum TreeProof {
    /// Hashes that a proof of a tree of 2^64 leaves can have.
    package static let limit = 64

    /// Gives a tile, at least as wide as asked for.
    package typealias Tiles<Failure: Error> = (TileAddress) throws(Failure) -> [TreeHash]

    /// The root of the tree's first `size` leaves.
    package static func root<Failure: Error>(
        of size: UInt64, tiles: Tiles<Failure>
    ) throws(Failure) -> TreeHash {
        guard size > 0 else { return .empty }
        return try hash(of: 0..<size, in: size, tiles: tiles)
    }

    /// The hashes that, with the leaf's own, lead to the root of a tree.
    /// - Parameter index: below `size`.
    package static func inclusion<Failure: Error>(
        of index: UInt64, in size: UInt64, tiles: Tiles<Failure>
    ) throws(Failure) -> [TreeHash] {
        precondition(index < size, "the tree does not have that leaf")
        var path: [TreeHash] = []
        var range = 0..<size
        var siblings: [Range<UInt64>] = []
        while range.upperBound - range.lowerBound > 1 {
            let middle = range.lowerBound + split(range.upperBound - range.lowerBound)
            if index < middle {
                siblings.append(middle..<range.upperBound)
                range = range.lowerBound..<middle
            } else {
                siblings.append(range.lowerBound..<middle)
                range = middle..<range.upperBound
            }
        }
        for sibling in siblings.reversed() {
            path.append(try hash(of: sibling, in: size, tiles: tiles))
        }
        return path
    }

    /// The root to which a leaf and its path lead (RFC 9162 section 2.1.3.2); nil where the path does not fit the index and
    /// size.
    package static func root(
        leaf: TreeHash, index: UInt64, size: UInt64, path: [TreeHash]
    ) -> TreeHash? {
        guard index < size else { return nil }
        var node = index
        var last = size - 1
        var hash = leaf
        for sibling in path {
            guard last > 0 else { return nil }
            if node & 1 == 1 || node == last {
                hash = TreeHash.node(sibling, hash)
                while node & 1 == 0 && node > 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = TreeHash.node(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 ? hash : nil
    }

    /// The largest power of two below a count of at least 2.
    private static func split(_ count: UInt64) -> UInt64 {
        1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }

    /// The hash over leaves: `range` begins at a multiple of the largest power of two that is not larger than it.
    private static func hash<Failure: Error>(
        of range: Range<UInt64>, in size: UInt64, tiles: Tiles<Failure>
    ) throws(Failure) -> TreeHash {
        // From the left in perfect trees, largest first; then folded from the right.
        var perfect: [TreeHash] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let left = range.upperBound - start
            let exponent = 63 - left.leadingZeroBitCount
            perfect.append(try hash(perfect: exponent, at: start, in: size, tiles: tiles))
            start += 1 << UInt64(exponent)
        }
        var hash = perfect.removeLast()
        while let before = perfect.popLast() { hash = TreeHash.node(before, hash) }
        return hash
    }

    /// The hash of the perfect tree over the `2^exponent` leaves from `start` on.
    private static func hash<Failure: Error>(
        perfect exponent: Int, at start: UInt64, in size: UInt64, tiles: Tiles<Failure>
    ) throws(Failure) -> TreeHash {
        let level = min(exponent / 8, TileAddress.levels - 1)
        let first = start >> UInt64(8 * level)
        let count = 1 << (exponent - 8 * level)
        guard let address = TileAddress.holding(level: level, hash: first, of: size) else {
            preconditionFailure("a tree of \(size) leaves does not have the leaf \(start)")
        }
        let hashes = try tiles(address)
        let at = Int(first % UInt64(TileAddress.full))
        precondition(hashes.count >= at + count, "a tile of another width")
        return TreeHash.perfect(hashes[at..<(at + count)])
    }
}
