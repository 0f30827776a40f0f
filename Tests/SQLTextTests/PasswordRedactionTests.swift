import SQLText
import Testing

/// Passwords never reach a record: found by PostgreSQL's lexer, and by a search where that cannot be asked.
@Suite struct PasswordRedactionTests {
    private func redacted(
        _ sql: String, _ strings: SQLText.Strings = .conforming, isSafeEncoding: Bool = true
    ) -> String {
        let bytes = Array(sql.utf8)
        let edited = PasswordRedaction.redact(bytes.span, strings: strings, isSafeEncoding: isSafeEncoding)
        return edited.map { String(decoding: $0.bytes, as: UTF8.self) } ?? sql
    }

    private func count(_ sql: String) -> Int? {
        let bytes = Array(sql.utf8)
        return PasswordRedaction.redact(bytes.span, strings: .conforming, isSafeEncoding: true)?.count
    }

    @Test(
        "F-AUD-14: every form of a constant behind PASSWORD is replaced, and nothing else is",
        arguments: [
            ("CREATE ROLE a PASSWORD 'x1'", "CREATE ROLE a PASSWORD '[redacted]'"),
            (
                "alter user a encrypted password 'x1' valid until '2030-01-01'",
                "alter user a encrypted password '[redacted]' valid until '2030-01-01'"
            ),
            ("ALTER ROLE a PassWord/* ' */--'\n E'x\\'1'", "ALTER ROLE a PassWord/* ' */--'\n '[redacted]'"),
            (
                "ALTER ROLE a PASSWORD U&'x\\0031' UESCAPE '!'",
                "ALTER ROLE a PASSWORD U&'[redacted]' UESCAPE '!'"
            ),
            ("ALTER ROLE a PASSWORD $q$x'1$q$ LOGIN", "ALTER ROLE a PASSWORD '[redacted]' LOGIN"),
            (
                "ALTER ROLE a PASSWORD 'x'\n  '1'; SELECT 'y'",
                "ALTER ROLE a PASSWORD '[redacted]'; SELECT 'y'"
            ),
            ("ALTER ROLE a PASSWORD 'x''1'", "ALTER ROLE a PASSWORD '[redacted]'"),
            (
                "SELECT 1; ALTER ROLE a PASSWORD 'x1'; ALTER ROLE b PASSWORD 'x2'",
                "SELECT 1; ALTER ROLE a PASSWORD '[redacted]'; ALTER ROLE b PASSWORD '[redacted]'"
            ),
            (
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', password 'x1')",
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (user 'u', password '[redacted]')"
            ),
            (
                "ALTER SERVER s OPTIONS (SET \"password\" 'x1', ADD sslpassword 'x2')",
                "ALTER SERVER s OPTIONS (SET \"password\" '[redacted]', ADD sslpassword '[redacted]')"
            ),
            (
                "ALTER SERVER s OPTIONS (SET U&\"pass\\0077ord\" 'x1')",
                "ALTER SERVER s OPTIONS (SET U&\"pass\\0077ord\" '[redacted]')"
            ),
            // Its writer forgot the quotes.
            ("ALTER ROLE a PASSWORD x1", "ALTER ROLE a PASSWORD [redacted]"),
            ("ALTER ROLE a PASSWORD \"x1\"", "ALTER ROLE a PASSWORD [redacted]"),
        ])
    func constants(sql: String, expected: String) {
        #expect(redacted(sql) == expected)
    }

