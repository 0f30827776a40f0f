import Foundation
import Testing

/// What of a statement's text stands in the log.
@Suite(.serialized)
struct RecordedTextTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test(
        "F-AUD-14: the passwords of role statements reach the server and stand in no record, whoever sends them"
    )
    func passwords() throws {
        let (application, role) = (Testbed.unique("passwords"), Testbed.unique("passwords"))
        let canary = "canary\(UInt32.random(in: 1_000_000 ... .max))"
        defer { _ = try? testbed.direct(.euA, "drop role if exists \(role)") }
        let run = try testbed.psqlCommands(
            [
                "create role \(role) login encrypted password '\(canary)1'",
                "alter role \(role) password E'\(canary)\\'2'; select 'kept'",
                "do $$ begin execute 'alter role \(role) password ''\(canary)3'''; end $$",
                "alter role \(role) password '\(canary)4", "alter role \(role) passwort '\(canary)5'",
                "select 1 " + String(repeating: " ", count: 70_000)
                    + "; alter role \(role) password '\(canary)6'",
            ], user: "tester", database: "scratch", token: testbed.token(.conformance),
            application: application)
        #expect(run.output.contains("kept"), "\(run.error)")
        // psql asks on standard input where it has no terminal.
        var environment = testbed.environment(
            user: "tester", database: "scratch", token: try testbed.token(.conformance))
        environment["PGAPPNAME"] = application
        let typed = try Command.run(
            "setsid",
            [
                "-w", "bash", "-c",
                "printf '\(canary)7\\n\(canary)7\\n' | psql -X -v ON_ERROR_STOP=1 -c '\\password \(role)'",
            ], environment: environment)
        #expect(typed.status == 0, "\(typed.error)")
        #expect(
            try testbed.direct(
                .euA, "select rolpassword like 'SCRAM%' from pg_authid where rolname = '\(role)'")
                == "t")
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1", count: 2)
        let queries = log.records(of: sessions, "query")
        let about = queries.filter { $0.sql?.contains(role) == true }
        #expect(about.map { $0.keys["redacted"] as? Int } == [1, 1, 1, 1, nil, 1], "\(about.map(\.line))")
        // The end of the long one stands in a record of its own.
        let long = queries.first { ($0.keys["sql_bytes"] as? Int ?? 0) > 70_000 }
        #expect(long?.keys["redacted"] as? Int == 1)
        #expect(about.first?.sql == "create role \(role) login encrypted password '[redacted]'")
        #expect(queries.contains { $0.line.contains("SCRAM-SHA") } == false)
        // `passwort` is no keyword: what stands behind it is a constant like others.
        let leaked = log.records.filter { $0.line.contains(canary) }
        #expect(leaked.map { $0.line.contains("\(canary)5") } == [true], "\(leaked.map(\.line))")
    }

    @Test(
        "Records say what each statement is, whether anything is forbidden, and leave it out where it is not wanted"
    )
    func descriptions() throws {
        let own = try OwnGateway(
            testbed,
            edit: { text in
                text.replacingOccurrences(
                    of: "  - name: conformance\n",
                    with: "  - name: conformance\n    capture: { describe: false }\n")
            })
        defer { own.remove() }
        let applications = (0..<3).map { _ in Testbed.unique("described") }
        let sql = "select count(*) from pgbench_branches b, customers where b.bid = 1"
        for (application, user, token) in [
            (applications[0], "analyst", Testbed.Token.euAnalyst), (applications[1], "writer", .euWriter),
        ] {
            let run = try own.testbed.psqlCommands(
                [sql, "selec 1"], user: user, token: testbed.token(token), application: application)
            #expect(run.error.contains("42601"), "\(run.error)")
            let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
            let queries = log.records(of: sessions, "query")
            let query = try #require(queries.first)
            #expect(query.keys["class"] as? String == "select")
            #expect(query.keys["relations"] as? [String] == ["pgbench_branches", "customers"])
            let fingerprint = try #require(query.keys["fingerprint"] as? String)
            #expect(fingerprint.utf8.count == 16)
            // Sessions of analysts are read-only: something is forbidden to them.
            let verdict = query.keys["verdict"] as? [String: Any]
            #expect(verdict?["allowed"] as? Bool == (user == "analyst" ? true : nil))
            #expect(queries.last?.keys["fingerprint"] == nil)
        }
        _ = try own.testbed.psqlCommands(
            ["select 1", "alter table nothing add a int"], user: "tester", database: "scratch",
            token: testbed.token(.conformance), application: applications[2])
        let (log, sessions) = try own.testbed.endedSessions(applications[2], region: "eu-west-1")
        // The second is read, for it could alter what the gateway hands out, and is not described all the same.
        #expect(
            log.records(of: sessions, "query").map { $0.keys["class"] as? String } == [nil, nil])
    }

    @Test("Constants stay out of the log by a rule's word, and a reload changes that for the next statement")
    func literals() throws {
        func rule(_ literals: String) -> (String) -> String {
            { text in
                text.replacingOccurrences(
                    of: "  - name: conformance\n",
                    with:
                        "  - name: conformance\n    capture: { literals: \(literals), parameters: drop }\n    forbid: [peers]\n"
                )
            }
        }
        let own = try OwnGateway(testbed, edit: rule("drop"))
        defer { own.remove() }
        let application = Testbed.unique("literals")
        let canary = "canary\(UInt32.random(in: 1_000_000 ... .max))"
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { client.close() }
        _ = try client.login(
            own.testbed,
            parameters: [("user", "tester"), ("database", "scratch"), ("application_name", application)],
            token: testbed.token(.conformance))
        let statements = [
            "select '\(canary)' -- \(canary)", "select '\(canary)'::int", "select 'open \(canary)",
            "commit prepared '\(canary)'", "select set_config('domicile.\(canary)', '\(canary)', false)",
            "prepare p as select '\(canary)', $1::text", "execute p('\(canary)')",
            "explain select 1 where 'a' = '\(canary)'", "do $$ begin raise notice '\(canary)'; end $$",
            "alter role analyst password '\(canary)'",
            "create function \(application)() returns int language sql as 'select a from \(canary)'",
            "create function \(application)() returns int language '\(canary)' as 'x'",
            "set application_name = '\(canary)'", "set client_encoding = 'SJIS'", "select 'é\(canary)'",
            "set client_encoding = 'UTF8'", "select '\(canary)' " + String(repeating: " ", count: 70_000),
        ]
        for sql in statements {
            try client.send(RawClient.query(sql))
            _ = try client.readFrames(until: "Z")
        }
        let (before, sessions) = try recorded(application, own) { $0.count == statements.count }
        #expect(before.records.filter { $0.line.contains(canary) }.isEmpty)
        let queries = before.records(of: sessions, "query")
        #expect(queries.first?.sql == "select $1 --")
        #expect(queries.first?.keys["literals"] as? Int == 1)
        for (literals, expected) in [("hash", "select $1"), ("keep", "select 'plain'")] {
            try own.reload(rule(literals))
            try own.testbed.eventually("the configuration with \(literals) holds") {
                try client.send(RawClient.query("select 'plain'"))
                _ = try client.readFrames(until: "Z")
                let last = try own.testbed.log("eu-west-1").records(of: sessions, "query").last
                return last?.sql == expected && (last?.keys["literals"] is [Any]) == (literals == "hash")
            }
        }
    }

    /// The log once its query records of this application satisfy the condition.
    private func recorded(
        _ application: String, _ own: OwnGateway, _ condition: ([RecordedLog.Record]) -> Bool
    ) throws -> (RecordedLog, Set<String>) {
        var log = try own.testbed.log("eu-west-1")
        try own.testbed.eventually("the statements of \(application) are recorded") {
            log = try own.testbed.log("eu-west-1")
            return condition(log.records(of: log.sessions(application: application), "query"))
        }
        return (log, log.sessions(application: application))
    }
}
