/// A glob over a whole value, compared byte by byte: `*` stands for any run of bytes but `/` and `:`, `?` for one
/// such byte, everything else for itself. There are no regular expressions in a policy (docs/policy.md).
package struct Pattern: Sendable, Hashable, CustomStringConvertible {
    package let text: String
    private let bytes: [UInt8]

    package init(_ text: String) {
        self.text = text
        self.bytes = Array(text.utf8)
    }

    package var description: String { text }

    /// True where the pattern has no `*` or `?`.
    package var isLiteral: Bool {
        !bytes.contains(UInt8(ascii: "*")) && !bytes.contains(UInt8(ascii: "?"))
    }

    /// Linear backtracking over the last `*` only: time is bounded by pattern length times value length.
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
            let crossable = Pattern.isCrossable(subject[subjectIndex])
            if patternIndex < bytes.count,
                bytes[patternIndex] == subject[subjectIndex]
                    || (bytes[patternIndex] == UInt8(ascii: "?") && crossable)
            {
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

    private static func isCrossable(_ byte: UInt8) -> Bool {
        byte != UInt8(ascii: "/") && byte != UInt8(ascii: ":")
    }
}
