import Console
import Testing

/// The simple protocol and the tables.
@Suite struct QueryTests {
    @Test("WHERE, ORDER BY, GROUP BY, LIMIT and joins over the log")
    func selects() throws {
        let ground = try ConsoleGround()
        let last = ground.query("SELECT seq, type FROM records ORDER BY seq DESC LIMIT 2")
        #expect(last.rows == [["19", "query"], ["18", "parse"]])
        #expect(last.columns == ["seq", "type"])
        #expect(last.types == [20, 25])
        #expect(last.tags == ["SELECT 2"])
        #expect(last.statuses == ["I"])
        let groups = ground.query(
            "select subject, count(*) from records where seq between 1 and 6 group by subject order by 1")
        #expect(groups.rows == [["exec-1", "2"], ["exec-2", "4"]])
        #expect(groups.columns == ["subject", "count"])
        let joined = ground.query(
            "SELECT r.seq, s.statements FROM records r JOIN sessions s ON s.session = r.session WHERE r.seq < 3"
        )
        #expect(joined.rows == [["0", "3"], ["1", nil], ["2", nil]])
        let relation = ground.query(
            "SELECT r.seq FROM records r, json_each(r.relations) j WHERE j.value = 'public.customers' LIMIT 1"
        )
        #expect(relation.rows == [["3"]])
    }

    @Test("seq and time say where reading begins and ends, in both orders")
    func ranges() throws {
        let ground = try ConsoleGround(records: 700)
        func seqs(_ condition: String) -> [String?] {
            ground.query("SELECT seq FROM records WHERE \(condition)").rows.map { $0[0] }
        }
        #expect(seqs("seq >= 698") == ["698", "699"])
        #expect(seqs("seq > 698") == ["699"])
        #expect(seqs("seq = 300") == ["300"])
        #expect(seqs("seq IN (5, 3)").sorted { $0 ?? "" < $1 ?? "" } == ["3", "5"])
        #expect(seqs("seq < 2 ORDER BY seq DESC") == ["1", "0"])
        #expect(seqs("seq < -1 OR seq > 9223372036854775806") == [])
        #expect(seqs("seq = NULL") == [])
        #expect(seqs("time >= '2026-11-27T15:11:39'") == ["699"])
        #expect(seqs("time = '2026-11-27T15:05:00.000000Z'") == ["300"])
        #expect(seqs("time < '2026-11-27T15:00:02' ORDER BY time DESC") == ["1", "0"])
        #expect(seqs("time BETWEEN '2026-11-27T15:05:00' AND '2026-11-27T15:05:01.5Z'") == ["300", "301"])
        #expect(ground.query("SELECT count(*) FROM records").rows == [["700"]])
    }

