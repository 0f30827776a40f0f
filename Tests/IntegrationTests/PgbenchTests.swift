import Foundation
import Testing

/// pgbench through the gateway: what it reports is what the servers did and what the log has.
@Suite(.serialized)
struct PgbenchTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let clients = 4
    private static let perClient = 100

    private func run(
        _ arguments: [String], user: String, database: String = "orders", token: Testbed.Token,
        application: String
    ) throws -> Int {
        var environment = try testbed.environment(user: user, database: database, token: testbed.token(token))
        environment["PGAPPNAME"] = application
        let run = try Command.run(
            "pgbench", ["-n", "-c", "\(Self.clients)", "-t", "\(Self.perClient)"] + arguments,
            environment: environment, timeout: 120)
        #expect(run.status == 0, "\(run.error)")
        let expected = Self.clients * Self.perClient
        #expect(
            run.output.contains("number of transactions actually processed: \(expected)/\(expected)"),
            "\(run)")
        #expect(run.output.contains("number of failed transactions: 0 (0.000%)"), "\(run)")
        return expected
    }

    /// How often the accounts' index was used on the primary, once no executor is connected to it any more.
    private func indexScans() throws -> Int {
        try testbed.eventually("no executor is connected") {
            try testbed.direct(
                .euA, "select count(*) from pg_stat_activity where usename in ('analyst', 'writer')") == "0"
        }
        return Int(
            try testbed.direct(
                .euA, "select idx_scan from pg_stat_user_tables where relname = 'pgbench_accounts'"))
            ?? -1
    }

    /// The accounts' SELECT as pgbench writes it in the simple protocol.
    private static var select: Regex<Substring> { #/SELECT abalance FROM pgbench_accounts WHERE aid = \d+;/# }

    @Test("every statement of pgbench -S is in the log with its success, and as many ran on the primary")
    func selectSimple() throws {
        let application = Testbed.unique("simple")
        let before = try indexScans()
        let transactions = try run(["-S"], user: "analyst", token: .euAnalyst, application: application)
        #expect(try indexScans() - before == transactions)
        let (log, sessions) = try testbed.endedSessions(
            application, region: "eu-west-1", count: Self.clients + 1)
        // One session more than clients: pgbench looks at the tables first.
        #expect(sessions.count == Self.clients + 1)
        #expect(log.isGapFree)
        let queries = log.records(of: sessions, "query").filter { $0.sql?.wholeMatch(of: Self.select) != nil }
        #expect(queries.count == transactions)
        try expectOutcomes(of: queries, log, sessions, tag: "SELECT 1")
        #expect(try testbed.regionsThatMention(application) == ["eu-west-1"])
    }

    @Test(
        "every Execute of pgbench -S in the extended protocol is in the log, points to its Parse, and succeeded",
        arguments: ["extended", "prepared"])
    func selectExtended(mode: String) throws {
        let application = Testbed.unique(mode)
        let before = try indexScans()
        let transactions = try run(
            ["-S", "-M", mode], user: "analyst", token: .euAnalyst, application: application)
        #expect(try indexScans() - before == transactions)
        let (log, sessions) = try testbed.endedSessions(
            application, region: "eu-west-1", count: Self.clients + 1)
        #expect(log.isGapFree)
        let sql = "SELECT abalance FROM pgbench_accounts WHERE aid = $1;"
        let parses = log.records(of: sessions, "parse").filter { $0.sql == sql }
        #expect(parses.count == (mode == "prepared" ? Self.clients : transactions))
        let executes = log.records(of: sessions, "execute")
        #expect(executes.count == transactions)
        let known = Set(parses.map { "\($0.session) \($0.message ?? -1)" })
        for record in executes + log.records(of: sessions, "bind") {
            let statement = try #require(record.keys["statement"] as? Int)
            #expect(known.contains("\(record.session) \(statement)"), "\(record.line)")
        }
        let binds = log.records(of: sessions, "bind")
        #expect(binds.count == transactions)
        for bind in binds {
            let parameters = try #require(bind.keys["parameters"] as? [[String: Any]])
            #expect(parameters.count == 1)
            // `capture.parameters: hash`: the value itself is not there.
            #expect(parameters.first?["digest"] != nil && parameters.first?["value"] == nil, "\(bind.line)")
        }
        try expectOutcomes(of: executes, log, sessions, tag: "SELECT 1")
    }

    @Test(
        "F-WIRE-37: a transaction of pgbench -S costs the gateway at most 14 system calls, recording included"
    )
    func systemCalls() throws {
        let summary = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("strace"))
            .path
        defer { try? FileManager.default.removeItem(atPath: summary) }
        let tracer = try Command.start(
            "strace", ["-f", "-c", "-o", summary, "-p", String(testbed.processID)])
        usleep(700_000)
        let transactions = try run(
            ["-S"], user: "analyst", token: .euAnalyst, application: Testbed.unique("calls"))
        tracer.signal(SIGINT)
        _ = tracer.wait(timeout: 20)
        let total = try String(contentsOfFile: summary, encoding: .utf8).split(separator: "\n").last ?? ""
        // `100.00  seconds  usecs/call  calls  errors  total`
        let numbers = total.split(separator: " ").compactMap { Double($0) }
        try #require(numbers.count >= 4 && total.hasSuffix("total"), "\(total)")
        let calls = numbers[3] / Double(transactions)
        #expect(calls > 3, "\(total)")
        #expect(calls < 14, "\(total)")
    }

    @Test(
        "every statement of pgbench's read-write script is in the log with its success, and its rows on the primary",
        arguments: ["simple", "prepared"])
    func readWrite(mode: String) throws {
        let application = Testbed.unique("tpcb")
        let history = try Int(testbed.direct(.euA, "select count(*) from pgbench_history")) ?? -1
        let transactions = try run(["-M", mode], user: "writer", token: .euWriter, application: application)
        #expect(
            try Int(testbed.direct(.euA, "select count(*) from pgbench_history")) == history + transactions)
        let (log, sessions) = try testbed.endedSessions(
            application, region: "eu-west-1", count: Self.clients + 1)
        #expect(log.isGapFree)
        let parses = Dictionary(
            uniqueKeysWithValues: log.records(of: sessions, "parse").map {
                ("\($0.session) \($0.message ?? -1)", $0.sql ?? "")
            })
        // What was run, with its SQL: that of the Query, or of the Parse that an Execute points to.
        let run = log.records(of: sessions, mode == "simple" ? "query" : "execute").map { record in
            (
                record,
                record.sql ?? parses["\(record.session) \(record.keys["statement"] as? Int ?? -1)"] ?? ""
            )
        }
        let script: [(prefix: String, tag: String)] = [
            ("BEGIN;", "BEGIN"), ("UPDATE pgbench_accounts SET abalance", "UPDATE 1"),
            ("SELECT abalance FROM pgbench_accounts", "SELECT 1"),
            ("UPDATE pgbench_tellers SET tbalance", "UPDATE 1"),
            ("UPDATE pgbench_branches SET bbalance", "UPDATE 1"),
            ("INSERT INTO pgbench_history", "INSERT 0 1"), ("END;", "COMMIT"),
        ]
        for (prefix, tag) in script {
            let records = run.filter { $0.1.hasPrefix(prefix) }.map(\.0)
            #expect(records.count == transactions, "\(prefix)")
            try expectOutcomes(of: records, log, sessions, tag: tag)
        }
    }

    /// Each of the records has exactly one outcome, a success with this tag.
    private func expectOutcomes(
        of records: [RecordedLog.Record], _ log: RecordedLog, _ sessions: Set<String>, tag: String
    ) throws {
        let outcomes = Dictionary(grouping: log.records(of: sessions, "outcome")) {
            "\($0.session) \($0.of ?? -1)"
        }
        var wrong: [String] = []
        for record in records {
            let own = outcomes["\(record.session) \(record.message ?? -1)"] ?? []
            let isGood =
                own.count == 1 && own[0].tag == tag && own[0].sqlstate == nil && own[0].seq > record.seq
            if !isGood { wrong.append(record.line) }
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(records.count), first: \(wrong.first ?? "")")
    }

    // MARK: kill -9

    @Test(
        "kill -9 in the middle of pgbench: every statement whose answer it saw, and every row on the server, is in the log",
        arguments: [1, 2])
    func killed(round: Int) throws {
        let application = Testbed.unique("killed")
        let table = Testbed.unique("killed")
        try testbed.direct(.euA, "create table \(table) (client int, n int)", database: "scratch")
        try testbed.direct(.euA, "grant all on \(table) to writer", database: "scratch")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(application)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = folder.appendingPathComponent("script.sql")
        // Variables keep their values from one transaction to the next: n counts each client's own.
        try "\\set n :n + 1\ninsert into \(table) values (:client_id, :n);\n".write(
            to: script, atomically: true, encoding: .utf8)
        var environment = try testbed.environment(
            user: "writer", database: "scratch", token: testbed.token(.euWriter))
        environment["PGAPPNAME"] = application
        let pgbench = try Command.start(
            "pgbench",
            [
                "-n", "-c", "8", "-j", "2", "-T", "60", "-D", "n=0", "-l", "--log-prefix",
                folder.appendingPathComponent("seen").path, "-f", script.path,
            ], environment: environment)
        defer {
            // Whatever happened: the next tests need a gateway.
            try? testbed.startGateway()
            do { try testbed.waitUntilWhole() } catch { Issue.record("\(error)") }
        }
        try testbed.eventually("pgbench has inserted \(500 * round) rows", within: 40) {
            (Int(try testbed.direct(.euA, "select count(*) from \(table)", database: "scratch")) ?? 0) > 500
                * round
        }
        try testbed.control("gateway", "stop", "--kill")
        let run = pgbench.wait(timeout: 30)
        #expect(run.status == 2, "pgbench was in the middle: \(run)")

        var seen: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where file.hasPrefix("seen.") {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            for line in text.split(separator: "\n") {
                // client, its transaction's number from 0, and times
                let fields = line.split(separator: " ")
                seen.insert("insert into \(table) values (\(fields[0]), \(fields[1]));")
            }
        }
        #expect(seen.count > 200, "\(seen.count)")
        // No repair by hand: it starts as it is.
        try testbed.startGateway()
        try testbed.waitUntilWhole()
        let log = try testbed.log("eu-west-1")
        #expect(log.isGapFree)
        let recorded = Set(log.records.filter { $0.type == "query" }.compactMap(\.sql))
        #expect(seen.subtracting(recorded).isEmpty, "\(seen.subtracting(recorded).sorted().prefix(3))")
        let rows = try testbed.direct(
            .euA, "select 'insert into \(table) values (' || client || ', ' || n || ');' from \(table)",
            database: "scratch"
        ).split(separator: "\n").map(String.init)
        #expect(rows.count >= seen.count)
        #expect(Set(rows).subtracting(recorded).isEmpty)
        #expect(seen.isSubset(of: rows))
    }
}
