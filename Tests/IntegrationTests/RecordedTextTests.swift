import Foundation
import Testing

/// What of a statement's text stands in the log.
@Suite(.serialized)
struct RecordedTextTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test("The passwords of role statements reach the server and stand in no record, whoever sends them")
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
}
