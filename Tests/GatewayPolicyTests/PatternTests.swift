import GatewayPolicy
import Seeded
import Testing

@Suite("Patterns of a policy")
struct PatternTests {
    @Test(
        "F-POL-17: a pattern fits a whole value, byte by byte",
        arguments: [
            // pattern, value, fits
            ("eu-analysts", "eu-analysts", true),
            ("eu-analysts", "eu-analysts-evil", false),
            ("eu-analysts", "x-eu-analysts", false),
            ("eu-analysts", "eu-analysts\n", false),
            ("eu-analysts", "eu-analysts\nx", false),
            ("eu-analysts", "EU-analysts", false),
            ("eu-analysts", "", false),
            ("", "", true),
            ("", "x", false),
            // Cyrillic а (U+0430) looks like a Latin one; U+212A is canonically equivalent to K.
            ("eu-analysts", "eu-\u{0430}nalysts", false),
            ("K", "\u{212A}", false),
            ("\u{E9}", "e\u{301}", false),
            ("\u{E9}", "\u{E9}", true),
            // A pattern's other signs mean themselves.
            ("a.c", "abc", false),
            ("a.c", "a.c", true),
            ("[ab]", "a", false),
            ("[ab]", "[ab]", true),
            ("a\\*", "a\\bc", true),
            ("a+", "aa", false),
            ("(a|b)", "a", false),
        ])
    func wholeValue(pattern: String, value: String, fits: Bool) {
        #expect(Pattern(pattern).matches(value) == fits)
    }

    @Test(
        "F-POL-17: * stands for any run of bytes but / : and control characters",
        arguments: [
            ("*", "", true),
            ("*", "anything", true),
            ("*", "a/b", false),
            ("*", "a:b", false),
            ("*", "a\nb", false),
            ("*", "a\u{0}b", false),
            ("*", "a\u{7F}b", false),
            ("*", "é", true),
            ("orders_*", "orders_", true),
            ("orders_*", "orders_2024", true),
            ("orders_*", "orders", false),
            ("orders_*", "xorders_1", false),
            ("*_eu", "orders_eu", true),
            ("*_eu", "orders_eu_eu", true),
            ("*_eu", "orders_eu2", false),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("team/*", "team/a", true),
            ("team/*", "team/a/b", false),
            ("team/*/*", "team/a/b", true),
            ("*/a", "x/a", true),
            ("*/a", "/a", true),
            ("*:admin", "eu:admin", true),
            ("*:admin", "eu:x:admin", false),
            ("urn:*:admin", "urn::admin", true),
            ("*", "/", false),
            ("https://*.example.com", "https://id.example.com", true),
            ("https://*.example.com", "https://evil.com/.example.com", false),
        ])
    func star(pattern: String, value: String, fits: Bool) {
        #expect(Pattern(pattern).matches(value) == fits)
    }

    @Test(
        "? stands for one byte but / : and control characters",
        arguments: [
            ("?", "", false), ("?", "a", true), ("?", "ab", false), ("?", "/", false), ("?", ":", false),
            ("?", "\n", false), ("??", "é", true), ("a?c", "abc", true), ("a?c", "ac", false),
            ("?*", "", false),
            ("?*", "abc", true), ("*?", "a", true), ("*?", "", false), ("*?*", "a:", false),
        ])
    func questionMark(pattern: String, value: String, fits: Bool) {
        #expect(Pattern(pattern).matches(value) == fits)
    }

    @Test(
        "Several * in a row are one, and cross no more than one",
        arguments: [
            ("**", "", true), ("**", "abc", true), ("**", "a/b", false), ("a**b", "axxb", true),
            ("a**b", "a/b", false), ("***", "x:y", false), ("**/**", "a/b", true), ("**/**", "a/b/c", false),
        ])
    func doubleStar(pattern: String, value: String, fits: Bool) {
        #expect(Pattern(pattern).matches(value) == fits)
    }

    @Test(
        "A later fit of what stands between two * is found where it is needed, and no / is jumped",
        arguments: [
            ("*ab*c", "aabab-c", true), ("*aab", "aaaaab", true), ("*a?b", "aaacab", false),
            ("*a?b", "aacb", true), ("*a/*b", "a/a/b", false), ("*a/*b", "aaa/xb", true),
            ("*ab", "ab/ab", false), ("a*b*c", "aXbYbZc", true), ("a*b*c", "aXbY/bZc", false),
            ("*x*x*x", "xxx", true), ("*x*x*x", "xx", false),
        ])
    func backtracking(pattern: String, value: String, fits: Bool) {
        #expect(Pattern(pattern).matches(value) == fits)
    }

    @Test("A pattern of many * against a long value that does not fit ends soon")
    func notExponential() {
        let pattern = Pattern(String(repeating: "a*", count: 40) + "b")
        let value = String(repeating: "a", count: 4_000)
        let started = ContinuousClock.now
        #expect(!pattern.matches(value))
        #expect(started.duration(to: .now) < .seconds(10))
    }

    @Test("The matcher agrees with a plain recursive definition on 5,000 random pairs")
    func agreesWithDefinition() {
        var random = SeededGenerator(seed: 17)
        let patternSigns = Array("ab*?/")
        let valueSigns = Array("ab/")
        for _ in 0..<5_000 {
            let pattern = String((0..<random.next(below: 8)).map { _ in patternSigns[random.next(below: 5)] })
            let value = String((0..<random.next(below: 9)).map { _ in valueSigns[random.next(below: 3)] })
            let expected = defined(Array(pattern.utf8)[...], Array(value.utf8)[...])
            #expect(Pattern(pattern).matches(value) == expected, "\(pattern) \(value)")
        }
    }

    /// The meaning of a pattern, said as simply as can be.
    private func defined(_ pattern: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Bool {
        guard let sign = pattern.first else { return value.isEmpty }
        let head = value.first
        let crossable = head != nil && head != UInt8(ascii: "/")
        switch sign {
        case UInt8(ascii: "*"):
            return defined(pattern.dropFirst(), value) || (crossable && defined(pattern, value.dropFirst()))
        case UInt8(ascii: "?"): return crossable && defined(pattern.dropFirst(), value.dropFirst())
        default: return head == sign && defined(pattern.dropFirst(), value.dropFirst())
        }
    }

    @Test("A pattern covers what it equals and the literals that fit it, and nothing by guess")
    func covers() {
        #expect(Pattern("orders_*").covers(Pattern("orders_*")))
        #expect(Pattern("orders_*").covers(Pattern("orders_1")))
        #expect(!Pattern("orders_1").covers(Pattern("orders_*")))
        #expect(!Pattern("*").covers(Pattern("a*")))
        #expect(!Pattern("*").covers(Pattern("a/b")))
    }
}

extension SeededGenerator {
    mutating func next(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}
