import SQLText
import Testing

/// Passwords in what tells libpq how to connect, in constants of SQL and in parameters.
@Suite struct ConnectionSecretTests {
    private func redacted(_ sql: String) -> String {
        let edited = PasswordRedaction.redact(
            Array(sql.utf8).span, strings: .conforming, isSafeEncoding: true)
        return edited.map { String(decoding: $0.bytes, as: UTF8.self) } ?? sql
    }

    private func value(_ text: String) -> String {
        let edited = PasswordRedaction.redact(value: Array(text.utf8).span)
        return edited.map { String(decoding: $0.bytes, as: UTF8.self) } ?? text
    }

    @Test(
        "F-AUD-14: passwords of connections give way, with blanks around `=`, escapes in quotes and in addresses",
        arguments: [
            ("host=x password = 'sekret06' user=y", "host=x password = [redacted] user=y"),
            ("host=127.0.0.1 password=sekret42", "host=127.0.0.1 password=[redacted]"),
            ("password\t=\nsekret user=y", "password\t=\n[redacted] user=y"),
            ("password = 'it\\'s sekret' user=y", "password = [redacted] user=y"),
            ("password = a\\ sekret user=y", "password = [redacted] user=y"),
            ("sslpassword = sekret", "sslpassword = [redacted]"),
            ("password = 'sekret", "password = [redacted]"),
            (" user=u\n password = sekret ", " user=u\n password = [redacted] "),
            // The end of a setting that SQL puts together.
            ("x password = sekret", "x password = [redacted]"),
            ("postgresql://u:sekret07@h/db", "postgresql://u:[redacted]@h/db"),
            ("postgres://u:s%65kret@[::1]:5432,h2/db?a=b", "postgres://u:[redacted]@[::1]:5432,h2/db?a=b"),
            ("postgresql://u:p@sekret@h", "postgresql://u:[redacted]@h"),
            ("postgresql://u:se kret@h", "postgresql://u:[redacted]@h"),
            ("postgresql://u:p/sekret@h/d", "postgresql://u:[redacted]@h/d"),
            (
                "postgresql://h/db?user=u&password=sekret&sslmode=require",
                "postgresql://h/db?user=u&password=[redacted]&sslmode=require"
            ),
            ("postgresql://h/db?p%61ssword=sekret", "postgresql://h/db?p%61ssword=[redacted]"),
            (
                "jdbc:postgresql://h/db?sslpassword=sekret&user=u",
                "jdbc:postgresql://h/db?sslpassword=[redacted]&user=u"
            ),
            ("see https://u:sekret@h/x, then", "see https://u:[redacted]@h/x, then"),
        ])
    func settings(text: String, expected: String) {
        #expect(value(text) == expected)
        let quoted = text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        let mark = expected.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
        for (before, behind) in [
            ("SELECT dblink_connect('", "')"), ("CREATE SUBSCRIPTION s CONNECTION '", "' PUBLICATION p"),
            ("ALTER SUBSCRIPTION s CONNECTION '", "'"),
            ("CREATE USER MAPPING FOR u SERVER s OPTIONS (dsn '", "')"),
        ] {
            #expect(redacted(before + quoted + behind) == before + mark + behind)
        }
        #expect(!redacted("DO $$ BEGIN PERFORM dblink_connect('\(quoted)'); END $$").contains("sekret"))
        // As a constant with escapes, in a comment, in a text that is too long for the lexer, in one that it does not take.
        let escaped = text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\\\")
            .split(separator: "'", omittingEmptySubsequences: false).joined(separator: "\\'")
        #expect(!redacted("SELECT dblink_connect(E'\(escaped)')").contains("sekret"))
        let long = String(repeating: "-", count: SQLText.lexedBytes) + "\n"
        #expect(!redacted("\(long)SELECT dblink_connect('\(quoted)')").contains("sekret"))
        #expect(!redacted("SELECT dblink_connect('\(quoted)'), 'open").contains("sekret"))
    }

