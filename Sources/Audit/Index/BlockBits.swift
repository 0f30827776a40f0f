/// The blocks of one chunk that something stands in: a bit each.
struct ChunkBits: Sendable, Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    static func == (left: ChunkBits, right: ChunkBits) -> Bool { left.words == right.words }

    /// - Parameter block: 0 to 255.
    mutating func insert(_ block: UInt8) {
        let bit = UInt64(1) << UInt64(block & 63)
        switch block >> 6 {
        case 0: words.0 |= bit
        case 1: words.1 |= bit
        case 2: words.2 |= bit
        default: words.3 |= bit
        }
    }

    mutating func formUnion(_ other: ChunkBits) {
        words.0 |= other.words.0
        words.1 |= other.words.1
        words.2 |= other.words.2
        words.3 |= other.words.3
    }

    private var all: [UInt64] { [words.0, words.1, words.2, words.3] }

    private var count: Int { all.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// The blocks, ascending.
    var blocks: [UInt8] {
        var found: [UInt8] = []
        for (at, word) in all.enumerated() {
            var rest = word
            while rest != 0 {
                found.append(UInt8(truncatingIfNeeded: at << 6 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return found
    }

    /// A byte for each block where they are fewer than 32, else the 256 bits in 32 bytes, the lowest first.
    var encoded: [UInt8] {
        guard count >= 32 else { return blocks }
        return all.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) } }
    }

    init() {}

    /// - Parameter bytes: as encoded; what is longer than any of ours is cut, which only hides from a search what was
    ///   never written.
    init(encoded bytes: [UInt8]) {
        guard bytes.count == 32 else {
            for block in bytes.prefix(32) { insert(block) }
            return
        }
        for (at, byte) in bytes.enumerated() {
            for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 { insert(UInt8(at << 3 + bit)) }
        }
    }
}

/// Blocks of a whole log: a bit each. Some 5 KiB for ten million records.
struct BlockBits: Sendable {
    private(set) var words: [UInt64]
    let count: Int

    /// - Parameter count: blocks that there are.
    init(count: Int, full: Bool = false) {
        self.count = count
        words = [UInt64](repeating: full ? .max : 0, count: (count + 63) / 64)
        if full, count & 63 != 0 { words[words.count - 1] = (UInt64(1) << UInt64(count & 63)) - 1 }
    }

    mutating func insert(_ block: Int) {
        guard block >= 0, block < count else { return }
        words[block >> 6] |= UInt64(1) << UInt64(block & 63)
    }

    func contains(_ block: Int) -> Bool {
        block >= 0 && block < count && words[block >> 6] >> UInt64(block & 63) & 1 == 1
    }

    mutating func insert(_ bits: ChunkBits, chunk: Int) {
        guard chunk >= 0, chunk <= count / IndexLimits.chunkBlocks else { return }
        for block in bits.blocks { insert(chunk * IndexLimits.chunkBlocks + Int(block)) }
    }

    mutating func formIntersection(_ other: BlockBits) {
        for at in words.indices { words[at] &= at < other.words.count ? other.words[at] : 0 }
    }

    mutating func formUnion(_ other: BlockBits) {
        for at in words.indices where at < other.words.count { words[at] |= other.words[at] }
    }

    /// The first block from one on; nil: none.
    func first(from block: Int) -> Int? {
        guard block < count else { return nil }
        var at = max(block, 0) >> 6
        var word = words[at] & (.max << UInt64(max(block, 0) & 63))
        while word == 0 {
            at += 1
            guard at < words.count else { return nil }
            word = words[at]
        }
        return at << 6 + word.trailingZeroBitCount
    }

    var memberCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
