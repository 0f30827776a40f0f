import Foundation
import Testing

/// A revocation and a kill reach a session whatever it is doing, and leave nothing of it at the replica.
@Suite(.serialized)
struct RevocationStateTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test(
        "F-ID-15: a session ends within 1 s with 57P01 whatever it does; its backend is gone before session.end, and nothing stays",
        arguments: Activity.allCases)
    func whatever(_ doing: Activity) throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (table, application) = (Testbed.unique("revoked"), Testbed.unique("revoked"))
        try testbed.direct(.euA, "create table \(table) (n int); alter table \(table) owner to writer")
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        let other = try ground.session(try ground.token("exec-2", "eu-writer"), application: "other")
        defer { other.close() }
        let client = try ground.session(try ground.token("exec-1", "eu-writer"), application: application)
        defer { client.close() }
        let backend = "select count(*) from pg_stat_activity where application_name = '\(application)'"
        #expect(try testbed.direct(.euA, backend) == "1")
        try doing.begin(client, table: table)
        let begun = Date()
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.expectEnd(client)
        #expect(Date().timeIntervalSince(begun) < 1)
        let (log, sessions) = try ground.gateway.testbed.endedSessions(application, region: "eu-west-1")
        #expect(try testbed.direct(.euA, backend) == "0" || doing == .idle)
        let end = try #require(log.records(of: sessions, "session.end").first)
        #expect(end.sqlstate == "57P01")
        #expect(end.keys["backend"] as? String == (doing == .idle ? nil : "gone"))
        try testbed.eventually("the backend is gone", within: 1) { try testbed.direct(.euA, backend) == "0" }
        #expect(try testbed.direct(.euA, "select count(*) from \(table)") == "0")
        try ground.expectAlive(other)
    }

    @Test("An executor that reads nothing of a large result is ended at the replica within 1 s, too")
    func stoppedReader() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let application = Testbed.unique("stopped")
        let client = try ground.session(try ground.token("exec-1", "eu-writer"), application: application)
        defer { client.close() }
        try client.send(AbuseFrames.query("select repeat('x', 1000), generate_series(1, 100000000)"))
        let backend = "select wait_event from pg_stat_activity where application_name = '\(application)'"
        try testbed.eventually("the server waits for its reader") {
            try testbed.direct(.euA, backend) == "ClientWrite"
        }
        let begun = Date()
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        let (log, sessions) = try ground.gateway.testbed.endedSessions(application, region: "eu-west-1")
        #expect(Date().timeIntervalSince(begun) < 1.5)
        #expect(log.records(of: sessions, "session.end").first?.keys["backend"] as? String == "gone")
        #expect(try testbed.direct(.euA, backend).isEmpty)
    }

    @Test(
        "Rule 5: what was pipelined behind a running statement is not executed after session.end, nor ever",
        arguments: [false, true])
    func pipelinedInsert(extended: Bool) throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (table, application) = (Testbed.unique("pipelined"), Testbed.unique("pipelined"))
        try testbed.direct(.euA, "create table \(table) (n int); alter table \(table) owner to writer")
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        let client = try ground.session(try ground.token("exec-1", "eu-writer"), application: application)
        defer { client.close() }
        let statements = ["select pg_sleep(1)", "insert into \(table) values (1)"]
        try client.send(
            statements.flatMap { sql in
                extended
                    ? AbuseFrames.parse(sql) + AbuseFrames.bind() + AbuseFrames.execute() + AbuseFrames.sync
                    : AbuseFrames.query(sql)
            })
        let sleeping =
            "select count(*) from pg_stat_activity where application_name = '\(application)' and state = 'active'"
        try testbed.eventually("it sleeps") { try testbed.direct(.euA, sleeping) == "1" }
        let kill = try ground.gateway.domicile("kill", try ground.name(application), "--reason", "test")
        #expect(kill.status == 0, "\(kill.error)")
        try ground.expectEnd(client, message: "terminating session: killed by an operator")
        let (log, sessions) = try ground.gateway.testbed.endedSessions(application, region: "eu-west-1")
        let backends = "select count(*) from pg_stat_activity where application_name = '\(application)'"
        #expect(try testbed.direct(.euA, backends) == "0")
        #expect(try testbed.direct(.euA, "select count(*) from \(table)") == "0")
        let end = try #require(log.records(of: sessions, "session.end").first)
        #expect(end.keys["backend"] as? String == "gone")
        let admin = try #require(log.records.first { $0.keys["operation"] as? String == "kill" })
        #expect(admin.keys["target"] as? String == end.session)
        #expect(admin.keys["reason"] as? String == "test")
        #expect(admin.seq < end.seq)
    }
}