    @Test(
        "Texts that only look so stay as they are",
        arguments: [
            "postgresql://h:5432/db?user=a@b", "https://example.com/a?b=c%20d&e=f", "mail a@b.example now",
            "postgresql://user@h/db", "password", "the password = ", "SELECT 1 FROM u WHERE password = $1",
            "UPDATE u SET password = crypt('a', salt)", "https://h/x@y:z", "a://b", "://@", "password=",
            "the password is abc",
        ])
    func others(text: String) { #expect(value(text) == text) }

    @Test("Random pieces of settings and addresses never trap, and a setting of its own is always found")
    func random() {
        var state: UInt64 = 11
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let parts = [
            "password", "=", " ", "'", "\\", "postgresql://", "u:p@", "@", "?", "&", "%61", "%", "/", ":",
            "é",
            "host=h ", "a", "\n", "#",
        ]
        for _ in 0..<20_000 {
            let text = (0...next(12)).map { _ in parts[next(parts.count)] }.joined()
            _ = value(text)
            #expect(!value(text + " password=sekret").contains("sekret"), "\(text)")
        }
    }

    @Test("Long values take linear time")
    func linear() {
        let clock = ContinuousClock()
        for part in [
            "postgresql://", "a://b ", "password = ", "x://@", "://:", "password='", "a=b ", "?%",
            "https://x ",
        ] {
            let text = String(repeating: part, count: (4 << 20) / part.utf8.count)
            // Quadratic time would be minutes.
            #expect(clock.measure { _ = value(text + " a@b") } < .seconds(10), "\(part)")
            #expect(clock.measure { _ = redacted(text + " a@b") } < .seconds(10), "\(part)")
        }
    }

    @Test(
        "F-AUD-14: where the grammar does not take a text, every constant behind the word goes",
        arguments: [
            ("ALTER ROLE a PASSWORD B'101' 'sekret32'", "ALTER ROLE a PASSWORD '[redacted]' '[redacted]'"),
            ("ALTER ROLE a PASSWORD = 'sekret'", "ALTER ROLE a PASSWORD = '[redacted]'"),
            ("ALTER ROLE a PASSWORD ('sekret')", "ALTER ROLE a PASSWORD ('[redacted]')"),
            ("ALTER ROLE a PASSWORD $1 $$sekret$$ 77", "ALTER ROLE a PASSWORD $1 '[redacted]' [redacted]"),
            (
                "ALTER ROLE a 'kept' PASSWORT, PASSWORD x 'sekret'",
                "ALTER ROLE a 'kept' PASSWORT, PASSWORD [redacted] '[redacted]'"
            ),
            // The lexer does not take these.
            ("ALTER ROLE a PASSWORD B'101' 'sekret32", "ALTER ROLE a PASSWORD B'[redacted]'"),
            ("ALTER ROLE a PASSWORD = $$sekret$$ 'open", "ALTER ROLE a PASSWORD = [redacted] '[redacted]'"),
        ])
    func refused(sql: String, expected: String) { #expect(redacted(sql) == expected) }

    @Test("Statements of which a parameter is a password are told from those that name a column so")
    func takesPassword() {
        func takes(_ sql: String) -> Bool { PasswordRedaction.takesPassword(Array(sql.utf8).span) }
        #expect(takes("ALTER ROLE a PASSWORD $1"))
        #expect(takes("create user a encrypted password /* c */ $1"))
        #expect(takes("ALTER ROLE a PASSWORD ('x' || $1)"))
        #expect(takes("CREATE USER MAPPING FOR a SERVER s OPTIONS (user $1, password $2)"))
        #expect(takes("ALTER SERVER s OPTIONS (SET \"sslpassword\" $1)"))
        #expect(!takes("INSERT INTO users (name, password) VALUES ($1, $2)"))
        #expect(!takes("SELECT password FROM users WHERE password = $1"))
        #expect(!takes("SELECT $1"))
    }
}
