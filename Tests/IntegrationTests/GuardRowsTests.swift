import Foundation
import PGWire
import Testing

/// The rows of the guard's faults, each a list of sessions that run straight at the primary and through the gateway.
@Suite(.serialized)
struct GuardRowsTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func token(_ persona: String, forbidding classes: String...) throws -> String {
        try testbed.mint(persona, forbidding: classes)
    }

    private func session(_ testbed: Testbed, forbidding classes: String...) throws -> RawClient {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        _ = try client.login(
            testbed, parameters: [("user", "tester"), ("database", "scratch")],
            token: try testbed.mint("conformance", forbidding: classes))
        return client
    }

    private func ask(_ client: RawClient, _ sql: String, within seconds: Double = 10) throws -> [RawClient
        .Frame]
    {
        try client.send(RawClient.query(sql))
        return try client.readFrames(until: "Z", within: seconds)
    }

    @Test("F-GRD-02: however standard_conforming_strings is turned off, no literal becomes a statement")
    func conformingStrings() throws { try testbed.runScenarios("conforming-strings") }

    @Test("F-GRD-10: no byte of another encoding ends a literal, or names another object")
    func encodings() throws { try testbed.runScenarios("encodings") }

    @Test("F-GRD-06 and F-GRD-07: shadowed, made, renamed and moved names are what they are on the server")
    func names() throws { try testbed.runScenarios("names") }

    @Test("F-GRD-14: a refusal leaves a transaction where an error of PostgreSQL's own leaves it")
    func transactions() throws { try testbed.runScenarios("transactions") }

    @Test("F-GRD-16: no way to another role, at startup or later")
    func roles() throws {
        try testbed.runScenarios("roles")
        let spellings = [
            ("role", "writer"), ("options", "-c role=writer"), ("options", "--role=writer"),
            ("options", "-c search_path=public -cROLE=writer"),
        ]
        for spelling in spellings {
            let direct = try RawClient.direct(parameters: [spelling])
            defer { direct.close() }
            let row = try ask(direct, "SELECT current_user = 'writer'")
            #expect(row.first { $0.letter == "D" }?.body.last == UInt8(ascii: "t"), "\(spelling)")
            let client = try RawClient(host: testbed.host, port: testbed.port)
            defer { client.close() }
            // Before a token is asked for.
            try client.beginTLS(authority: testbed.authority, host: testbed.host)
            try client.startup([("user", "tester"), ("database", "scratch"), spelling])
            let answer = try #require(try client.readFrame())
            #expect(answer.letter == "E" && answer.field("C") == "42501", "\(spelling)")
        }
    }

    @Test("F-GRD-15: what is no egress and carries messages all the same is allowed, and recorded")
    func channels() throws {
        try testbed.runScenarios("channels")
        let application = Testbed.unique("channels")
        let client = try RawClient(host: testbed.host, port: testbed.port)
        _ = try client.login(
            testbed,
            parameters: [("user", "tester"), ("database", "scratch"), ("application_name", application)],
            token: try token("conformance", forbidding: "egress"))
        for sql in ["NOTIFY channel, 'm'", "SET application_name = 'm'", "SELECT pg_notify('channel', 'm')"] {
            _ = try ask(client, sql)
        }
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        #expect(log.records(of: sessions, "query").count == 3)
    }

    @Test("F-GRD-03: every published way out of a read-only session is shown to work, and is shut")
    func bypasses() throws {
        let file = "\(testbed.root)/\(GuardScenario.folder)/read-only-bypasses.txt"
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
            .filter { !$0.hasPrefix("#") }
        #expect(lines.count > 35)
        let details = #"authorization_details=[{"type":"domicile","access":"read_only"}]"#
        let token = try testbed.mint("conformance", details)
        for line in lines {
            let isStopped = line.hasPrefix("~ ")
            for isDirect in [true, false] {
                let mark = Testbed.unique("mark").replacingOccurrences(of: "-", with: "_").lowercased()
                let sql = (isStopped ? line.dropFirst(2) : line).replacingOccurrences(of: "MARK", with: mark)
                let client: RawClient
                if isDirect {
                    client = try .direct(parameters: [("default_transaction_read_only", "on")])
                } else {
                    client = try RawClient(host: testbed.host, port: testbed.port)
                    let login = [("user", "tester"), ("database", "scratch")]
                    _ = try client.login(testbed, parameters: login, token: token)
                }
                defer { client.close() }
                _ = try ask(client, sql)
                let query = "SELECT to_regclass('\(mark)') IS NOT NULL"
                let isMade = try testbed.direct(.euA, query, database: "scratch") == "t"
                #expect(isMade == (isDirect && !isStopped), "\(isDirect ? "direct" : "gateway"): \(line)")
                guard isMade else { continue }
                for kind in ["TABLE", "MATERIALIZED VIEW"] {
                    _ = try? testbed.direct(.euA, "DROP \(kind) \(mark)", database: "scratch")
                }
            }
        }
    }

    @Test("F-GRD-01: records say of a text that it was not parsed, whichever grammar is the older")
    func unparsed() throws {
        let application = Testbed.unique("unparsed")
        let client = try RawClient(host: testbed.host, port: testbed.port)
        _ = try client.login(
            testbed,
            parameters: [("user", "tester"), ("database", "scratch"), ("application_name", application)],
            token: try testbed.mint("conformance", forbidding: []))
        // PostgreSQL 17's, and what 14 took away: an operator behind its operand.
        let texts = [
            "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$')) AS t", "SELECT 5 !", "SELECT 5",
        ]
        for sql in texts { _ = try ask(client, sql) }
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let records = log.records(of: sessions, "query")
        #expect(records.map { $0.sql } == texts)
        #expect(records.map { $0.keys["unparsed"] as? Bool } == [true, true, nil])
    }

    @Test("F-GRD-01: what a newer grammar takes is refused where something is forbidden, else the server's")
    func grammar() throws {
        // PostgreSQL 17's JSON_TABLE, MERGE … RETURNING, COPY's ON_ERROR; 16's subquery without an alias; no SQL at all.
        let newer = [
            "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$')) AS t",
            "MERGE INTO pg_temp.t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE RETURNING *",
            "SELECT * FROM (SELECT 1)", "selec 1", "SELECT 5 !",
        ]
        let guarded = try session(testbed, forbidding: "egress")
        let free = try RawClient.through(testbed)
        let direct = try RawClient.direct()
        defer { for client in [guarded, free, direct] { client.close() } }
        for sql in newer {
            let refused = try #require(try ask(guarded, sql).first { $0.letter == "E" })
            #expect(refused.field("C") == "42601", "\(sql)")
            #expect(
                refused.field("H") == "Correct it: the replica, PostgreSQL 15, has the same grammar.",
                "\(sql)")
            #expect(refused.field("D")?.isEmpty == false, "\(sql)")
            let own = try #require(try ask(direct, sql).first { $0.letter == "E" })
            let passed = try #require(try ask(free, sql).first { $0.letter == "E" })
            #expect(own == passed, "\(sql)")
        }
        for client in [guarded, free] {
            #expect(try ask(client, "SELECT 1").map(\.letter) == ["T", "D", "C", "Z"])
        }
    }

    @Test(
        "F-GRD-08: between two looks at the catalogue a view is what it was; behind the second it is refused")
    func replaced() throws {
        let view = Testbed.unique("replaced").replacingOccurrences(of: "-", with: "_").lowercased()
        let near = "CREATE OR REPLACE VIEW \(view) AS SELECT 'near'::text AS a"
        let far = "CREATE OR REPLACE VIEW \(view) AS SELECT pg_read_file('PG_VERSION')::text AS a"
        defer { _ = try? testbed.direct(.euA, "DROP VIEW IF EXISTS \(view)", database: "scratch") }
        _ = try testbed.direct(.euA, near, database: "scratch")
        let client = try session(testbed, forbidding: "egress")
        defer { client.close() }
        func letters() throws -> String {
            try ask(client, "SELECT a FROM \(view)").map(\.letter).joined()
        }
        try testbed.eventually("the view is known", within: 40) { try letters() == "TDCZ" }
        var bytes: [UInt8] = []
        try Parse.encode(
            name: Array("early".utf8), sql: Array("SELECT a FROM \(view)".utf8), into: &bytes)
        PGWire.Sync.encode(into: &bytes)
        try client.send(bytes)
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["1", "Z"])
        // Somebody else replaces it in a loop meanwhile: each answer is a row or a refusal, and the session lives.
        let replacing = DispatchGroup()
        let others = testbed
        DispatchQueue.global().async(group: replacing) {
            for turn in 0..<20 {
                _ = try? others.direct(.euA, turn % 2 == 0 ? far : near, database: "scratch")
            }
        }
        var answers = 0
        repeat {
            let answer = try letters()
            #expect(["TDCZ", "EZ"].contains(answer), "\(answer)")
            answers += 1
        } while replacing.wait(timeout: .now()) == .timedOut
        #expect(answers > 20)
        _ = try testbed.direct(.euA, far, database: "scratch")
        try testbed.eventually("the new view is known", within: 40) { try letters() == "EZ" }
        // What was prepared before is judged again when it is bound.
        bytes = []
        try Bind.encode(portal: [], statement: Array("early".utf8), into: &bytes)
        try Execute.encode(portal: [], maximumRows: 0, into: &bytes)
        PGWire.Sync.encode(into: &bytes)
        try client.send(bytes)
        let refused = try client.readFrames(until: "Z")
        #expect(refused.map(\.letter) == ["E", "Z"])
        #expect(refused.first?.field("C") == "42501")
    }

    /// A text that is much to read, and what may become of it: the server's answer (empty), or a limit's.
    struct Heavy: Sendable {
        let name: String
        let sql: String
        let sqlstates: Set<String>

        init(_ name: String, _ sql: String, _ sqlstates: Set<String> = ["54001"]) {
            self.name = name
            self.sql = sql
            self.sqlstates = sqlstates
        }
    }

    private static func times(_ count: Int, _ text: String) -> String {
        String(repeating: text, count: count)
    }

    static var heavy: [Heavy] {
        let casts: String = (1...1_600).map { "$\($0)::int" }.joined(separator: ",")
        let run: String = " \(times(500, "+"))1"
        var all: [Heavy] = []
        all.append(Heavy("parentheses", "SELECT \(times(100_000, "("))"))
        all.append(Heavy("an IN list of 3 MB", "SELECT 1 WHERE 1 IN (\(list(400_000)))", [""]))
        all.append(Heavy("an IN list of 10 MB", "SELECT 1 WHERE 1 IN (\(list(1_400_000)))"))
        all.append(Heavy("parameters", "PREPARE p AS SELECT \(casts)", [""]))
        all.append(Heavy("a sum", "SELECT 1\(times(100_000, "+1"))"))
        all.append(Heavy("a sum within the limit", "SELECT 1\(times(1_900, "+1"))", [""]))
        all.append(Heavy("nested comments", "SELECT 1 \(times(40_000, "/*"))\(times(40_000, "*/"))"))
        all.append(Heavy("operators", "SELECT \(times(40_000, "+-"))1"))
        all.append(Heavy("runs within the limit", "SELECT 1\(times(120, run))", ["54001", ""]))
        all.append(Heavy("UNION ALL", "SELECT 1\(times(50_000, " UNION ALL SELECT 1"))"))
        all.append(Heavy("CASE", "SELECT \(times(20_000, "CASE WHEN "))"))
        all.append(Heavy("ARRAY", "SELECT \(times(20_000, "ARRAY["))"))
        all.append(Heavy("subselects", "SELECT \(times(20_000, "(SELECT "))"))
        all.append(Heavy("NOT", "SELECT \(times(20_000, "NOT "))true"))
        return all
    }

    private static func list(_ count: Int) -> String { "1\(times(count, ",123456"))" }

    @Test(
        "F-GRD-13: whatever is to be read, there is an answer, and another session of the worker has its own")
    func heavyTexts() throws {
        let own = try OwnGateway(
            testbed, edit: { $0.replacingOccurrences(of: "\nlimits:\n", with: "\nlimits:\n  workers: 1\n") })
        defer { own.remove() }
        let heavy = try session(own.testbed, forbidding: "egress")
        let other = try session(own.testbed, forbidding: "egress")
        defer { for client in [heavy, other] { client.close() } }
        for text in Self.heavy {
            let name = text.name
            _ = try ask(heavy, "DEALLOCATE ALL")
            try heavy.send(RawClient.query(text.sql))
            // While that is read: the other session's statements are judged and answered.
            for turn in 0..<5 {
                #expect(try ask(other, "SELECT \(turn)").map(\.letter) == ["T", "D", "C", "Z"], "\(name)")
            }
            let frames = try heavy.readFrames(until: "Z", within: 60)
            let error = frames.first { $0.letter == "E" }
            let sqlstate = error?.field("C") ?? ""
            #expect(text.sqlstates.contains(sqlstate), "\(name): \(sqlstate)")
            #expect(frames.last?.letter == "Z", "\(name)")
        }
        #expect(own.process.process.isRunning)
    }

    @Test("F-GRD-13: a text with 65,536 parameters is read, as the server reads it")
    func parameters() throws {
        let client = try session(testbed, forbidding: "egress")
        defer { client.close() }
        for count in [65_535, 65_536] {
            let list: String = (1...count).map { "$\($0)" }.joined(separator: ",")
            let text = "SELECT 1 WHERE 1 IN (\(list))"
            var bytes: [UInt8] = []
            try Parse.encode(name: [], sql: Array(text.utf8), into: &bytes)
            PGWire.Sync.encode(into: &bytes)
            try client.send(bytes)
            let letters = try client.readFrames(until: "Z", within: 60).map(\.letter)
            #expect(letters == ["1", "Z"], "\(count)")
        }
    }
}
