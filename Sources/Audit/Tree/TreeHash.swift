/// A hash of the log's Merkle tree: SHA-256 with the prefixes of RFC 6962 section 2.1.
package struct TreeHash: Sendable, Hashable {
    /// Bytes of a hash.
    package static let size = 32

    // The digest's bytes, eight at a time in the machine's own order: never looked at as numbers.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    private init(_ digest: SHA256State.Value) { words = digest.words }

    /// - Parameter bytes: nil is returned unless they are 32.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == TreeHash.size else { return nil }
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        self.words = words
    }

    /// The hash of a tree without leaves: SHA-256 of nothing.
    package static let empty: TreeHash = {
        var hash = SHA256State()
        return TreeHash(hash.finish())
    }()

    /// The hash of a leaf, `SHA-256(0x00 ‖ line)`.
    package static func leaf(_ line: Span<UInt8>) -> TreeHash {
        var hash = SHA256State()
        hash.update(0)
        hash.update(line)
        return TreeHash(hash.finish())
    }

    /// The hash of a node, `SHA-256(0x01 ‖ left ‖ right)`.
    package static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        var hash = SHA256State()
        hash.update(1)
        left.withUnsafeBytes { hash.update($0) }
        right.withUnsafeBytes { hash.update($0) }
        return TreeHash(hash.finish())
    }

    package func append(to out: inout [UInt8]) {
        withUnsafeBytes { out.append(contentsOf: $0) }
    }

    package var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(TreeHash.size)
        append(to: &out)
        return out
    }

    private func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: words, body)
    }

    package static func == (left: TreeHash, right: TreeHash) -> Bool { left.words == right.words }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    /// The hash of a perfect tree over hashes; their count must be a power of two.
    package static func perfect(_ hashes: ArraySlice<TreeHash>) -> TreeHash {
        precondition(hashes.count > 0 && hashes.count & (hashes.count - 1) == 0, "no perfect tree")
        var level = Array(hashes)
        while level.count > 1 {
            for at in 0..<(level.count / 2) { level[at] = node(level[2 * at], level[2 * at + 1]) }
            level.removeLast(level.count / 2)
        }
        return level[0]
    }
}
