import SQLText
import Testing

/// Texts without their constants: none is left, and they still mean the same to PostgreSQL's grammar.
@Suite struct LiteralMaskingTests {
    private func mask(
        _ sql: String, _ strings: SQLText.Strings = .conforming, isSafeEncoding: Bool = true
    ) -> MaskedText? {
        let bytes = Array(sql.utf8)
        return LiteralMasking.mask(bytes.span, strings: strings, isSafeEncoding: isSafeEncoding)
    }

    private func text(_ sql: String, _ strings: SQLText.Strings = .conforming) -> String? {
        mask(sql, strings).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test(
        "Constants of every kind become parameters behind the highest of the text, and comments are emptied",
        arguments: [
            ("SELECT 'a', 1, 1.5e3, B'1', x'1f' FROM t", "SELECT $1, $2, $3, $4, $5 FROM t"),
            ("SELECT $3, 'a' WHERE b = $1", "SELECT $3, $4 WHERE b = $1"),
            ("SELECT E'a\\'b', $$c$$, $q$d$q$, U&'\\0065', N'f'", "SELECT $1, $2, $3, $4, $5"),
            ("SELECT U&'!0065' UESCAPE '!', 1", "SELECT $1, $2"), ("SELECT 'a'\n'b', -5", "SELECT $1, -$2"),
            ("SELECT date'2020-01-01', 'a'b from t", "SELECT date $1, $2 b from t"),
            ("SELECT 1 -- secret\n, 2 /* secret /* nested */ */", "SELECT $1 --\n, $2 /**/"),
            ("SELECT a[1:2], \"1\", true, null FROM t1", "SELECT a[$1:$2], \"1\", true, null FROM t1"),
            ("ALTER ROLE a PASSWORD 'x'", "ALTER ROLE a PASSWORD $1"),
            ("ALTER ROLE a PASSWORD x", "ALTER ROLE a PASSWORD [redacted]"), ("SELECT a", "SELECT a"),
            ("", ""),
        ])
    func forms(sql: String, expected: String) { #expect(text(sql) == expected) }

    @Test("Constants are told in their order, as what they stand for, passwords as nothing")
    func values() throws {
        let masked = try #require(
            mask("SELECT E'a\\x41', 'b''c', 12, B'1', $$d$$; ALTER ROLE r PASSWORD 'x'"))
        let expected: [(String, Bool)] = [
            ("aA", false), ("b'c", false), ("12", false), ("B'1'", false), ("d", false), ("", true),
        ]
        #expect(masked.literals.map { String(decoding: $0.value, as: UTF8.self) } == expected.map(\.0))
        #expect(masked.literals.map(\.isPassword) == expected.map(\.1))
        #expect(masked.redacted == 1)
    }

    @Test("What cannot be lexed for sure is not masked")
    func unreadable() {
        for sql in ["SELECT 'open", "SELECT /* open", "SELECT \"open", "SELECT E'\\uD800'", "SELECT $a$ b"] {
            #expect(mask(sql) == nil, "\(sql)")
        }
        #expect(mask("SELECT 'a\\', b, 'c'", .either) == nil)
        #expect(text("SELECT 'a', E'b\\n'", .either) == "SELECT $1, $2")
        #expect(mask("SELECT 1", isSafeEncoding: false) == nil)
        let limit = SQLText.lexedBytes
        #expect(mask("SELECT 1" + String(repeating: " ", count: limit - 8)) != nil)
        #expect(mask("SELECT 1" + String(repeating: " ", count: limit - 7)) == nil)
        #expect(mask("SELECT 1" + String(repeating: "+-", count: SQLText.operatorRunLimit)) == nil)
    }

    @Test("Masked statements are read by the grammar where it takes parameters, with the same fingerprint")
    func fingerprints() {
        var other: [String] = []
        for (_, sql) in StatementKindTests.texts {
            guard let masked = text(sql), masked != sql, let before = fingerprint(sql) else { continue }
            if fingerprint(masked) != before { other.append(sql) }
        }
        // Where the grammar wants a constant and nothing else: options, types' lengths, bodies.
        for sql in other { #expect(sql.hasPrefix("SELECT") == false && sql.hasPrefix("INSERT") == false) }
        for sql in [
            "SELECT a FROM t WHERE b = 'c' AND d IN (1, 2) AND e LIKE 'f%' LIMIT 10 OFFSET 5",
            "INSERT INTO t VALUES (1, 'a', 2.5), (2, $1, NULL)", "UPDATE t SET a = 'b' WHERE c = 1",
            "DELETE FROM t WHERE a BETWEEN 1 AND 2", "SELECT count(*) FROM t GROUP BY 1 ORDER BY 1",
            "SELECT '2020-01-01'::date, 1::numeric(10, 2)",
        ] {
            #expect(text(sql).flatMap(fingerprint) == fingerprint(sql), "\(sql)")
            #expect(fingerprint(sql) != nil)
        }
    }

    private func fingerprint(_ sql: String) -> UInt64? {
        let bytes = Array(sql.utf8)
        guard case .facts(let facts) = SQLText.read(bytes.span, fingerprint: true) else { return nil }
        return facts.fingerprint
    }

    @Test("No constant that was planted in random SQL is left in it, under any setting")
    func canaries() {
        var state: UInt64 = 11
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let canary = "canary"
        let literals = [
            "'\(canary)'", "E'\(canary)\\n'", "$$\(canary)$$", "$q$ ' \(canary) $q$", "U&'\(canary)'",
            "N'\(canary)'",
            "'x'\n'\(canary)'", "/*\(canary)*/", "--\(canary)\n", "/* /* \(canary) */ */",
            "'\\\(canary)\\\\'",
            "77177", "7.7177e5", "x'77177'", "b'77177'", "'77177'", "E'\\'\(canary)'",
        ]
        let others = [
            "SELECT", "a", "\"b c\"", "$2", ",", "(", ")", "::text", "date", ";", "FROM", "+", "-",
            "password",
            "U&\"d\"", "é", "UESCAPE", "e", "n", "\n", "'", "\"", "/*", "$$", "\\",
        ]
        let strings: [SQLText.Strings] = [.conforming, .escaping, .either]
        var masked = 0
        for round in 0..<20_000 {
            let parts = (0...next(8)).map { _ in
                next(2) == 0 ? literals[next(literals.count)] : others[next(others.count)]
            }
            let sql = parts.joined(separator: next(3) == 0 ? "" : " ")
            guard let text = text(sql, strings[round % 3]) else { continue }
            masked += 1
            // Outside of its constant it is a name: `'x' 'canary` cut by a quote, or a part of `"…"`.
            let bytes = Array(sql.utf8)
            let tokens = SQLTokenList(bytes.span, conformingStrings: round % 3 != 1, values: .all).tokens
            let isNamed = tokens.contains { token in
                switch token.kind {
                case .name, .unicodeName, .parameter, .other:
                    let word = String(decoding: bytes[token.range], as: UTF8.self)
                    return word.contains(canary) || word.contains("77177")
                case .string, .unicodeString, .bits, .number, .comment: return false
                }
            }
            if !isNamed { #expect(!text.contains(canary) && !text.contains("77177"), "\(sql)") }
        }
        #expect(masked > 5_000)
    }
}
