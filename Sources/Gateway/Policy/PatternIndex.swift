/// Finds which of many patterns fit a value without trying each: by the hash of the whole value, of its beginnings and of
/// its ends. What is found is compared byte by byte, so that a hash decides nothing.
struct PatternIndex: Sendable {
    private var patterns: [Pattern] = []
    private var numbers: [Pattern: Int] = [:]
    private var whole = HashedPatterns()
    private var beginnings = FixedParts()
    private var ends = FixedParts()
    /// Those that begin and end with a wildcard: tried with every value.
    private var loose: [Int] = []

    var count: Int { patterns.count }

    /// The pattern's number, which is the same for equal patterns.
    mutating func insert(_ pattern: Pattern) -> Int {
        if let known = numbers[pattern] { return known }
        let number = patterns.count
        patterns.append(pattern)
        numbers[pattern] = number
        if pattern.isLiteral {
            whole.insert(number, at: RollingHash.of(pattern.text.utf8))
            return number
        }
        let beginning = pattern.text.utf8.prefix { !Pattern.isWildcard($0) }
        let end = pattern.text.utf8.reversed().prefix { !Pattern.isWildcard($0) }
        if beginning.isEmpty, end.isEmpty {
            loose.append(number)
        } else if beginning.count >= end.count {
            beginnings.insert(number, beginning)
        } else {
            ends.insert(number, end)
        }
        return number
    }

    /// Calls `body` with the number of every pattern that fits a text of the claim's value, for each of its texts.
    func forEachFitting(_ value: ClaimValue, _ body: (Int) -> Void) {
        value.forEachText { forEachFitting($0, body) }
    }

    /// Calls `body` with the number of every pattern that fits the text, each once.
    func forEachFitting(_ value: String, _ body: (Int) -> Void) {
        func tryAll(_ found: [Int]) {
            for number in found where patterns[number].matches(value) { body(number) }
        }
        let bytes = value.utf8.span
        let hash = beginnings.walk(bytes, tryAll)
        whole.find(hash, tryAll)
        if !ends.isEmpty { _ = ends.walk(bytes, backwards: true, tryAll) }
        tryAll(loose)
    }
}

extension PatternIndex {
    /// Calls `body` with the number of every pattern that covers this one (`Pattern.covers`).
    func forEachCovering(_ pattern: Pattern, _ body: (Int) -> Void) {
        if pattern.isLiteral { return forEachFitting(pattern.text, body) }
        if let same = numbers[pattern] { body(same) }
    }
}

/// Patterns by the literal bytes that they begin with (or end with, read backwards).
private struct FixedParts: Sendable {
    /// By length: whether a part has it.
    private var lengths: [Bool] = []
    private var patterns = HashedPatterns()

    var isEmpty: Bool { lengths.isEmpty }

    mutating func insert(_ number: Int, _ part: some Collection<UInt8>) {
        while lengths.count <= part.count { lengths.append(false) }
        lengths[part.count] = true
        patterns.insert(number, at: RollingHash.of(part))
    }

    /// Calls `found` with what stands under each beginning of the bytes; returns the hash of all of them.
    func walk(_ bytes: Span<UInt8>, backwards: Bool = false, _ found: ([Int]) -> Void) -> UInt64 {
        var hash = RollingHash()
        for index in bytes.indices {
            hash.add(bytes[backwards ? bytes.count - 1 - index : index])
            if index + 1 < lengths.count, lengths[index + 1] { patterns.find(hash.value, found) }
        }
        return hash.value
    }
}

/// Patterns by a hash. Most values fit none: one bit tells.
private struct HashedPatterns: Sendable {
    private var numbers: [UInt64: [Int]] = [:]
    /// A bit for each hash, at its lowest bits; a power of two of words, at least sixteen bits a hash.
    private var bits: [UInt64] = [0]

    mutating func insert(_ number: Int, at hash: UInt64) {
        numbers[hash, default: []].append(number)
        if numbers.count * 16 > bits.count * 64 {
            bits = [UInt64](repeating: 0, count: bits.count * 2)
            for known in numbers.keys { mark(known) }
        } else {
            mark(hash)
        }
    }

    private mutating func mark(_ hash: UInt64) {
        bits[Int(truncatingIfNeeded: hash >> 6) & (bits.count - 1)] |= 1 << (hash & 63)
    }

    func find(_ hash: UInt64, _ found: ([Int]) -> Void) {
        guard bits[Int(truncatingIfNeeded: hash >> 6) & (bits.count - 1)] & (1 << (hash & 63)) != 0,
            let here = numbers[hash]
        else { return }
        found(here)
    }
}

/// FNV-1a, 64 bits: the hash of every beginning of a value in one pass over it.
private struct RollingHash {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    static func of(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash = RollingHash()
        for byte in bytes { hash.add(byte) }
        return hash.value
    }
}
