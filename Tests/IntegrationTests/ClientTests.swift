import Foundation
import Testing

/// What real clients do beyond a query: COPY, large results, notifications, pg_dump, a driver. Where the server can be
/// the judge, the same is done directly.
@Suite(.serialized)
struct ClientTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("client"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test(
        "psql's \\copy out gives what a direct one gives, and \\copy in puts it into the table; both are recorded"
    )
    func copy() throws {
        let application = Testbed.unique("copy")
        let table = Testbed.unique("copied")
        try withFolder { folder in
            let through = folder.appendingPathComponent("through")
            let straight = folder.appendingPathComponent("straight")
            let query = "select * from pgbench_accounts order by aid"
            let token = try testbed.token(.euWriter)
            let out = try testbed.psqlCommands(
                ["\\copy (\(query)) to '\(through.path)'"], user: "writer", token: token,
                application: application)
            #expect(out.status == 0, "\(out.error)")
            let direct = try Command.run(
                "psql", ["-X", "-c", "\\copy (\(query)) to '\(straight.path)'"],
                environment: testbed.directEnvironment(.euA, user: "writer", database: "orders"))
            #expect(direct.status == 0, "\(direct.error)")
            let data = try Data(contentsOf: through)
            #expect(data.count > 8_000_000)
            #expect(try data == Data(contentsOf: straight))

            let into = try testbed.psqlCommands(
                [
                    "create table \(table) (like pgbench_accounts)",
                    "\\copy \(table) from '\(through.path)'",
                ], user: "writer", database: "scratch", token: token, application: application)
            // The table is of the other database.
            #expect(into.error.contains("42P01"), "\(into.error)")
            let created = try testbed.psqlCommands(
                [
                    "create table \(table) (aid int, bid int, abalance int, filler char(84))",
                    "\\copy \(table) from '\(through.path)'", "select count(*), sum(aid) from \(table)",
                ], user: "writer", database: "scratch", token: token, application: application)
            #expect(created.text.hasSuffix("COPY 100000\n100000|5000050000"), "\(created)")
            #expect(
                try testbed.direct(.euA, "select count(*), sum(aid) from \(table)", database: "scratch")
                    == "100000|5000050000")
            try testbed.direct(.euA, "drop table \(table)", database: "scratch")

            let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1", count: 3)
            let copies = log.records(of: sessions, "copy")
            #expect(copies.map { $0.keys["direction"] as? String } == ["out", "in"])
            // psql sends a file as it is read; the data alone is counted, not the frames around it.
            #expect(copies.map { $0.keys["bytes"] as? Int } == [data.count, data.count])
            let tags = log.records(of: sessions, "outcome").compactMap(\.tag).filter { $0.hasPrefix("COPY") }
            #expect(tags == ["COPY 100000", "COPY 100000"])
        }
    }

    @Test("results of 20 MB, in many rows and in one value, arrive whole and are counted in the log")
    func large() throws {
        let application = Testbed.unique("large")
        let rows = "select i, repeat('x', 1000) from generate_series(1, 20000) i"
        let value = "select repeat('0123456789', 2000000)"
        let run = try testbed.psqlCommands(
            [rows, value], token: testbed.token(.euAnalyst), application: application)
        let direct = try Command.run(
            "psql", ["-X", "-A", "-t", "-c", rows, "-c", value],
            environment: testbed.directEnvironment(.euA, user: "analyst", database: "orders"))
        #expect(run.output.utf8.count > 40_000_000)
        #expect(run.output == direct.output)
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let outcomes = log.records(of: sessions, "outcome")
        #expect(outcomes.map { $0.keys["rows"] as? Int } == [20000, 1])
        #expect(outcomes.allSatisfy { ($0.keys["bytes"] as? Int ?? 0) >= 20_000_000 })
    }

    @Test("NOTIFY of one session reaches another that listens and is idle")
    func notify() throws {
        let channel = Testbed.unique("channel")
        func session() throws -> RawClient {
            let client = try RawClient(host: testbed.host, port: testbed.port)
            let answer = try client.login(
                testbed, parameters: [("user", "writer"), ("database", "orders")],
                token: testbed.token(.euWriter))
            try #require(answer.last?.letter == "Z")
            return client
        }
        let listener = try session()
        let speaker = try session()
        defer { listener.close() }
        defer { speaker.close() }
        try listener.send(RawClient.query("listen \(channel)"))
        #expect(try listener.readFrames(until: "Z").map(\.letter) == ["C", "Z"])
        try speaker.send(RawClient.query("notify \(channel), 'hello'"))
        #expect(try speaker.readFrames(until: "Z").map(\.letter) == ["C", "Z"])
        let frame = try #require(try listener.readFrame())
        #expect(frame.letter == "A")
        #expect(String(decoding: frame.body.dropFirst(4), as: UTF8.self) == "\(channel)\0hello\0")
        try listener.send(RawClient.query("select 1"))
        #expect(try listener.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
    }

    @Test("pg_dump through the gateway equals pg_dump from the server", arguments: ["analyst", "writer"])
    func dump(role: String) throws {
        // pg_dump refuses to dump rows that a policy hides from its role.
        let arguments = [
            "--no-password", "--exclude-table=full_*", "--exclude-table=drain_*", "--exclude-table=notes",
        ]
        let through = try Command.run(
            "pg_dump", arguments,
            environment: testbed.environment(
                user: role, database: "orders",
                token: testbed.token(role == "analyst" ? .euAnalyst : .euWriter)))
        #expect(through.status == 0, "\(through.error)")
        let direct = try Command.run(
            "pg_dump", arguments, environment: testbed.directEnvironment(.euA, user: role, database: "orders")
        )
        #expect(direct.status == 0, "\(direct.error)")
        // Newer pg_dump puts a random key around what psql may run.
        func dumped(_ run: Command.Run) -> [Substring] {
            run.output.split(separator: "\n").filter {
                !$0.hasPrefix("\\restrict ") && !$0.hasPrefix("\\unrestrict ")
            }
        }
        #expect(dumped(through).count > 100_000)
        #expect(dumped(through) == dumped(direct))
    }

    /// A session of psycopg2 as programs have them; each statement is on one line.
    private static let program = """
        import psycopg2
        connection = psycopg2.connect("")
        cursor = connection.cursor()
        cursor.execute("select name from customers where id = %s", (2,))
        print(cursor.fetchone()[0])
        try:
            cursor.execute("select 1 / 0")
        except psycopg2.Error as problem:
            print(problem.pgcode)
        try:
            cursor.execute("select 1")
        except psycopg2.Error as problem:
            print(problem.pgcode)
        connection.rollback()
        named = connection.cursor("paged")
        named.itersize = 30000
        named.execute("select aid from pgbench_accounts order by aid")
        print(sum(row[0] for row in named))
        named.close()
        connection.commit()
        connection.close()
        """

    @Test(
        "a psycopg2 session with transaction, error, rollback and server-side cursor: the log has what the server saw"
    )
    func psycopg2() throws {
        let application = Testbed.unique("psycopg")
        try testbed.direct(.euA, "alter system set log_statement = 'all'")
        try testbed.direct(.euA, "select pg_reload_conf()")
        defer {
            _ = try? testbed.direct(.euA, "alter system reset log_statement")
            _ = try? testbed.direct(.euA, "select pg_reload_conf()")
        }
        try testbed.eventually("the server logs statements") {
            try testbed.direct(.euA, "show log_statement") == "all"
        }
        let file = "\(testbed.folder)/log/orders-eu-a.log"
        let before = try String(contentsOfFile: file, encoding: .utf8).utf8.count
        let run = try Command.run(
            "/usr/bin/python3", ["-c", Self.program],
            environment: testbed.environment(
                user: "analyst", database: "orders", token: testbed.token(.euAnalyst),
                extra: ["PGAPPNAME": application]))
        #expect(run.status == 0, "\(run.error)")
        #expect(run.text == "Björn Åkesson\n22012\n25P02\n5000050000")
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let recorded = log.records(of: sessions, "query").compactMap(\.sql)
        let text = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: file)).dropFirst(before), as: UTF8.self)
        let marker = " analyst@orders LOG:  statement: "
        let seen = text.split(separator: "\n").compactMap { line in
            line.range(of: marker).map { String(line[$0.upperBound...]) }
        }
        // The first is the gateway's own, before the connection is the session's.
        #expect(seen.first?.hasPrefix("SELECT pg_catalog.pg_is_in_recovery()") == true)
        #expect(recorded == Array(seen.dropFirst()))
        #expect(recorded.filter { $0.hasPrefix("FETCH FORWARD 30000") }.count >= 4)
        #expect(
            recorded.prefix(5) == [
                "BEGIN", "select name from customers where id = 2", "select 1 / 0", "select 1", "ROLLBACK",
            ])
        #expect(log.records(of: sessions, "outcome").compactMap(\.sqlstate) == ["22012", "25P02"])
        #expect(log.records(of: sessions, "session.end").count == 1)
    }
}
