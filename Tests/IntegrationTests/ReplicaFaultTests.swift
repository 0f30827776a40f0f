import Foundation
import Glibc
import Testing

/// Replicas that are stopped, before a session and during one.
@Suite(.serialized)
struct ReplicaFaultTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func login(
        user: String = "analyst", database: String = "orders", _ token: Testbed.Token, application: String
    ) throws -> RawClient.Frame? {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        return try client.login(
            testbed, parameters: [("user", user), ("database", database), ("application_name", application)],
            token: testbed.token(token)
        ).last
    }

    @Test(
        "with both EU replicas stopped an EU login gets 08001, never the US server, while US logins work; then all works"
    )
    func bothStopped() throws {
        let application = Testbed.unique("stopped")
        let american = Testbed.unique("american")
        let connections = try testbed.connections(to: .usA) {
            try testbed.stopping([.euA, .euB]) {
                for _ in 0..<3 {
                    let answer = try login(.euAnalyst, application: application)
                    #expect(answer?.letter == "E")
                    #expect(answer?.field("C") == "08001")
                    #expect(answer?.field("D")?.contains("Allowed regions: eu-west-1, eu-central-1") == true)
                    #expect(answer?.field("H")?.contains("never served from another region") == true)
                    usleep(400_000)
                }
                let run = try testbed.psql("select 1", extra: ["PGAPPNAME": application])
                #expect(run.status == 2)
                #expect(run.error.contains("FATAL:  no healthy replica of \"orders\" in an allowed region"))
                let us = try testbed.psql(
                    "show cluster_name", token: .usAnalyst, extra: ["PGAPPNAME": american])
                #expect(us.text == "orders-us-a", "\(us.error)")
            }
        }
        // The one is the American's.
        #expect(connections == 1)
        let record = try #require(try testbed.refusal(application))
        #expect(record.sqlstate == "08001")
        #expect(record.keys["region"] as? String == "eu-west-1")
        #expect(try testbed.regionsThatMention(application) == ["eu-west-1"])
        #expect(try testbed.regionsThatMention(american) == ["us-east-1"])
        for (database, server) in [("orders", "orders-eu-a"), ("orders@eu-central-1", "orders-eu-b")] {
            let run = try testbed.psql("show cluster_name", database: database)
            #expect(run.text == server, "\(run.error)")
        }
    }

    @Test("with the primary stopped a writer gets 08001 while an analyst is served by the EU standby")
    func primaryStopped() throws {
        try testbed.stopping([.euA]) {
            let writer = try login(user: "writer", .euWriter, application: Testbed.unique("writer"))
            #expect(writer?.letter == "E")
            #expect(writer?.field("C") == "08001")
            let application = Testbed.unique("analyst")
            let analyst = try testbed.psql("show cluster_name", extra: ["PGAPPNAME": application])
            #expect(analyst.text == "orders-eu-b", "\(analyst.error)")
            _ = try testbed.endedSessions(application, region: "eu-central-1")
            #expect(try testbed.regionsThatMention(application) == ["eu-central-1"])
        }
        let writer = try testbed.psql("show cluster_name", user: "writer", token: .euWriter)
        #expect(writer.text == "orders-eu-a", "\(writer.error)")
    }

    @Test("F-POL-07: a server that answers no new login is passed over in time, and is not healthy for long")
    func frozen() throws {
        try testbed.freezing([.euA]) {
            let began = Date()
            let analyst = try testbed.psql("show cluster_name")
            #expect(analyst.text == "orders-eu-b", "\(analyst.error)")
            #expect(Date().timeIntervalSince(began) < 5)
            let writer = try login(user: "writer", .euWriter, application: Testbed.unique("frozen"))
            #expect(writer?.field("C") == "08001")
            #expect(writer?.field("D")?.contains("orders-eu-a: ") == true, "\(writer?.field("D") ?? "")")
            let up = #"domicile_replica_up{database="orders",replica="orders-eu-a",region="eu-west-1"}"#
            try testbed.eventually("the frozen server is down") { try testbed.metric(up) == 0 }
            let again = Date()
            #expect(try testbed.psql("show cluster_name").text == "orders-eu-b")
            #expect(Date().timeIntervalSince(again) < 1)
        }
        try testbed.freezing([.euA, .euB]) {
            let nobody = try login(.euAnalyst, application: Testbed.unique("frozen"))
            #expect(nobody?.field("C") == "08001")
        }
        #expect(try testbed.psql("show cluster_name").text == "orders-eu-a")
    }

    @Test(
        "what a replica answers to a login is told in words, and is not blamed on an executor who set nothing"
    )
    func refusedByReplica() throws {
        try testbed.direct(.euA, "alter role analyst connection limit 0")
        defer { _ = try? testbed.direct(.euA, "alter role analyst connection limit -1") }
        let answer = try login(database: "orders@eu-west-1", .euAnalyst, application: Testbed.unique("limit"))
        #expect(answer?.field("C") == "53300")
        let detail = answer?.field("D") ?? ""
        #expect(
            detail.contains("orders-eu-a: login failed: the replica answered SQLSTATE 53300"), "\(detail)")
        try testbed.direct(.euA, "alter role analyst connection limit -1")
        try testbed.direct(.euA, "revoke connect on database orders from public")
        defer { _ = try? testbed.direct(.euA, "grant connect on database orders to public") }
        let barred = try login(
            database: "orders@eu-west-1", .euAnalyst, application: Testbed.unique("barred"))
        #expect(barred?.field("C") == "08001")
        let reason = barred?.field("D") ?? ""
        #expect(
            reason.contains("orders-eu-a: login failed: the replica answered SQLSTATE 42501"), "\(reason)")
    }

    @Test(
        "a backend that is terminated: the executor gets the server's own 57P01, and the session's end is recorded"
    )
    func terminated() throws {
        let application = Testbed.unique("terminated")
        let sql = "select pg_sleep(60), '\(application)'"
        let psql = try testbed.startPsql([sql], token: testbed.token(.euAnalyst), application: application)
        let process = try testbed.backend(at: .euA, running: sql.replacingOccurrences(of: "'", with: "''"))
        #expect(try testbed.direct(.euA, "select pg_terminate_backend(\(process))") == "t")
        let run = psql.wait(timeout: 20)
        #expect(
            run.error.contains("FATAL:  57P01: terminating connection due to administrator command"),
            "\(run.error)")
        #expect(run.status != 0 && run.status != -1)
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        #expect(log.records(of: sessions, "query").map(\.sql) == [sql])
        #expect(log.records(of: sessions, "outcome").map(\.sqlstate) == ["57P01"])
        #expect(log.records(of: sessions, "session.end").count == 1)
        #expect(log.isGapFree)
    }

    @Test(
        "a replica that dies in a session: the executor gets 08006 or the server's 57P0x, and the end is recorded"
    )
    func died() throws {
        let application = Testbed.unique("died")
        let sql = "select pg_sleep(60), '\(application)'"
        let psql = try testbed.startPsql(
            [sql], database: "orders@eu-central-1", token: testbed.token(.euAnalyst), application: application
        )
        _ = try testbed.backend(at: .euB, running: sql.replacingOccurrences(of: "'", with: "''"))
        try testbed.stopping([.euB], mode: "immediate") {
            let run = psql.wait(timeout: 20)
            #expect(run.status != 0 && run.status != -1)
            #expect(run.error.contains(#/FATAL:  (08006|57P0[123]):/#), "\(run.error)")
        }
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-central-1")
        let ends = log.records(of: sessions, "session.end")
        #expect(ends.count == 1)
        #expect(["08006", "57P01", "57P02", "57P03"].contains(ends.first?.sqlstate ?? ""), "\(ends)")
        #expect(log.records(of: sessions, "query").count == 1)
        #expect(log.isGapFree)
    }
}
