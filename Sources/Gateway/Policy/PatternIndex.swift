/// Finds which of many patterns fit a value without trying each: by the hash of the whole value, of its beginnings and of
/// its ends. What is found is compared byte by byte, so that a hash decides nothing.
struct PatternIndex: Sendable {
    private var patterns: [Pattern] = []
    private var numbers: [Pattern: Int] = [:]
    private var whole: [UInt64: [Int]] = [:]
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
            whole[RollingHash.of(pattern.text.utf8), default: []].append(number)
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

    /// Calls `body` with the number of every pattern that fits the value, each once.
    func forEachFitting(_ value: String, _ body: (Int) -> Void) {
        func tryAll(_ found: [Int]) {
            for number in found where patterns[number].matches(value) { body(number) }
        }
        let hash = beginnings.walk(value.utf8, tryAll)
        if let found = whole[hash] { tryAll(found) }
        if !ends.isEmpty { _ = ends.walk(value.utf8.reversed(), tryAll) }
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
    private var lengths: Set<Int> = []
    private var longest = 0
    private var numbers: [UInt64: [Int]] = [:]

    var isEmpty: Bool { numbers.isEmpty }

    mutating func insert(_ number: Int, _ part: some Collection<UInt8>) {
        lengths.insert(part.count)
        longest = max(longest, part.count)
        numbers[RollingHash.of(part), default: []].append(number)
    }

    /// Calls `found` with what stands under each beginning of the bytes; returns the hash of all of them.
    func walk(_ bytes: some Sequence<UInt8>, _ found: ([Int]) -> Void) -> UInt64 {
        var hash = RollingHash()
        var length = 0
        for byte in bytes {
            hash.add(byte)
            length += 1
            guard length <= longest, lengths.contains(length), let here = numbers[hash.value] else {
                continue
            }
            found(here)
        }
        return hash.value
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
