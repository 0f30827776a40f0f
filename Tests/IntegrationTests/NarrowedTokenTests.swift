import Foundation
import Testing

/// Tokens that narrow their own rights by `authorization_details` (RFC 9396).
@Suite(.serialized)
struct NarrowedTokenTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func psql(
        _ details: String, _ sql: String, persona: String = "eu-analyst", user: String = "auto",
        database: String = "orders", application: String = "narrowed"
    ) throws -> Command.Run {
        let token = try testbed.mint(persona, "authorization_details=\(details)")
        return try testbed.psql(
            sql, user: user, database: database, password: token, extra: ["PGAPPNAME": application])
    }

    @Test(
        "A token's regions narrow the rule's: the session is at the replica in the one that is left, and says so"
    )
    func region() throws {
        let application = Testbed.unique("narrowed")
        let run = try psql(
            #"[{"type":"domicile","regions":["eu-central-1","us-east-1"]}]"#,
            "select current_setting('cluster_name')", application: application)
        #expect(run.text == "orders-eu-b", "\(run.error)")
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-central-1")
        let start = try #require(log.records(of: sessions, "session.start").first)
        let decision = try #require(start.keys["decision"] as? [String: Any])
        #expect(decision["regions"] as? [String] == ["eu-central-1"])
    }

    @Test("A token with access read_only makes a writer's session read-only")
    func access() throws {
        let sql = "create table narrowed_\(UUID().uuidString.prefix(8).lowercased()) (i int)"
        let run = try psql(
            #"[{"type":"domicile","access":"read_only"}]"#, sql, persona: "eu-writer", database: "scratch")
        #expect(run.status != 0)
        #expect(run.error.contains("25006"), "\(run.error)")
        let shown = try psql(
            #"[{"type":"domicile","access":"read_write"}]"#, "show default_transaction_read_only",
            persona: "eu-analyst")
        #expect(shown.text == "on", "a token widens nothing: \(shown.error)")
    }

    @Test(
        "What the token leaves out is 42501, and what is malformed 28P01; both are recorded",
        arguments: [
            (#"[{"type":"domicile","databases":["scratch"]}]"#, "42501", "leave no database"),
            (#"[{"type":"domicile","roles":["writer"]}]"#, "42501", "leave no role"),
            (#"[{"type":"domicile","regions":["US"]}]"#, "42501", "leave no region"),
            (#"[{"type":"domicile","regions":[]}]"#, "42501", "leave no region"),
            (#"[{"type":"domicile","table":["customers"]}]"#, "28P01", "is not known"),
            (#"[{"type":"domicile","access":"write"}]"#, "28P01", "whose access"),
            (#"{"type":"domicile"}"#, "28P01", "are not a list"),
        ])
    func refused(details: String, sqlstate: String, detail: String) throws {
        let application = Testbed.unique("narrowed")
        let run = try psql(details, "select 1", application: application)
        #expect(run.status == 2)
        #expect(run.error.contains(detail), "\(run.error)")
        let record = try #require(try testbed.refusal(application))
        #expect(record.sqlstate == sqlstate)
    }

    @Test("Entries of other types are others' business")
    func otherTypes() throws {
        let run = try psql(#"[{"type":"payment","access":1}]"#, "select current_user")
        #expect(run.text == "analyst", "\(run.error)")
    }

    @Test("explain shows what the token leaves beside what the rule allows")
    func explained() throws {
        let token = try testbed.mint(
            "eu-analyst", #"authorization_details=[{"type":"domicile","regions":["eu-central-1"]}]"#)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID().uuidString)")
        try Data(token.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let run = try Command.run(
            testbed.binary,
            ["explain", "--config", testbed.configuration, "--token", file.path, "--database", "orders"])
        #expect(run.output.contains("allowed [eu-west-1, eu-central-1]"), "\(run.output)\(run.error)")
        #expect(run.output.contains("yes token: the token leaves regions [eu-central-1]"), "\(run.output)")
        #expect(run.output.contains("regions eu-central-1\n"), "\(run.output)")
    }
}
