import Foundation
import Testing

/// A log that cannot take a record, and the three durabilities.
@Suite(.serialized)
struct FullLogTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func succeed(_ program: String, _ arguments: String...) throws {
        let run = try Command.run(program, arguments)
        guard run.status == 0 else { throw CommandFailure(run) }
    }

    private func login(
        _ gateway: OwnGateway, user: String, _ token: Testbed.Token, database: String = "orders"
    ) throws -> (client: RawClient, answer: RawClient.Frame?) {
        let client = try RawClient(host: gateway.testbed.host, port: gateway.testbed.port)
        let answer = try client.login(
            gateway.testbed,
            parameters: [("user", user), ("database", database), ("application_name", "full")],
            token: gateway.testbed.token(token))
        return (client, answer.last)
    }

    @Test(
        "F-AUD-02: with the log's disk full nothing is forwarded and sessions get 58030; with room again all works"
    )
    func diskFull() throws {
        let table = Testbed.unique("full")
        var mounted = ""
        // Mounting needs root: without it this test fails, it is not skipped.
        let gateway = try OwnGateway(testbed) { folder in
            mounted = "\(folder)/audit/eu-west-1"
            try FileManager.default.createDirectory(atPath: mounted, withIntermediateDirectories: true)
            try succeed("mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "domicile-test", mounted)
        }
        defer {
            gateway.remove()
            do { try succeed("umount", mounted) } catch { Issue.record("\(error)") }
            try? FileManager.default.removeItem(atPath: gateway.folder)
        }
        try testbed.direct(.euA, "create table \(table) (n int); grant all on \(table) to writer")
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        let own = gateway.testbed
        let (american, begun) = try login(gateway, user: "analyst", .usAnalyst)
        defer { american.close() }
        try #require(begun?.letter == "Z")
        var acknowledged: [Int] = []
        for round in 1...20 {
            let (writer, ready) = try login(gateway, user: "writer", .euWriter)
            defer { writer.close() }
            try #require(ready?.letter == "Z", "round \(round): \(ready?.field("C") ?? "")")
            // dd ends with status 1 where there is no room left.
            #expect(try Command.run("dd", ["if=/dev/zero", "of=\(mounted)/filler", "bs=1k"]).status == 1)
            acknowledged += try insertUntilRefused(writer, table, round: round)
            try expectFull(gateway)
            // Another region's log has room: its sessions are not disturbed.
            try american.send(try RawClient.query("show cluster_name"))
            #expect(try american.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
            try FileManager.default.removeItem(atPath: "\(mounted)/filler")
            try own.eventually("round \(round): ready again") { try own.http("/readyz").status == 200 }
        }
        #expect(
            try testbed.direct(.euA, "select coalesce(array_agg(n order by n), '{}') from \(table)")
                == "{\(acknowledged.sorted().map(String.init).joined(separator: ","))}")
        let log = try own.log("eu-west-1")
        #expect(log.isGapFree)
        let recorded = Set(log.records.compactMap(\.sql))
        for n in acknowledged { #expect(recorded.contains("insert into \(table) values (\(n))")) }
        // What the gateway knew when the disk was full is in the log too: how each statement and session ended.
        let starts = log.records.filter { $0.type == "session.start" }.compactMap(\.session)
        let ends = log.records.filter { $0.type == "session.end" }.compactMap(\.session)
        #expect(Set(starts).isSubset(of: ends))
        for session in Set(starts) {
            let queries = log.records(of: [session], "query").compactMap(\.message)
            let outcomes = log.records(of: [session], "outcome").compactMap(\.of)
            #expect(Set(queries).isSubset(of: outcomes), "\(session)")
        }
        let unsent = log.records.filter { $0.keys["reason"] as? String == "not_forwarded" }
        #expect(!unsent.isEmpty)
        #expect(try own.psql("select 1", extra: ["PGAPPNAME": "after"]).text == "1")
    }

    /// Inserts until one is refused: what is left of the last page may still take a few records. The refused one, and
    /// it alone, is not among the answers.
    private func insertUntilRefused(_ writer: RawClient, _ table: String, round: Int) throws -> [Int] {
        var acknowledged: [Int] = []
        for index in 0..<50 {
            let n = round * 1000 + index
            try writer.send(try RawClient.query("insert into \(table) values (\(n))"))
            let answer = try writer.readFrames(until: "Z")
            if answer.map(\.letter) == ["C", "Z"] {
                acknowledged.append(n)
                continue
            }
            #expect(answer.map(\.letter) == ["E"])
            #expect(answer.first?.field("C") == "58030")
            #expect(answer.first?.field("D")?.contains("eu-west-1") == true)
            #expect(try testbed.direct(.euA, "select count(*) from \(table) where n = \(n)") == "0")
            return acknowledged
        }
        Issue.record("round \(round): the full log took 50 statements")
        return acknowledged
    }

    private func expectFull(_ gateway: OwnGateway) throws {
        let own = gateway.testbed
        let (client, answer) = try login(gateway, user: "analyst", .euAnalyst)
        client.close()
        #expect(answer?.letter == "E")
        #expect(answer?.field("C") == "58030")
        // Another region's log takes records: its logins go on.
        let (other, greeting) = try login(gateway, user: "analyst", .usAnalyst)
        other.close()
        #expect(greeting?.letter == "Z")
        let ready = try own.http("/readyz")
        #expect(ready.status == 503)
        #expect(ready.body.contains("eu-west-1"), "\(ready.body)")
        #expect(try own.http("/livez").status == 200)
        #expect(try own.metric(#"domicile_audit_log_up{region="eu-west-1"}"#) == 0)
    }

    @Test(
        "a session works and is recorded with every durability",
        arguments: ["strict", "acknowledged", "buffered"])
    func durability(name: String) throws {
        let gateway = try OwnGateway(
            testbed,
            edit: { $0.replacingOccurrences(of: "durability: acknowledged", with: "durability: \(name)") })
        defer { gateway.remove() }
        let run = try gateway.testbed.psqlCommands(
            ["select 1", "select 2/0", "select 3"], token: testbed.token(.euAnalyst), application: name)
        #expect(run.text == "1\n3")
        let (log, sessions) = try gateway.testbed.endedSessions(name, region: "eu-west-1")
        #expect(log.isGapFree)
        #expect(log.records(of: sessions, "query").map(\.sql) == ["select 1", "select 2/0", "select 3"])
        #expect(log.records(of: sessions, "outcome").map(\.sqlstate) == [nil, "22012", nil])
        let bench = try Command.run(
            "pgbench", ["-n", "-S", "-c", "4", "-t", "50", "-M", "prepared"],
            environment: gateway.testbed.environment(
                user: "analyst", database: "orders", token: testbed.token(.euAnalyst),
                extra: ["PGAPPNAME": "bench"]))
        #expect(bench.status == 0, "\(bench.error)")
        let (after, clients) = try gateway.testbed.endedSessions("bench", region: "eu-west-1", count: 5)
        #expect(after.records(of: clients, "execute").count == 200)
        #expect(after.isGapFree)
    }
}