    @Test("An access is said before anything that answers it")
    func recorded() throws {
        let ground = try ConsoleGround()
        let answer = ground.query("SELECT 1; SHOW SESSIONS")
        #expect(answer.accesses.map(\.operation) == ["read", "read"])
        #expect(
            answer.accesses.map { String(decoding: $0.sql, as: UTF8.self) } == ["SELECT 1", "SHOW SESSIONS"])
        #expect(answer.bytesBeforeAccess == 0)
        #expect(answer.accesses.map(\.message) == [1, 1])
        #expect(answer.tags == ["SELECT 1", "SHOW"])
        let wrong = ground.query("SELECT * FROM nowhere")
        #expect(wrong.accesses.map(\.message) == [2])
        #expect(wrong.bytesBeforeAccess == 0)
    }

    @Test("Errors have PostgreSQL's codes and places, and nothing can be written or reached")
    func errors() throws {
        let ground = try ConsoleGround()
        let cases: [(String, String)] = [
            ("SELECT * FROM nowhere", "42P01"), ("SELECT missing FROM records", "42703"),
            ("SELEC 1", "42601"), ("SELECT 1 +", "42601"), ("SELECT 'a", "42601"),
            ("SELECT nofunc(1)", "42883"),
            ("SELECT seq FROM records a, records b", "42702"), ("SELECT $1", "42P02"),
            ("INSERT INTO records VALUES (1)", "25006"), ("UPDATE records SET seq = 1", "25006"),
            ("DELETE FROM records", "25006"), ("CREATE TABLE x (a)", "25006"),
            ("DROP TABLE records", "25006"),
            ("ATTACH 'x' AS y", "25006"), ("PRAGMA journal_mode", "25006"), ("VACUUM", "25006"),
            ("WITH x AS (SELECT 1) DELETE FROM records", "25006"), ("GRANT ALL ON records TO a", "25006"),
            ("SELECT load_extension('x')", "42501"), ("SELECT * FROM pragma_database_list", "42501"),
            ("SELECT * FROM dbstat", "42501"), ("COPY records FROM STDIN", "25006"),
            ("COPY records TO '/tmp/x'", "0A000"), ("DECLARE c CURSOR FOR SELECT 1", "0A000"),
            (
                "SELECT 9223372036854775807 + count(*) FROM records GROUP BY 1.5 HAVING abs(-9223372036854775808) > 0",
                "22003"
            ),
        ]
        for (sql, state) in cases {
            let answer = ground.query(sql)
            #expect(answer.error?.sqlstate == state, "\(sql): \(String(describing: answer.error))")
            #expect(answer.statuses == ["I"], "\(sql)")
            #expect(answer.rows.isEmpty)
        }
        #expect(ground.query("SELECT seq AS é, missing FROM records").error?.position == "18")
        #expect(ground.query("SELECT 1 FROM nowhere").error?.message == #"relation "nowhere" does not exist"#)
        #expect(ground.query("SELECT 1; FOO").error?.position == "11")
        #expect(ground.query("SELECT count(*) FROM records").rows == [["20"]])
    }

    @Test("What has no end is ended: time, memory, depth and length have limits")
    func limits() throws {
        let ground = try ConsoleGround()
        let deep = ground.query(
            "SELECT " + String(repeating: "(", count: 500) + "1" + String(repeating: ")", count: 500))
        #expect(deep.error != nil)
        let long = ground.query("SELECT '" + String(repeating: "a", count: ConsoleLimits.statement) + "'")
        #expect(long.error?.sqlstate == "54000")
        #expect(ground.query("SELECT length(zeroblob(100000000))").error?.sqlstate == "54000")
        #expect(
            ground.query(
                "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT zeroblob(4000000) FROM x ORDER BY random()"
            ).error?.sqlstate == "53200")
        #expect(ground.query("SELECT 1").rows == [["1"]])
    }

    @Test("Several statements in one Query: answers in order, the first error ends it")
    func several() throws {
        let ground = try ConsoleGround()
        let both = ground.query("SELECT 1 AS a; ; SELECT 'x' AS b;")
        #expect(both.messages == "TDCTDCZ")
        #expect(both.rows == [["1"], ["x"]])
        let broken = ground.query("SELECT 1; SELECT missing; SELECT 2")
        #expect(broken.messages == "TDCEZ")
        #expect(ground.query("").messages == "IZ")
        #expect(ground.query(" ; -- nothing\n ;").messages == "IZ")
    }

    @Test("Transactions, settings and what else drivers say have their tags and states")
    func session() throws {
        let ground = try ConsoleGround()
        #expect(ground.query("BEGIN").statuses == ["T"])
        #expect(ground.query("SELECT 1").statuses == ["T"])
        #expect(ground.query("SELECT missing").statuses == ["E"])
        #expect(ground.query("SELECT 1").error?.sqlstate == "25P02")
        let ended = ground.query("COMMIT")
        #expect(ended.tags == ["ROLLBACK"])
        #expect(ended.statuses == ["I"])
        #expect(ground.query("START TRANSACTION READ ONLY; ROLLBACK").tags == ["BEGIN", "ROLLBACK"])
        #expect(ground.query("SET application_name = 'x'").messages == "SCZ")
        #expect(ground.query("SHOW application_name").rows == [["x"]])
        #expect(ground.query("SET client_encoding TO 'LATIN1'").error?.sqlstate == "22023")
        #expect(ground.query("SET extra_float_digits = 3").tags == ["SET"])
        #expect(ground.query("SET datestyle TO iso, dmy; SHOW datestyle").rows == [["ISO, DMY"]])
        #expect(ground.query("SET datestyle TO 'German'").error?.sqlstate == "22023")
        #expect(ground.query("SET datestyle TO DEFAULT; SHOW datestyle").rows == [["ISO, MDY"]])
        #expect(ground.query("SHOW server_version").rows == [["15.20"]])
        #expect(ground.query("SHOW nothing_such").error?.sqlstate == "42704")
        #expect(ground.query("RESET ALL; DISCARD ALL; UNLISTEN *; CLOSE ALL").tags.count == 4)
    }

    @Test(
        "SHOW gives the tables; KILL, REVOKE and RELOAD do what they say, and refusals of them are recorded")
    func commands() throws {
        let ground = try ConsoleGround()
        #expect(ground.query("SHOW REPLICAS").rows == [["orders-eu-a", "t"], ["orders-us-a", "f"]])
        let killed = ground.query("KILL 's1' REASON 'too slow'")
        #expect(killed.tags == ["KILL"])
        #expect(killed.notices == ["done: kill s1 too slow"])
        #expect(killed.accesses.isEmpty)
        #expect(
            ground.query("REVOKE SUBJECT 'exec-1'; REVOKE TOKEN 'j' ISSUER 'i'; RELOAD").tags == [
                "REVOKE", "REVOKE", "RELOAD",
            ])
        #expect(ground.source.done.withLock { $0 }.count == 4)
        ground.source.refusal.withLock { $0 = ConsoleError("42501", "no right") }
        let refused = ground.query("KILL 's2'")
        #expect(refused.error?.sqlstate == "42501")
        #expect(refused.accesses.map(\.operation) == ["kill"])
        #expect(refused.accesses.first?.target == "s2")
        #expect(refused.accesses.first?.sqlstate == "42501")
        #expect(ground.query("KILL s1").error?.sqlstate == "42601")
        #expect(ground.query("REVOKE SELECT ON records FROM x").error?.sqlstate == "25006")
    }

    @Test("COPY to the client, as text and as CSV")
    func copies() throws {
        let ground = try ConsoleGround()
        let text = ground.query("COPY (SELECT 1, 'a\tb', NULL) TO STDOUT")
        #expect(text.messages == "HdcCZ")
        #expect(text.copied == "1\ta\\tb\t\\N\n")
        #expect(text.tags == ["COPY 1"])
        let csv = ground.query(
            "COPY (SELECT seq, sql FROM records WHERE seq IN (0, 3)) TO STDOUT WITH (FORMAT csv, HEADER)")
        #expect(csv.copied == "seq,sql\n0,\n3,\"SELECT \"\"a\"\"\"\n")
        #expect(ground.query("copy sessions (session) to stdout").copied == "s1\ns2\n")
    }
}
