import Foundation
import PGWire
import Testing

/// Statements that a rule, or a token, forbids: judged in the gateway, answered by the server.
@Suite(.serialized)
struct GuardTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func token(_ persona: String, forbidding classes: String...) throws -> String {
        try testbed.mint(persona, forbidding: classes)
    }

    /// Runs commands one after the other in one session, and tells what each came to: its output, or the SQLSTATE.
    private func answers(
        _ commands: [String], user: String, database: String, token: String, application: String = "guard"
    ) throws -> [String] {
        var arguments = ["-X", "-A", "-t", "-q", "-v", "VERBOSITY=sqlstate"]
        for (index, command) in commands.enumerated() {
            arguments += ["-c", "\\echo [\(index)]", "-c", "\\warn [\(index)]", "-c", command]
        }
        let run = try Command.run(
            "psql", arguments,
            environment: testbed.environment(
                user: user, database: database, token: token, extra: ["PGAPPNAME": application]))
        func parts(_ text: String) -> [String] {
            text.components(separatedBy: "\n[").flatMap {
                $0.hasPrefix("[") ? [String($0.dropFirst())] : [$0]
            }
            .filter { $0.contains("]") }
            .map { $0.drop { $0 != "]" }.dropFirst().trimmingCharacters(in: .whitespacesAndNewlines) }
        }
        let (output, errors) = (parts(run.output), parts(run.error))
        return commands.indices.map { index in
            let error = index < errors.count ? errors[index] : "?"
            if let range = error.range(of: "ERROR:  ") { return String(error[range.upperBound...].prefix(5)) }
            return index < output.count ? output[index] : "?"
        }
    }

    @Test(
        "F-GRD-03: a read_only session stays one, refusals are errors of statements, and the session lives on"
    )
    func readOnly() throws {
        let token = try testbed.token(.euAnalyst)
        let said = try answers(
            [
                "BEGIN READ WRITE", "SELECT 1", "SET default_transaction_read_only = off",
                "SELECT set_config('transaction_'||'read_only', 'off', false)", "DO $$ BEGIN END $$",
                "START TRANSACTION", "SELECT 2", "SET TRANSACTION READ WRITE", "SELECT 3", "ROLLBACK",
                "SHOW default_transaction_read_only", "RESET ALL", "DISCARD ALL",
                "SELECT current_setting('transaction_read_only')", "SELECT lo_creat(-1)",
            ], user: "analyst", database: "orders", token: token)
        #expect(
            said == [
                "42501", "1", "42501", "42501", "42501", "", "2", "42501", "25P02", "", "on", "", "", "on",
                "42501",
            ])
    }

    @Test("F-GRD-02: what a rule forbids is refused in every spelling, and nothing else")
    func forbidden() throws {
        let token = try token("eu-writer", forbidding: "ddl", "role_change", "peers")
        let name = "guard_\(UUID().uuidString.prefix(8).lowercased())"
        let said = try answers(
            [
                "CREATE TABLE \(name) (a int)", "SELECT 1 AS a INTO \(name)",
                "CREATE TEMP TABLE \(name) (a int)",
                "INSERT INTO \(name) VALUES (1)", "SELECT a FROM \(name)", "SET ROLE NONE",
                "SELECT set_config('rOlE', 'none', false)", "SELECT count(*) > 0 FROM pg_stat_activity",
                "SELECT count(*) > 0 FROM pg_class", "SELECT 'SET ROLE x; CREATE TABLE y' /* DROP TABLE z */",
                "CREATE VIEW \(name)_v AS SELECT 1", "EXPLAIN (COSTS off) SELECT 1", "selec 1",
                "SELECT 1; CREATE TABLE \(name)_2 (a int)", "SELECT to_regclass('\(name)_2') IS NULL",
            ], user: "writer", database: "scratch", token: token)
        #expect(
            said == [
                "42501", "42501", "", "", "1", "42501", "42501", "42501", "t", "SET ROLE x; CREATE TABLE y",
                "42501", "Result", "42601", "42501", "t",
            ])
    }

    @Test("What somebody made a moment ago is looked for in the catalogue before it is refused")
    func justMade() throws {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        _ = try client.login(
            testbed, parameters: [("user", "writer"), ("database", "scratch")],
            token: try token("eu-writer", forbidding: "egress"))
        let name = Testbed.unique("just_made")
        defer {
            _ = try? testbed.direct(
                .euA,
                "drop table if exists \(name)_1, \(name)_2, \(name)_3; drop function if exists \(name)()",
                database: "scratch")
        }
        func sqlstate(_ sql: String) throws -> String? {
            try client.send(RawClient.query(sql))
            return try client.readFrames(until: "Z").first { $0.letter == "E" }?.field("C")
        }
        #expect(try sqlstate("SELECT 1") == nil)
        for number in 1...3 {
            let table = "\(name)_\(number)"
            _ = try testbed.direct(
                .euA, "create table \(table) (a int); grant select on \(table) to writer", database: "scratch"
            )
            #expect(try sqlstate("SELECT a FROM \(table)") == nil)
        }
        _ = try testbed.direct(
            .euA, "create function \(name)() returns int language sql as 'select 1'", database: "scratch")
        #expect(try sqlstate("SELECT \(name)()") == nil)
        #expect(try sqlstate("SELECT a FROM \(name)_4") == "42501")
        #expect(try sqlstate("SELECT \(name)_4()") == "42501")
        #expect(try sqlstate("SELECT 2") == nil)
    }

    @Test("Rule 6: nobody ends another's statement, changes a role that is handed out, or forges who asked")
    func always() throws {
        let token = try testbed.token(.conformance)
        let said = try answers(
            [
                "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_cancel_backend(1)",
                "ALTER ROLE analyst SET search_path = x", "ALTER ROLE CURRENT_USER PASSWORD 'x'",
                "SET domicile.subject = 'x'", "SELECT set_config('domicile.' || 'subject', 'x', false)",
                "COMMIT PREPARED 'x'", "DO $$ BEGIN PERFORM 1; END $$", "SELECT 1",
            ], user: "tester", database: "scratch", token: token)
        #expect(said == ["42501", "42501", "42501", "42501", "42501", "42501", "42501", "", "1"])
    }

    @Test(
        "F-WIRE-17: in a pipeline the refusal stands where the server's error would, and what follows is skipped"
    )
    func pipeline() throws {
        let application = Testbed.unique("guard-pipeline")
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        let token = try token("eu-writer", forbidding: "ddl")
        _ = try client.login(
            testbed,
            parameters: [("user", "writer"), ("database", "scratch"), ("application_name", application)],
            token: token)
        var bytes: [UInt8] = []
        for sql in ["SELECT 1", "CREATE TABLE guard_never (a int)", "SELECT 3"] {
            try Parse.encode(name: [], sql: Array(sql.utf8), into: &bytes)
            try Bind.encode(portal: [], statement: [], into: &bytes)
            try Execute.encode(portal: [], maximumRows: 0, into: &bytes)
        }
        PGWire.Sync.encode(into: &bytes)
        try client.send(bytes)
        let frames = try client.readFrames(until: "Z")
        #expect(frames.map(\.letter) == ["1", "2", "D", "C", "E", "Z"])
        let error = try #require(frames.first { $0.letter == "E" })
        #expect(error.field("C") == "42501")
        #expect(error.field("D")?.contains("CREATE TABLE") == true, "\(error.field("D") ?? "")")
        #expect(error.field("P") == nil)
        try client.send(RawClient.query("SELECT 4"))
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let verdicts = log.records(of: sessions, "parse").map { $0.keys["verdict"] as? [String: Any] }
        #expect(verdicts.map { $0?["allowed"] as? Bool } == [true, false, true])
        let refused = log.records(of: sessions, "parse").filter {
            ($0.keys["verdict"] as? [String: Any])?["allowed"] as? Bool == false
        }
        #expect(refused.map(\.sql) == ["CREATE TABLE guard_never (a int)"])
        let verdict = try #require(refused.first?.keys["verdict"] as? [String: Any])
        #expect(verdict["allowed"] as? Bool == false)
        #expect(verdict["classes"] as? [String] == ["ddl"])
        let outcomes = log.records(of: sessions, "outcome")
        #expect(outcomes.first { $0.of == refused.first?.message }?.sqlstate == "42501")
    }

    @Test(
        "F-GRD-09: what was prepared before a reload forbids it is refused when it is bound, and by EXECUTE")
    func reload() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let table = Testbed.unique("guard")
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)", database: "scratch") }
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { client.close() }
        _ = try client.login(
            own.testbed, parameters: [("user", "writer"), ("database", "scratch")],
            token: try token("eu-writer", forbidding: "peers"))
        var bytes: [UInt8] = []
        try Parse.encode(
            name: Array("make".utf8), sql: Array("CREATE TABLE \(table) (a int)".utf8), into: &bytes)
        try Parse.encode(name: Array("read".utf8), sql: Array("SELECT 1".utf8), into: &bytes)
        PGWire.Sync.encode(into: &bytes)
        try client.send(bytes)
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["1", "1", "Z"])
        try own.reload {
            $0.replacingOccurrences(
                of: "    replicates: allow", with: "    replicates: allow\n    forbid: [ddl]")
        }
        func run(_ name: String) throws -> [RawClient.Frame] {
            var bytes: [UInt8] = []
            try Bind.encode(portal: [], statement: Array(name.utf8), into: &bytes)
            try Execute.encode(portal: [], maximumRows: 0, into: &bytes)
            PGWire.Sync.encode(into: &bytes)
            try client.send(bytes)
            return try client.readFrames(until: "Z")
        }
        try own.testbed.eventually("the new policy holds for the session") {
            // Refused by the server in any case, and by the gateway with a rule.
            try client.send(RawClient.query("CREATE TABLE pg_catalog.\(table) (a int)"))
            return try client.readFrames(until: "Z").first?.field("D")?.contains("forbids it") == true
        }
        let refused = try run("make")
        #expect(refused.map(\.letter) == ["E", "Z"])
        #expect(refused.first?.field("C") == "42501")
        try client.send(RawClient.query("EXECUTE make"))
        #expect(try client.readFrames(until: "Z").first?.field("C") == "42501")
        #expect(try run("read").map(\.letter) == ["2", "D", "C", "Z"])
        let made = "select to_regclass('\(table)') is null"
        #expect(try testbed.direct(.euA, made, database: "scratch") == "t")
    }

    @Test("F-WIRE-26: a FunctionCall is judged by its OID, and the unnamed statement survives its refusal")
    func functionCall() throws {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        _ = try client.login(
            testbed, parameters: [("user", "writer"), ("database", "scratch")],
            token: try token("eu-writer", forbidding: "egress"))
        var bytes: [UInt8] = []
        try Parse.encode(name: [], sql: Array("SELECT 7".utf8), into: &bytes)
        // pg_read_file(text), and lo_creat(int4) of libpq's large objects
        try FunctionCall.encode(function: 2624, arguments: [Array("PG_VERSION".utf8)], into: &bytes)
        try client.send(bytes)
        let refused = try client.readFrames(until: "Z")
        #expect(refused.map(\.letter) == ["1", "E", "Z"])
        #expect(refused.first { $0.letter == "E" }?.field("C") == "42501")
        bytes = []
        try Bind.encode(portal: [], statement: [], into: &bytes)
        try Execute.encode(portal: [], maximumRows: 0, into: &bytes)
        PGWire.Sync.encode(into: &bytes)
        try FunctionCall.encode(function: 957, arguments: [Array("-1".utf8)], into: &bytes)
        try client.send(bytes)
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["2", "D", "C", "Z"])
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["V", "Z"])
    }

    @Test("F-GRD-11: a function that the operator vouches for is called, and is refused where nobody does")
    func harmless() throws {
        let name = Testbed.unique("vouched").replacingOccurrences(of: "-", with: "_").lowercased()
        defer { _ = try? testbed.direct(.euA, "DROP FUNCTION IF EXISTS \(name)(text)", database: "scratch") }
        let body = "DECLARE n int; BEGIN EXECUTE 'SELECT ' || $1 INTO n; RETURN n; END"
        let quoted = body.replacingOccurrences(of: "'", with: "''")
        _ = try testbed.direct(
            .euA, "CREATE FUNCTION \(name)(text) RETURNS int LANGUAGE plpgsql AS '\(quoted)'",
            database: "scratch")
        let own = try OwnGateway(
            testbed,
            edit: {
                $0.replacingOccurrences(
                    of: "\n  scratch:\n",
                    with: "\n  scratch:\n    harmless: { functions: [public.\(name)] }\n")
            })
        defer { own.remove() }
        let token = try token("eu-writer", forbidding: "egress")
        func answer(_ gateway: Testbed) throws -> String {
            let run = try Command.run(
                "psql", ["-X", "-A", "-t", "-v", "VERBOSITY=sqlstate", "-c", "SELECT \(name)('41 + 1')"],
                environment: gateway.environment(user: "writer", database: "scratch", token: token))
            return (run.output + run.error).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        try testbed.eventually("it is known", within: 40) { try answer(own.testbed) == "42" }
        #expect(try answer(testbed).hasSuffix("42501"))
    }

    @Test("A statement too complex to judge is 54001, in every session where the lexer would take its time")
    func complex() throws {
        let deep = "SELECT 1" + String(repeating: "+1", count: 2_500)
        let comment =
            "SELECT 1 " + String(repeating: "/*", count: 5_000) + String(repeating: "*/", count: 5_000)
        let guarded = try answers(
            [deep, "SELECT 1"], user: "writer", database: "scratch",
            token: try token("eu-writer", forbidding: "egress"))
        #expect(guarded == ["54001", "1"])
        let free = try answers(
            [deep, comment], user: "tester", database: "scratch", token: try testbed.token(.conformance))
        #expect(free == ["2501", "54001"])
    }
}
