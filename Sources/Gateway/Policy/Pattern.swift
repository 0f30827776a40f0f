/// A glob over a whole value, compared byte by byte: `*` stands for any run of bytes but `/`, `:` and control
/// characters, `?` for one such byte, everything else for itself. Several `*` in a row are one. There are no
/// regular expressions in a policy, and no escapes (docs/policy.md).
package struct Pattern: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    private let bytes: [UInt8]

    package init(_ text: String) {
        self.text = text
        self.bytes = Array(text.utf8)
    }

    package var description: String { text }

    /// Two patterns are the same where their bytes are; `String` compares canonical equivalents as equal.
    package static func == (left: Pattern, right: Pattern) -> Bool { left.bytes == right.bytes }

    package func hash(into hasher: inout Hasher) { hasher.combine(bytes) }

    /// True where the pattern has no `*` or `?`.
    package var isLiteral: Bool {
        !bytes.contains(where: Pattern.isWildcard)
    }

    /// Whether the whole value fits the pattern.
    ///
    /// Backtracks over the last `*` only, so time is bounded by pattern length times value length. That stays
    /// right although `*` cannot cross every byte: what stands between two `*` is taken at its first fit, and
    /// a later fit would make the earlier `*` cross the very byte that stops the later one.
    package func matches(_ value: String) -> Bool {
        let subject = Array(value.utf8)
        var patternIndex = 0
        var subjectIndex = 0
        var starIndex: Int?
        var starSubject = 0
        while subjectIndex < subject.count {
            if patternIndex < bytes.count, bytes[patternIndex] == UInt8(ascii: "*") {
                starIndex = patternIndex
                starSubject = subjectIndex
                patternIndex += 1
                continue
            }
            if patternIndex < bytes.count, Pattern.fits(bytes[patternIndex], subject[subjectIndex]) {
                patternIndex += 1
                subjectIndex += 1
                continue
            }
            guard let star = starIndex, Pattern.isCrossable(subject[starSubject]) else { return false }
            starSubject += 1
            subjectIndex = starSubject
            patternIndex = star + 1
        }
        while patternIndex < bytes.count, bytes[patternIndex] == UInt8(ascii: "*") { patternIndex += 1 }
        return patternIndex == bytes.count
    }

    /// Whether every value that fits `other` is known to fit this pattern; false where that is not plain to
    /// see.
    package func covers(_ other: Pattern) -> Bool {
        self == other || (other.isLiteral && matches(other.text))
    }

    static func isWildcard(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "*") || byte == UInt8(ascii: "?") }

    private static func fits(_ pattern: UInt8, _ byte: UInt8) -> Bool {
        pattern == UInt8(ascii: "?") ? isCrossable(byte) : pattern == byte
    }

    private static func isCrossable(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: "/") && byte != UInt8(ascii: ":") && byte >= 0x20 && byte != 0x7f
    }
}