    @Test(
        "Texts that only speak of passwords stay as they are",
        arguments: [
            "SELECT password FROM users WHERE name = 'a'", "SELECT 1 AS password, 'a'",
            "INSERT INTO users (name, password) VALUES ('a', 'b')", "ALTER ROLE password LOGIN SUPERUSER",
            "ALTER ROLE a PASSWORD NULL", "SET password_encryption = 'scram-sha-256'",
            "SELECT 'the user''s password is old', U&\"\\0061\"",
        ])
    func others(sql: String) { #expect(redacted(sql) == sql) }

    @Test(
        "F-AUD-14: bodies and constants that are SQL are read too, comments and settings of connections as well"
    )
    func nested() {
        #expect(
            redacted("DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''x1'''; END $$")
                == "DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''[redacted]'''; END $$")
        #expect(
            redacted("DO $a$ BEGIN ALTER ROLE a PASSWORD $$x1$$; END $a$")
                == "DO $a$ BEGIN ALTER ROLE a PASSWORD '[redacted]'; END $a$")
        #expect(
            redacted("SELECT E'ALTER ROLE a\\tPASSWORD \\'x1\\''")
                == "SELECT E'ALTER ROLE a\tPASSWORD ''[redacted]'''")
        #expect(redacted("/* PASSWORD 'x1 */ SELECT 1") == "/* PASSWORD '[redacted]'*/ SELECT 1")
        #expect(redacted("-- PASSWORD 'x1\nSELECT 1") == "-- PASSWORD '[redacted]'\nSELECT 1")
        #expect(
            redacted("CREATE SUBSCRIPTION s CONNECTION 'host=h password=x1 dbname=d' PUBLICATION p")
                == "CREATE SUBSCRIPTION s CONNECTION 'host=h password=[redacted] dbname=d' PUBLICATION p")
        #expect(
            redacted("SELECT dblink_connect('password=''x 1'' host=h')")
                == "SELECT dblink_connect('password=[redacted] host=h')")
        var deep = "ALTER ROLE a PASSWORD 'x1'"
        for _ in 0..<8 {
            let parts = deep.split(separator: "'", omittingEmptySubsequences: false)
            deep = "EXECUTE '\(parts.joined(separator: "''"))'"
        }
        #expect(!redacted(deep).contains("x1"))
    }

    @Test(
        "F-AUD-14: what the lexer does not take loses the password all the same",
        arguments: [
            "ALTER ROLE a PASSWORD 'x1", "ALTER ROLE a PASSWORD E'\\uD800x1'",
            "ALTER ROLE a PASSWORD $q$x1 $$",
            "ALTER ROLE a PASSWORD 'x1'; SELECT 'open", "SELECT 'open; ALTER ROLE a PASSWORD 'x1'",
            "ALTER ROLE a PASSWORD 'x1' /* open", "ALTER ROLE a PASSWORD /* open 'x1'",
            "ALTER ROLE a PASSWORD\n\n-- c\n/* /* n */ */'x1'\n'x1' \"open",
            "EXECUTE 'ALTER ROLE a PASSWORD ''x1''' \"open", "EXECUTE 'ALTER ROLE a PASSWORD 'x1''",
            "EXECUTE E'ALTER ROLE a PASSWORD \\'x1\\'' \"open", "ALTER ROLE a PASSWORD 'a\\'\n'x1' \"open",
        ])
    func unreadable(sql: String) {
        #expect(redacted(sql).contains("[redacted]"))
        #expect(!redacted(sql).contains("x1"))
    }

    @Test("Under either setting of standard_conforming_strings no part of a password stands")
    func settings() {
        #expect(redacted("ALTER ROLE a PASSWORD 'x\\'1'", .escaping) == "ALTER ROLE a PASSWORD '[redacted]'")
        #expect(redacted("ALTER ROLE a PASSWORD 'x1'", .either) == "ALTER ROLE a PASSWORD '[redacted]'")
        // On: the constant goes on in the next line; off: it ends there.
        #expect(!redacted("ALTER ROLE a PASSWORD 'x\\'\n'x1'", .either).contains("x1"))
        #expect(redacted("SELECT '\\', $$ PASSWORD 'x1' $$, '", .either).contains("x1") == false)
    }

    @Test("In an encoding that can be read in two ways all behind the first mention is left out")
    func encodings() {
        #expect(
            redacted("SELECT 1; ALTER ROLE a PASSWORD 'x1'; SELECT 2", isSafeEncoding: false)
                == "SELECT 1; ALTER ROLE a PASSWORD [redacted]")
        #expect(redacted("SELECT 1", isSafeEncoding: false) == "SELECT 1")
    }

    @Test("Long texts and runs of operators are searched in linear time, up to the limit and beyond")
    func long() {
        let tail = "ALTER ROLE a PASSWORD 'x1'; SELECT $$ PASSWORD 'x1' $$"
        for length in [SQLText.lexedBytes - tail.utf8.count, SQLText.lexedBytes, 4 << 20] {
            let text = redacted(String(repeating: "-", count: length - 1) + "\n" + tail)
            #expect(text.hasSuffix("PASSWORD '[redacted]'; SELECT $$ PASSWORD '[redacted]' $$"))
        }
        let run = String(repeating: "+-", count: SQLText.operatorRunLimit)
        #expect(redacted("SELECT 1 \(run) 1; ALTER ROLE a PASSWORD 'x1'").hasSuffix("PASSWORD '[redacted]'"))
        #expect(redacted("SELECT '\(run) PASSWORD ''x1'''") == "SELECT '\(run) PASSWORD ''[redacted]'''")
        let worst = [
            "password/*", "password ", "password'", "password''", "password$", "password$a$", "password/**/",
            "u&\"", "password--\n",
        ]
        let clock = ContinuousClock()
        for part in worst {
            let text = String(repeating: part, count: (1 << 20) / part.utf8.count) + "PASSWORD 'x1'"
            let taken = clock.measure { #expect(!redacted(text).contains("x1")) }
            // Quadratic time would be minutes.
            #expect(taken < .seconds(5), "\(part)")
        }
    }

    @Test("What was replaced is counted, and the text still means the same to PostgreSQL's grammar")
    func counted() {
        #expect(count("ALTER ROLE a PASSWORD 'x1'; ALTER ROLE b PASSWORD 'x2'") == 2)
        #expect(count("SELECT password FROM t") == nil)
        for sql in [
            "ALTER ROLE a PASSWORD E'x\\'1'", "DO $$ BEGIN ALTER ROLE a PASSWORD 'x1'; END $$",
            "ALTER ROLE a PASSWORD U&'x!0031' UESCAPE '!'",
        ] {
            guard case .facts = SQLText.read(redacted(sql)) else {
                Issue.record("\(redacted(sql)) is not read")
                continue
            }
        }
    }

    @Test("Parser messages lose what they quote")
    func messages() {
        for (sql, expected) in [
            ("SELEC 'x1'", "syntax error"), ("SELECT 'x1", "unterminated quoted string"),
            ("CREATE ROLE a x1", "unrecognized role option"),
        ] {
            guard case .syntaxError(let message, _) = SQLText.read(sql) else {
                Issue.record("\(sql) is read")
                continue
            }
            #expect(SQLText.withoutQuotation(message).trimmed == expected)
        }
    }

    @Test("Whatever stands around a password, it is gone, and random bytes never trap")
    func random() {
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let whole = [
            " 'a''b' ", "\"q\"", "$$ ' $$", "/* ' */", "--'\n", " E'\\'' ", ";", " ALTER ROLE a ",
            " U&\"d\" ", "é ",
            "(", " 'password' ", " password ", " 1.5",
        ]
        let parts =
            whole + [
                "PASSWORD", " 'x2'", "'", "''", "\"", "$$", "$a$", "/*", "*/", "--", "\n", "E'", "U&'", "\\",
                "u&\"", "+", "password=",
            ]
        let strings: [SQLText.Strings] = [.conforming, .escaping, .either]
        for round in 0..<20_000 {
            let before = (0...next(6)).map { _ in whole[next(whole.count)] }.joined()
            let behind = (0...next(8)).map { _ in parts[next(parts.count)] }.joined()
            let sql = before + ";ALTER ROLE a PASSWORD 'x1'" + behind
            let text = redacted(sql, strings[round % 3], isSafeEncoding: next(8) > 0)
            #expect(!text.contains("x1"), "\(sql)")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
