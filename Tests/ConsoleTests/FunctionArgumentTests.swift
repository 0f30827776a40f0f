import Console
import Testing

/// Whoever may ask the database may call its functions, also those that are made for the translation, with whatever he likes.
@Suite struct FunctionArgumentTests {
    /// The ends of what SQLite's types hold, and texts that begin like what is meant.
    private static let extremes = [
        "NULL", "0", "-1", "9223372036854775807", "-9223372036854775807 - 1", "1e308", "-1e308", "9e999",
        "''",
        "'-'", "'+1'", "'-9223372036854775808'", "'9223372036854775807'", "'99999999999999999999'", "x'00ff'",
        "'0001-01-01'", "'9999-12-31T23:59:59.999999Z'", "'0000-00-00'", "'today'", "'99999999999d'",
        "'9223372036854775807 months'", "'-9223372036854775807 us'", "'9999:9999:9999'", "'year'", "'epoch'",
        "'{,}'", "'{'", "'[]'",
    ]

    private static let one = [
        "now", "ago", "pg_time", "pg_date", "pg_array", "pg_regclass", "to_regclass", "pg_regtype",
        "pg_regnamespace", "pg_get_userbyid", "quote_ident", "quote_literal", "pg_size_pretty",
        "current_setting", "current_schemas",
    ]

    private static let two = [
        "pg_time_shift", "pg_date_shift", "pg_seconds_between", "pg_days_between", "date_trunc", "date_part",
        "format_type", "array_to_string", "left", "right", "regexp", "concat", "current_setting",
        "pg_relation_is_updatable", "substr",
    ]

    @Test("A function of one argument has an answer or an error for the ends of every type", arguments: one)
    func unary(name: String) throws {
        let ground = try ConsoleGround()
        for value in FunctionArgumentTests.extremes { expectAnswer(ground, "\(name)(\(value))") }
    }

    @Test("And one of two, for all pairs of them", arguments: two)
    func binary(name: String) throws {
        let ground = try ConsoleGround()
        for first in FunctionArgumentTests.extremes {
            for second in FunctionArgumentTests.extremes {
                expectAnswer(ground, "\(name)(\(first), \(second))")
            }
        }
    }

    private func expectAnswer(_ ground: ConsoleGround, _ call: String) {
        let answer = ground.query("SELECT \(call)")
        #expect(answer.rows.count == 1 || answer.error?.sqlstate.count == 5, "\(call)")
        #expect(answer.error?.sqlstate != "42883", "\(call) is there")
    }

    @Test(
        "left and right are functions where they are called, and the longest counts take everything or nothing"
    )
    func ends() throws {
        let ground = try ConsoleGround()
        func values(_ count: String) -> [String?]? {
            let answer = ground.query("SELECT left('abc', \(count)), RIGHT('abc', \(count))")
            #expect(answer.columns == ["left", "right"])
            return answer.rows.first
        }
        #expect(values("2") == ["ab", "bc"])
        #expect(values("-2") == ["a", "c"])
        #expect(values("9223372036854775807") == ["abc", "abc"])
        #expect(values("-9223372036854775807 - 1") == ["", ""])
        let joined = ground.query(
            "SELECT count(*), left(max(r.type), 3) FROM records r LEFT JOIN sessions s ON s.session = r.session"
        )
        #expect(joined.rows.first?[1] == "ses")
        #expect(ground.query("SELECT r.seq AS left FROM records r LIMIT 1").columns == ["left"])
    }
}
