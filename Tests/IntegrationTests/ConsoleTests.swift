import Foundation
import Testing

/// The gateway's own database `domicile`: who may look, what is shown, and what of it is recorded.
@Suite(.serialized)
struct ConsoleTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func psql(
        _ ground: RevocationGround, _ token: String, _ commands: String..., database: String = "domicile"
    ) throws -> Command.Run {
        try Command.run(
            "psql",
            ["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose"]
                + commands.flatMap { ["-c", $0] },
            environment: ground.gateway.testbed.environment(user: "auto", database: database, token: token))
    }

    private func admins(_ ground: RevocationGround) throws -> [RecordedLog.Record] {
        try ground.gateway.testbed.log("eu-west-1").records.filter { $0.type == "admin" }
    }

    @Test("psql reads the log by SELECT, lists its tables and copies out of them; each access is recorded")
    func reading() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let dba = try ground.token("dba-1", "operator")
        let executor = try ground.session(try ground.token("exec-1"), application: "seen")
        defer { executor.close() }
        _ = try ground.run("select count(*) from customers", executor)
        let found = try psql(
            ground, dba,
            "SELECT subject, sql FROM records WHERE relation = 'customers' AND time > now() - interval '1 hour'",
            "SELECT s.application, count(*) FROM sessions s JOIN records r USING (session) GROUP BY 1 HAVING s.application = 'seen'",
            "SHOW REPLICAS", "\\d", "\\d records", "\\dt", "\\l")
        #expect(found.status == 0, "\(found.error)")
        #expect(found.text.hasPrefix("exec-1|select count(*) from customers\nseen|"), "\(found.text)")
        #expect(found.text.contains("orders-eu-a|orders|eu-west-1|"))
        #expect(found.text.contains("public|records|table|domicile"))
        #expect(found.text.contains("token_id|text"))
        let file = "\(ground.gateway.folder)/copied"
        let copied = try psql(
            ground, dba, "\\copy (SELECT seq, type FROM records ORDER BY seq LIMIT 2) to '\(file)' csv")
        #expect(copied.status == 0, "\(copied.error)")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("0,session.start\n1,query\n"))
        let reads = try admins(ground).filter { $0.keys["operation"] as? String == "read" }
        #expect(reads.count > 8)
        #expect(reads.first?.sql?.contains("relation = 'customers'") == true)
        for read in reads {
            #expect(read.keys["subject"] as? String == "dba-1")
            #expect(read.keys["database"] as? String == "domicile")
            #expect(read.keys["role"] == nil && read.keys["replica"] == nil)
        }
        let log = try ground.gateway.testbed.log("eu-west-1")
        let starts = log.records.filter {
            $0.type == "session.start" && $0.keys["database"] as? String == "domicile"
        }
        #expect(starts.count == 2)
        #expect(
            (starts.first?.keys["decision"] as? [String: Any])?["may"] as? [String] == [
                "kill", "read", "reload", "revoke",
            ])
        try testbed.eventually("the sessions' ends are recorded") {
            try ground.gateway.testbed.log("eu-west-1").records.count {
                $0.type == "session.end" && $0.keys["reason"] as? String == "terminated"
            } == 2
        }
    }

    @Test("Who is no operator is refused with 42501 and recorded; who may only read can end nobody")
    func rights() throws {
        let issuers = "issuer: [\"\(try Testbed.variable("DOMICILE_ISSUER2"))\"]"
        let reader = "\n  - who: { \(issuers), groups: [watchers] }\n    may: [read]\n"
        let ground = try RevocationGround(testbed, edit: { $0 + reader })
        defer { ground.remove() }
        let victim = try ground.session(try ground.token("exec-1"), application: "victim")
        defer { victim.close() }
        let name = try ground.name("victim")
        let refused = try psql(ground, try ground.token("exec-2"), "SELECT 1")
        #expect(refused.status == 2)
        #expect(refused.error.contains("the database domicile is for operators"), "\(refused.error)")
        let records = try ground.gateway.testbed.log("eu-west-1").records
        #expect(records.last { $0.type == "session.refused" }?.sqlstate == "42501")
        // A token that is narrowed to another database.
        let narrowed = try ground.token(
            "dba-1", "operator", #"authorization_details=[{"type":"domicile","databases":["orders"]}]"#)
        #expect(try psql(ground, narrowed, "SELECT 1").status == 2)

        let watcher = try ground.token("watcher", "operator", #"groups=["watchers"]"#)
        let read = try psql(ground, watcher, "SELECT count(*) FROM sessions WHERE application = 'victim'")
        #expect(read.text == "1", "\(read.error)")
        for command in ["KILL '\(name)'", "REVOKE SUBJECT 'exec-1'", "RELOAD"] {
            let run = try psql(ground, watcher, command)
            #expect(run.error.contains("42501"), "\(command): \(run.error)")
        }
        try ground.expectAlive(victim)
        let attempts = try admins(ground).filter { $0.sqlstate == "42501" }
        #expect(attempts.compactMap { $0.keys["operation"] as? String } == ["kill", "revoke", "reload"])
        #expect(attempts.first?.keys["target"] as? String == name)
    }

    @Test("KILL, REVOKE and RELOAD do what the commands do, and say by whom")
    func commands() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let dba = try ground.token("dba-1", "operator")
        let clients = try ["exec-1", "exec-2"].map {
            try ground.session(try ground.token($0), application: $0)
        }
        defer { for client in clients { client.close() } }
        let name = try ground.name("exec-1")
        let killed = try psql(ground, dba, "KILL '\(name)' REASON 'runs away'")
        #expect(killed.status == 0, "\(killed.error)")
        try ground.expectEnd(clients[0], message: "terminating session: killed by an operator")
        try ground.expectAlive(clients[1])
        #expect(try psql(ground, dba, "KILL 'nothing'").error.contains("42704"))
        let ambiguous = try psql(ground, dba, "REVOKE SUBJECT 'exec-2'")
        #expect(ambiguous.error.contains("22023"), "two issuers: \(ambiguous.error)")
        let revoked = try psql(ground, dba, "REVOKE SUBJECT 'exec-2' ISSUER '\(ground.issuer)'")
        #expect(revoked.error.contains("1 sessions ended"), "\(revoked.error)")
        try ground.expectEnd(clients[1])
        let reloaded = try psql(ground, dba, "RELOAD")
        #expect(reloaded.error.contains("nothing changed"), "\(reloaded.error)")
        let records = try admins(ground)
        let kill = records.first { $0.keys["operation"] as? String == "kill" }
        #expect(kill?.keys["target"] as? String == name)
        #expect(kill?.keys["reason"] as? String == "runs away")
        for operation in ["kill", "revoke", "reload"] {
            let record = records.last { $0.keys["operation"] as? String == operation }
            #expect(record?.keys["subject"] as? String == "dba-1", "\(operation)")
        }
        // An operator is cut off like anybody else, also in the middle of a session.
        let watching = try ground.session(dba, database: "domicile", application: "watching")
        defer { watching.close() }
        try ground.expectAlive(watching)
        try ground.revoke("--subject", "dba-1", "--issuer", ground.issuer)
        try ground.expectEnd(watching)
    }

    @Test("A statement without end is recorded before it runs, and cancelled by Ctrl-C")
    func cancelling() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let endless = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x"
        let own = ground.gateway.testbed
        let psql = try Command.start(
            "psql", ["-X", "-A", "-t", "-v", "VERBOSITY=verbose", "-c", endless],
            environment: own.environment(
                user: "auto", database: "domicile", token: try ground.token("dba-1", "operator")))
        try testbed.eventually("the statement is recorded") {
            try admins(ground).contains { $0.sql == endless }
        }
        psql.signal(SIGINT)
        let run = psql.wait(timeout: 20)
        #expect(run.error.contains("57014"), "\(run.error)")
        let log = try own.log("eu-west-1")
        #expect(log.records.contains { $0.type == "cancel" && $0.keys["verdict"] as? String == "forwarded" })
    }

    @Test(
        "Operators that ask for all there is, and one that does not read, hold up no executor and each other little"
    )
    func flood() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let dba = try ground.token("dba-1", "operator")
        let executor = try ground.session(try ground.token("exec-1"), application: "served")
        defer { executor.close() }
        for _ in 0..<20 { try ground.expectAlive(executor) }
        func memory() throws -> Int { try AbuseWitness.memory(ground.gateway.testbed) }
        let before = try memory()
        let many = "SELECT a.record FROM records a, records b, records c, records d, records e"
        let silent = try ground.session(dba, database: "domicile", application: "silent")
        defer { silent.close() }
        try silent.send(AbuseFrames.query(many))
        let endless = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x"
        var busy: [RawClient] = []
        defer { for client in busy { client.close() } }
        for _ in 0..<4 {
            busy.append(try ground.session(dba, database: "domicile", application: "busy"))
            try busy.last?.send(AbuseFrames.query(endless))
        }
        let begun = Date()
        for _ in 0..<200 { try ground.expectAlive(executor) }
        let took = Date().timeIntervalSince(begun)
        #expect(took < 5, "200 statements took \(took) s")
        #expect(try memory() - before < 64 << 10, "kB more")
        // A session that goes frees its thread: what waited has its turn.
        for client in busy { client.close() }
        busy = []
        let reader = try ground.session(dba, database: "domicile", application: "reader")
        defer { reader.close() }
        try reader.send(AbuseFrames.query("SELECT 1"))
        #expect(try reader.readFrames(until: "Z", within: 10).map(\.letter) == ["T", "D", "C", "Z"])
    }

    @Test("A Debian driver reads with parameters, in a transaction, by COPY, and sees errors as PostgreSQL's")
    func driver() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let program = """
            import io, psycopg2, psycopg2.errors
            connection = psycopg2.connect("")
            cursor = connection.cursor()
            cursor.execute("SELECT seq, type, 1.5 FROM records WHERE seq < %s ORDER BY seq", (1,))
            print(cursor.fetchall(), connection.server_version >= 150000)
            try:
                cursor.execute("DELETE FROM records")
            except psycopg2.errors.ReadOnlySqlTransaction as error:
                print(error.pgcode)
            connection.rollback()
            out = io.StringIO()
            cursor.copy_expert("COPY (SELECT type FROM records ORDER BY seq LIMIT 1) TO STDOUT", out)
            print(repr(out.getvalue()))
            connection.commit()
            cursor.execute("SELECT attested FROM replicas LIMIT 1")
            print(cursor.fetchone())
            """
        let own = ground.gateway.testbed
        let run = try Command.run(
            "/usr/bin/python3", ["-c", program],
            environment: own.environment(
                user: "auto", database: "domicile", token: try ground.token("dba-1", "operator")))
        #expect(
            run.text == "[(0, 'session.start', 1.5)] True\n25006\n'session.start\\n'\n(True,)",
            "\(run.text) \(run.error)")
    }
}
