import Foundation
import Testing

/// The verified facts of a session at the server, as `domicile.*` settings, and row-level security that relies on them:
/// the testbed's table `notes` shows each executor the rows whose owner is its token's subject.
@Suite(.serialized)
struct RowLevelFactsTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let settings = "domicile.session|domicile.subject|domicile.planner|domicile.task".split(
        separator: "|")

    private func token(_ name: String, subject: String, _ claims: [String] = []) throws -> String {
        let encoded = try JSONEncoder().encode([subject])
        // One element of a JSON list: the text as JSON.
        let text = String(decoding: encoded.dropFirst().dropLast(), as: UTF8.self)
        let run = try Command.run("\(testbed.root)/script/testbed", ["token", name, "sub=\(text)"] + claims)
        guard run.status == 0 else { throw CommandFailure(run) }
        return run.text
    }

    private func login(
        _ token: String, user: String = "writer", _ parameters: [(String, String)] = []
    ) throws -> (client: RawClient, answer: [RawClient.Frame]) {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        let answer = try client.login(
            testbed, parameters: [("user", user), ("database", "orders")] + parameters, token: token)
        return (client, answer)
    }

    private func session(
        _ token: String, user: String = "writer", _ parameters: [(String, String)] = []
    ) throws -> RawClient {
        let (client, answer) = try login(token, user: user, parameters)
        try #require(
            answer.last?.letter == "Z", "\(answer.last?.field("C") ?? "") \(answer.last?.field("D") ?? "")")
        return client
    }

    private func setting(_ name: some StringProtocol, _ client: RawClient) throws -> String? {
        try client.values("select current_setting('\(name)', true)").first
    }

    /// The SQLSTATE of a statement; nil where it worked.
    private func sqlstate(_ sql: String, _ client: RawClient) throws -> String? {
        try client.send(AbuseFrames.query(sql))
        return try client.readFrames(until: "Z").first { $0.letter == "E" }?.field("C")
    }

    // MARK: Rows

    @Test("Two executors of one role see, change and remove their own rows only, and write none for another")
    func ownRows() throws {
        let names = [Testbed.unique("facts_a"), Testbed.unique("facts_b")]
        defer { _ = try? testbed.direct(.euA, "delete from notes where owner like 'facts\\_%'") }
        let writers = try names.map { try session(token("eu-writer", subject: $0)) }
        defer { for writer in writers { writer.close() } }
        for (index, writer) in writers.enumerated() {
            #expect(try sqlstate("insert into notes (body) values ('of \(index)')", writer) == nil)
        }
        for (index, writer) in writers.enumerated() {
            #expect(
                try writer.values("select owner || ' ' || body from notes") == ["\(names[index]) of \(index)"]
            )
            let other = names[1 - index]
            #expect(
                try sqlstate("insert into notes (owner, body) values ('\(other)', 'forged')", writer)
                    == "42501")
            #expect(try sqlstate("update notes set owner = '\(other)'", writer) == "42501")
            #expect(
                try writer.values(
                    "with d as (delete from notes where owner = '\(other)' returning 1) select count(*) from d"
                ) == ["0"])
        }
        // The same subject by another role, in a read-only session.
        let reader = try session(token("eu-analyst", subject: names[0]), user: "analyst")
        defer { reader.close() }
        #expect(try reader.values("select body from notes") == ["of 0"])
        let stranger = try session(token("eu-analyst", subject: Testbed.unique("facts_c")), user: "analyst")
        defer { stranger.close() }
        #expect(try stranger.values("select count(*) from notes") == ["0"])
        let all = try testbed.direct(
            .euA, "select count(*) from notes where owner in ('\(names[0])', '\(names[1])', 'nobody')")
        #expect(all == "3")
    }

    // MARK: The settings

    @Test("Session, subject, planner and task reach the server, each as the token and the log have it")
    func reaches() throws {
        let application = Testbed.unique("facts")
        let subject = Testbed.unique("facts")
        let claims = ["azp=nightly batch", "task_id=task/7 'x'"]
        let client = try session(
            token("eu-analyst", subject: subject, claims), user: "analyst",
            [("application_name", application)])
        let values = try Self.settings.map { try setting($0, client) ?? "" }
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        #expect(sessions == [values[0]])
        #expect(Array(values.dropFirst()) == [subject, "nightly batch", "task/7 'x'"])
        let start = try #require(log.records(of: sessions, "session.start").first)
        #expect(start.keys["subject"] as? String == subject)
        #expect(start.keys["planner"] as? String == "nightly batch")
        #expect(start.keys["task"] as? String == "task/7 'x'")
    }

    @Test("A token without planner and task has them empty, not those of somebody else")
    func absent() throws {
        let run = try Command.run(
            "\(testbed.root)/script/testbed",
            ["token", "eu-analyst", "--without", "azp", "--without", "task_id"])
        guard run.status == 0 else { throw CommandFailure(run) }
        let client = try session(run.text, user: "analyst")
        defer { client.close() }
        #expect(try setting("domicile.planner", client) == "")
        #expect(try setting("domicile.task", client) == "")
        #expect(try setting("domicile.subject", client) == "eu-analyst")
    }

    @Test(
        "A subject of any printable text reaches the server byte by byte, up to 256 bytes; one more is no subject",
        arguments: [
            "o'brien", "\"quoted\" 'twice'", "back\\slash \\' \\\\", "two  spaces ",
            "-c domicile.task=forged",
            "$1 ; drop table notes --", "Żółć ж 漢字 😀", "a=b,c=d", "%s%n", String(repeating: "x", count: 256),
            String(repeating: "é", count: 128), String(repeating: "'", count: 256),
        ])
    func subjects(subject: String) throws {
        let client = try session(token("eu-analyst", subject: subject), user: "analyst")
        defer { client.close() }
        #expect(try setting("domicile.subject", client) == subject)
        #expect(try setting("domicile.task", client) == "task-eu-analyst")
        let (other, answer) = try login(
            token("eu-analyst", subject: String(repeating: "x", count: 257)), user: "analyst")
        other.close()
        #expect(answer.last?.field("C") == "28P01")
    }

    // MARK: At startup

    @Test(
        "An executor cannot bring the settings along, in any spelling that the server folds, and no session begins",
        arguments: [
            ("domicile.subject", "forged", "42501"), ("DOMICILE.Subject", "forged", "42501"),
            ("domicile.task", "", "42501"), ("domicile.session", "forged", "42501"),
            ("Domicile.PLANNER", "x", "42501"),
            ("domicile.other", "x", "42501"),
            ("options", "-c domicile.subject=forged", "42501"),
            ("options", "-cdomicile.subject=forged", "42501"),
            ("options", "-c DOMICILE.SUBJECT=forged", "42501"),
            ("options", "--domicile.subject=forged", "42501"),
            ("options", "--DOMICILE.subject=forged", "42501"),
            ("options", "-c domicile\\.subject=forged", "42501"),
            ("options", "-c \\domicile.subject=forged", "42501"),
            ("options", "-c work_mem=1MB -c domicile.task=x", "42501"),
            ("options", "  -c   domicile.subject=forged", "42501"),
            ("options", "-c domicile.sub-ject=forged", "42501"),
        ])
    func atStartup(name: String, value: String, code: String) throws {
        // Before it is asked for its token.
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        try client.beginTLS(authority: testbed.authority, host: testbed.host)
        try client.startup([("user", "writer"), ("database", "orders"), (name, value)])
        let answer = try client.readFrames(until: "!")
        #expect(answer.map(\.letter) == ["E"])
        #expect(answer.last?.field("C") == code)
    }

    @Test("What folds to another name is no setting of ours: the server says that it knows none such")
    func otherName() throws {
        let subject = Testbed.unique("facts")
        let (client, answer) = try login(
            token("eu-writer", subject: subject), [("options", "--DOMICILE-subject=forged")])
        defer { client.close() }
        #expect(answer.map(\.letter) == ["E"])
        #expect(answer.last?.field("C") == "42704")
    }

    @Test("What else an executor sets at startup goes with the facts, and takes none of their places")
    func beside() throws {
        let subject = Testbed.unique("facts")
        let client = try session(
            token("eu-writer", subject: subject),
            [
                ("options", "-c myapp.subject=own -c work_mem=2MB"), ("xdomicile.subject", "own"),
                ("search_path", "public"),
            ])
        defer { client.close() }
        #expect(try setting("domicile.subject", client) == subject)
        #expect(try setting("myapp.subject", client) == "own")
        #expect(try setting("xdomicile.subject", client) == "own")
    }

    // MARK: In a session

    @Test(
        "Under forbid: [opaque] an executor cannot change the facts by any statement, and keeps those of its login",
        arguments: [
            "set domicile.subject = 'forged'", "set session DOMICILE.Subject to forged",
            "set \"domicile\".\"subject\" = 'forged'", "set local domicile.task = 'forged'",
            "select set_config('domicile.subject', 'forged', false)",
            "select pg_catalog.set_config('Domicile.' || 'subject', 'forged', false)",
            "select set_config(name, 'forged', false) from (values ('domicile.subject')) v(name)",
            "select set_config(U&'domicile.s\\0075bject', 'forged', false)",
            "with x as (select set_config('domicile.subject', 'forged', false)) select * from x",
            "do $$ begin perform set_config('domicile.subject', 'forged', false); end $$",
            "do $$ begin execute 'set domicile.subject = ''forged'''; end $$",
            "select facts_forge()", "select facts_forge_sql()", "select * from facts_forge_sql()",
            "call facts_forge_call()",
            "prepare f as select set_config('domicile.subject', 'forged', false)",
            "explain analyze select set_config('domicile.subject', 'forged', false)",
            "create function pg_temp.f() returns text language sql set domicile.subject = 'forged' as 'select 1'",
            "select query_to_xml('select set_config(''domicile.subject'', ''forged'', false)', true, true, '')",
            "update notes set body = set_config('domicile.subject', 'forged', false)",
            "alter role current_user set domicile.subject = 'forged'",
            "begin; set local domicile.subject = 'forged'; select 1",
        ])
    func forged(sql: String) throws {
        try Self.makeForgers(testbed)
        let subject = Testbed.unique("facts")
        let client = try session(
            token(
                "eu-writer", subject: subject,
                [#"authorization_details=[{"type":"domicile","forbid":["opaque"]}]"#]))
        defer { client.close() }
        #expect(try sqlstate(sql, client) == "42501")
        _ = try sqlstate("rollback", client)
        #expect(try setting("domicile.subject", client) == subject)
        #expect(try setting("domicile.task", client) == "task-eu-writer")
        #expect(try client.values("select count(*) from notes where owner <> '\(subject)'") == ["0"])
    }

    /// Functions of the database's owner that would forge the subject of whoever calls them.
    private static func makeForgers(_ testbed: Testbed) throws {
        _ = try testbed.direct(
            .euA,
            """
            create or replace function public.facts_forge() returns text language plpgsql as
              $$ begin return set_config('domicile.subject', 'forged', false); end $$;
            create or replace function public.facts_forge_sql() returns text language sql as
              $$ select set_config('domicile.subject', 'forged', false) $$;
            create or replace procedure public.facts_forge_call() language plpgsql as
              $$ begin perform set_config('domicile.subject', 'forged', false); end $$
            """)
    }

    @Test(
        "What resets settings leaves the facts of the login, since they came with it",
        arguments: [
            "reset domicile.subject", "reset domicile.session", "reset DOMICILE.Task", "reset all",
            "discard all",
            "set domicile.subject to default", "begin; set local domicile.subject to default; commit",
        ])
    func resets(sql: String) throws {
        let subject = Testbed.unique("facts")
        let client = try session(token("eu-writer", subject: subject))
        defer { client.close() }
        let before = try Self.settings.map { try setting($0, client) ?? "" }
        #expect(before[1] == subject)
        // Whether it is refused or not.
        for statement in sql.split(separator: ";") { _ = try sqlstate(String(statement), client) }
        #expect(try Self.settings.map { try setting($0, client) ?? "" } == before)
        #expect(try client.values("select count(*) from notes where owner <> '\(subject)'") == ["0"])
    }
}
