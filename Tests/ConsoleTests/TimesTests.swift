import Console
import PGWire
import Testing

/// Times: text in SQLite, timestamptz for clients.
@Suite struct TimesTests {
    /// The numbers of the records that fit, as text.
    private func seqs(_ ground: ConsoleGround, _ condition: String) -> String {
        let answer = ground.query("SELECT seq FROM records WHERE \(condition) ORDER BY seq")
        if let error = answer.error { return "\(error.sqlstate) \(error.message)" }
        return answer.rows.map { $0[0] ?? "" }.joined(separator: " ")
    }

    private func value(_ ground: ConsoleGround, _ expression: String) -> String? {
        let answer = ground.query("SELECT \(expression) FROM records WHERE seq = 5")
        if let error = answer.error { return error.sqlstate }
        return answer.rows.first?[0]
    }

    @Test(
        "A column of times is timestamptz: in PostgreSQL's ISO style as text, in COPY too, in microseconds as binary"
    )
    func columns() throws {
        let ground = try ConsoleGround()
        let text = ground.query("SELECT time, max(time) AS last, time::text FROM records WHERE seq = 5")
        #expect(text.types == [1184, 1184, 25])
        #expect(
            text.rows == [
                ["2026-11-27 15:00:05+00", "2026-11-27 15:00:05+00", "2026-11-27T15:00:05.000000Z"]
            ])
        #expect(
            ground.query("COPY (SELECT time FROM records WHERE seq = 5) TO STDOUT").copied
                == "2026-11-27 15:00:05+00\n")
        let fraction = ground.query(
            "SELECT '2026-11-27T15:00:05.0102Z'::timestamptz, '2026-11-27 15:00:05.123456+00'::timestamptz")
        #expect(fraction.rows == [["2026-11-27 15:00:05.0102+00", "2026-11-27 15:00:05.123456+00"]])
        let binary = ground.send([
            try ConsoleGround.parse(
                "SELECT extract(epoch FROM time)::bigint, time FROM records WHERE time = $1"),
            try ConsoleGround.describe(.statement),
            try ConsoleGround.bind(
                [Array("2026-11-27 16:00:05+01".utf8)], results: .each([0, 1])), try ConsoleGround.execute(),
            ConsoleGround.sync,
        ])
        #expect(binary.parameters == [1184] && binary.types == [20, 1184])
        // date -u -d '2026-11-27 15:00:05' +%s says the first; 2000-01-01 was 946,684,800 s.
        #expect(binary.rows.first?[0] == "1795791605")
        let raw = try #require(binary.raw.first?[1])
        let micros: UInt64 = raw.reduce(0) { sum, byte in sum << 8 | UInt64(byte) }
        #expect(micros == 849_106_805_000_000)
    }

    @Test(
        "Times compare with texts, whole ones in PostgreSQL's style or the records', and their beginnings",
        arguments: [
            ("time >= '2026-11-27T15:00:18'", "18 19"), ("time >= '2026-11-27 15:00:18'", "18 19"),
            ("time >= '2026-11-27 16:00:18+01'", "18 19"), ("time > '2026-11-27 15:00:18.5+0000'", "19"),
            ("'2026-11-27 15:00:18' <= time", "18 19"), ("records.time < '2026-11-27 15:00:01'", "0"),
            ("time = '2026-11-27 15:00:07Z'", "7"),
            ("time <> '2026-11-27 15:00:07Z' AND seq BETWEEN 6 AND 8", "6 8"),
            ("time BETWEEN '2026-11-27 15:00:03' AND '2026-11-27 15:00:04' AND 'x' = 'x'", "3 4"),
            ("time NOT BETWEEN '2026-11-27 15:00:01' AND '2026-11-27 15:00:18'", "0 19"),
            ("time < '2026-11-27T15:00:0' AND seq < 3", ""),
            ("time < '2026-11-27T15:00:1' AND seq > 7", "8 9"),
            ("time >= '2026-11' AND time < '2026-12' AND seq = 1", "1"),
            ("time LIKE '2026-11-27T15:00:1%' AND seq < 12", "10 11"),
            ("time >= '2026-11-27T15:00:1' || '8'", "18 19"),
            ("time >= '2026-11-27T15:00:18'::text", "18 19"),
            ("time >= CAST('2026-11-27 15:00:18' AS timestamp with time zone)", "18 19"),
            ("time >= timestamptz '2026-11-27 15:00:18' AT TIME ZONE 'UTC'", "18 19"),
            ("time >= timestamp with time zone '2026-11-27 15:00:18'", "18 19"),
            ("time::date = '2026-11-27' AND seq = 0", "0"),
            ("time::date = date '2026-11-28' - 1 AND seq = 0", "0"),
            ("CAST(time AS date) = '2026-11-27' AND seq = 0", "0"),
            ("time < date '2026-11-26' + 1", ""), ("time < date '2026-11-26' + 2 AND seq = 0", "0"),
            ("time IN ('2026-11-27 15:00:03+00', '2026-11-27T15:00:04Z')", "3 4"),
            (
                "time NOT IN ('2026-11-27 15:00:00+00') AND seq < 2 AND type IN ('session.start', 'query')",
                "1"
            ),
            (
                "time >= 'nonsense'",
                "22007 invalid input syntax for type timestamp with time zone: \"nonsense\""
            ),
        ])
    func comparisons(condition: String, expected: String) throws {
        let ground = try ConsoleGround()
        #expect(seqs(ground, condition) == expected)
    }

    @Test(
        "Arithmetic with times and dates is PostgreSQL's",
        arguments: [
            ("time + interval '1 day 02:30'", "2026-11-28 17:30:05+00"),
            ("time - '90s'::interval", "2026-11-27 14:58:35+00"),
            ("time - interval '1' day", "2026-11-26 15:00:05+00"),
            ("max(time) - interval '1 month'", "2026-10-27 15:00:05+00"),
            ("(time) + interval '3 months' - interval '1 day'", "2027-02-26 15:00:05+00"),
            ("date_trunc('hour', time)", "2026-11-27 15:00:00+00"),
            ("date_trunc('week', time)", "2026-11-23 00:00:00+00"),
            ("date_trunc('quarter', time) + interval '1 hour'", "2026-10-01 01:00:00+00"),
            ("timestamptz '2024-02-29' + interval '1 year'", "2025-02-28 00:00:00+00"),
            ("timestamptz '2026-11-27 15:00:05+01'", "2026-11-27 14:00:05+00"),
            ("date_trunc('day', timestamptz '1969-12-31 23:59:59')", "1969-12-31 00:00:00+00"),
            ("timestamptz '1900-03-01' - interval '1 day'", "1900-02-28 00:00:00+00"),
            ("timestamptz '0001-01-31' + interval '1 month'", "0001-02-28 00:00:00+00"),
            ("timestamptz '9999-12-31' - interval '1 year'", "9998-12-31 00:00:00+00"),
            ("extract(hour from time)", "15"), ("extract(dow from time)", "5"),
            ("date_part('doy', time)", "331"),
            ("extract(epoch from time) - extract(epoch from time - interval '1 hour')", "3600"),
            ("time::date", "2026-11-27"), ("time::date - 30", "2026-10-28"),
            ("date '2024-03-01' - 1", "2024-02-29"),
            ("lower('A')::text || 'b'", "ab"), ("length(lower('Ab')::text::varchar)", "2"),
            ("now() - interval '1 day' < now()", "1"), ("current_date - 1 = date 'yesterday'", "1"),
            ("current_date = 'today'::timestamptz::date", "1"), ("now() >= 'today'", "1"),
            ("now() < 'yesterday'", "0"),
            ("max(time) - min(time)", "0"), ("timestamptz '2026-11-27 15:00:07.5' - time", "2.5"),
            ("time - '2026-11-27'::timestamptz AT TIME ZONE 'UTC'", "54005"),
            ("(time - (SELECT min(time) FROM records)) * 2", "10"),
            ("now() - time > interval '1 minute' - interval '2 days'", "0A000"),
            ("time - date_trunc('hour', time) < interval '6 seconds'", "1"),
            ("'4 s'::interval > time - date_trunc('hour', time)", "0"),
            ("time - date_trunc('hour', time) BETWEEN interval '5 s' AND '00:01'::interval", "1"),
            ("time - date_trunc('hour', time) + interval '1 hour'", "3605"),
            ("(time - date_trunc('hour', time)) - interval '1 s'", "4"),
            ("extract(epoch from time - date_trunc('day', time))", "54005"),
            ("avg(time - timestamptz '2026-11-27 15:00') = interval '00:00:05'", "1"),
            ("max(time - NULL) IS NULL", "1"), ("time::date - date '2026-11-01'", "26"),
            ("date '2026-11-01' - time", "22007"), ("time - type", "22007"),
            ("interval '1 day' + time", "0A000"),
            ("time + 1", "0A000"), ("time at time zone 'Europe/Berlin'", "0A000"),
            ("time + interval 'one day'", "22007"),
            ("date_trunc('fortnight', time)", "22023"), ("time + interval '300000 years'", "22008"),
        ])
    func arithmetic(expression: String, expected: String) throws {
        #expect(value(try ConsoleGround(), expression) == expected)
    }

    @Test("Expressions that are times are said to be, before they are run, too; others are text")
    func types() throws {
        let ground = try ConsoleGround()
        let described = ground.send([
            try ConsoleGround.parse(
                "SELECT now(), now() - interval '1 day', min(time), date_trunc('day', time), $1::timestamptz, "
                    + "CAST('2026-01-01' AS timestamptz), current_timestamp, '2026-01-01'::timestamp with time zone, time::date FROM records"
            ),
            try ConsoleGround.describe(.statement), ConsoleGround.sync,
        ])
        #expect(described.types == [1184, 1184, 1184, 1184, 1184, 1184, 1184, 1184, 25])
        #expect(described.parameters == [1184])
        let catalogue = ground.query(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attname = 'time'")
        #expect(catalogue.rows == [["timestamp with time zone"]])
        #expect(
            ground.query("SELECT time FROM records WHERE time > now() + interval '7000 years'").error?
                .sqlstate == nil)
    }

    @Test("SUBSTRING has its words, too")
    func substring() throws {
        let answer = try ConsoleGround().query(
            "SELECT substring('TABLE(a)' from 0 for 6), SUBSTRING(type FROM 2) FROM records LIMIT 1")
        #expect(answer.rows == [["TABLE", "ession.start"]])
    }

    @Test("A place in the statement is the source's, also where a call was made of it")
    func positions() throws {
        let ground = try ConsoleGround()
        #expect(ground.query("SELECT missing::date FROM records").error?.position == "8")
        #expect(ground.query("SELECT time - interval '1 day', missing FROM records").error?.position == "33")
    }
}
