import Foundation
import Glibc
import PGWire
import Testing

/// Nobody fills the log for others (architecture, rule 11), at gateways of the tests' own with small budgets.
@Suite(.serialized)
struct LogFloodTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func gateway(_ rate: String, _ changes: (String, String)...) throws -> OwnGateway {
        try OwnGateway(
            testbed,
            edit: { text in
                ([("second_per_subject: 1GiB", "second_per_subject: \(rate)")] + changes).reduce(text) {
                    $0.replacingOccurrences(of: $1.0, with: $1.1)
                }
            })
    }

    private func session(
        _ own: OwnGateway, _ token: Testbed.Token = .euAnalyst, _ user: String = "analyst",
        application: String = "budget", from source: String? = nil
    ) throws -> (client: RawClient, answer: RawClient.Frame?) {
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port, from: source)
        let frames = try client.login(
            own.testbed,
            parameters: [("user", user), ("database", "orders"), ("application_name", application)],
            token: testbed.token(token))
        return (client, frames.last)
    }

    @Test("A flood by one principal is slowed down to its budget, loses nothing, and slows nobody else down")
    func flood() throws {
        // Eight seconds of 64 KiB at once, 512 KiB; one worker, so that both sessions are on it.
        let own = try gateway("64KiB", ("limits:\n", "limits:\n  workers: 1\n"))
        defer { own.remove() }
        let (flooding, _) = try session(own, application: "flooding")
        defer { flooding.close() }
        let (other, _) = try session(own, .euWriter, "writer", application: "other")
        defer { other.close() }
        // 72 statements of 10 KiB: some 200 KiB beyond the bucket, which take 3 s to come.
        let comment = String(repeating: "x", count: 10 << 10)
        var bytes: [UInt8] = []
        for number in 0..<72 { bytes += try RawClient.query("select \(number) -- \(comment)") }
        let begun = Date()
        try flooding.send(bytes)
        var slowest = 0.0
        var rounds = 0
        while Date().timeIntervalSince(begun) < 1.5 {
            let asked = Date()
            try other.send(try RawClient.query("select 1"))
            #expect(try other.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
            slowest = max(slowest, Date().timeIntervalSince(asked))
            rounds += 1
        }
        #expect(slowest < 1, "\(slowest)")
        #expect(rounds > 10)
        for _ in 0..<72 {
            #expect(try flooding.readFrames(until: "Z", within: 20).map(\.letter) == ["T", "D", "C", "Z"])
        }
        let took = Date().timeIntervalSince(begun)
        #expect(took > 2, "\(took)")
        #expect(took < 30, "\(took)")
        #expect(try own.testbed.metric("domicile_log_budget_waits_total") ?? 0 > 0)
        #expect(try own.testbed.metric("domicile_log_budget_wait_seconds_total") ?? 0 > 1)
        flooding.close()
        let (log, sessions) = try own.testbed.endedSessions("flooding", region: "eu-west-1")
        let recorded = log.records(of: sessions, "query").compactMap(\.sql)
        #expect(recorded == (0..<72).map { "select \($0) -- \(comment)" })
        #expect(log.records(of: sessions, "outcome").compactMap(\.tag).count == 72)
    }

    @Test(
        "The outcomes of one text of many statements are all recorded, no faster than the budget pays for them"
    )
    func outcomes() throws {
        // 8 MiB at once; 60,000 outcomes of some 200 bytes are 12 MB.
        let own = try gateway("1MiB", ("limits:\n", "limits:\n  workers: 1\n"))
        defer { own.remove() }
        let (client, _) = try session(own, application: "outcomes")
        defer { client.close() }
        let begun = Date()
        try client.send(try RawClient.query(String(repeating: "select;", count: 60_000)))
        var completed = 0
        while let frame = try client.skimFrame(), frame.letter != "Z" {
            if frame.letter == "C" { completed += 1 }
        }
        let took = Date().timeIntervalSince(begun)
        #expect(completed == 60_000)
        #expect(took > 2, "\(took)")
        #expect(try own.testbed.metric("domicile_log_budget_waits_total") ?? 0 > 0)
        client.close()
        let (log, sessions) = try own.testbed.endedSessions("outcomes", region: "eu-west-1")
        #expect(log.records(of: sessions, "outcome").count == 60_000)
    }

    @Test(
        "53400 for a statement larger than the budget ever holds, by Query and by Parse; the session lives on"
    )
    func tooLarge() throws {
        let own = try gateway("16KiB")
        defer { own.remove() }
        let (client, _) = try session(own, application: "large")
        defer { client.close() }
        // The bucket holds 128 KiB.
        let long = "select 1 -- " + String(repeating: "x", count: 128 << 10)
        try client.send(try RawClient.query(long))
        let answer = try client.readFrames(until: "Z")
        #expect(answer.map(\.letter) == ["E", "Z"])
        #expect(answer.first?.field("C") == "53400")
        #expect(answer.first?.field("S") == "ERROR")
        #expect(answer.first?.field("D")?.contains("limits.log_bytes_per_second_per_subject") == true)
        var pipeline: [UInt8] = []
        try Parse.encode(name: [], sql: Array(long.utf8), into: &pipeline)
        Sync.encode(into: &pipeline)
        try client.send(pipeline)
        #expect(try client.readFrames(until: "Z").map { $0.field("C") ?? $0.letter } == ["53400", "Z"])
        try client.send(try RawClient.query("select 2"))
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        #expect(try own.testbed.metric(#"domicile_statements_refused_total{class="over_budget"}"#) == 2)
        client.close()
        let (log, sessions) = try own.testbed.endedSessions("large", region: "eu-west-1")
        let refused = log.records(of: sessions, "query", "parse").filter { $0.sql == nil }
        #expect(refused.map(\.type) == ["query", "parse"])
        for record in refused {
            #expect((record.keys["verdict"] as? [String: Any])?["allowed"] as? Bool == false)
            #expect(record.keys["bytes"] as? Int ?? 0 > 128 << 10)
        }
        #expect(
            log.records(of: sessions, "outcome").map { $0.sqlstate ?? $0.tag } == [
                "53400", "53400", "SELECT 1",
            ])
    }

    @Test(
        "Who owes more than may wait logs in to nothing (53400); what it began before goes on, and others are let in"
    )
    func overdrawn() throws {
        let own = try gateway("1KiB")
        defer { own.remove() }
        let (client, _) = try session(own, application: "owing")
        defer { client.close() }
        // Each of these bytes takes six in the record: 24 KiB, of which no more than 18 s' worth is owed.
        let controls = String(repeating: "\u{1}", count: 4 << 10)
        try client.send(try RawClient.query("select 1 -- \(controls)"))
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        let (second, answer) = try session(own, application: "second")
        second.close()
        #expect(answer?.letter == "E")
        #expect(answer?.field("C") == "53400")
        #expect(answer?.field("S") == "FATAL")
        let (other, greeting) = try session(own, .euWriter, "writer", application: "other")
        #expect(greeting?.letter == "Z")
        other.close()
        let asked = Date()
        try client.send(try RawClient.query("select 2"))
        #expect(try client.readFrames(until: "Z", within: 30).map(\.letter) == ["T", "D", "C", "Z"])
        #expect(Date().timeIntervalSince(asked) > 5)
        own.process.signal(SIGTERM)
        client.close()
        _ = own.process.wait(timeout: 20)
        // The refused login has no record of its own: it is in a sum.
        let log = try own.testbed.log("eu-west-1")
        let refused = log.records.filter { $0.type == "session.refused" }
        #expect(refused.map(\.sqlstate) == ["53400"])
        #expect(refused.first?.keys["count"] as? Int == 1)
        #expect(refused.first?.keys["client"] as? String == "127.0.0.1")
        #expect(log.isGapFree)
    }

    @Test(
        "A flood of refused logins leaves no more records than the budget holds, all of them counted, and keeps nobody out"
    )
    func refusedLogins() throws {
        let own = try gateway("1KiB")
        defer { own.remove() }
        for _ in 0..<60 {
            let (client, answer) = try session(own, .expired, application: "knocking")
            client.close()
            #expect(answer?.field("C") == "28P01")
        }
        let (client, answer) = try session(own, application: "good")
        #expect(answer?.letter == "Z")
        client.close()
        #expect(try own.testbed.metric("domicile_refusals_summed_total") ?? 0 > 30)
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        let log = try own.testbed.log("eu-west-1")
        let refused = log.records.filter { $0.type == "session.refused" }
        let sums = refused.filter { $0.keys["count"] != nil }
        let single = refused.count - sums.count
        #expect(single >= 7 && single < 30, "\(single)")
        #expect(sums.allSatisfy { $0.sqlstate == "28P01" && $0.keys["client"] as? String == "127.0.0.1" })
        #expect(single + sums.reduce(0) { $0 + ($1.keys["count"] as? Int ?? 0) } == 60)
    }

    @Test("Logins beyond an address's rate are counted in a record; another address is let in meanwhile")
    func beyondRate() throws {
        let own = try gateway(
            "1GiB", ("logins_per_second_per_address: 5000", "logins_per_second_per_address: 5"))
        defer { own.remove() }
        var refused = 0
        for _ in 0..<40 {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            defer { client.close() }
            try client.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
            try client.startup([("user", "analyst"), ("database", "orders")])
            if try client.readFrame()?.field("C") == "53300" { refused += 1 }
        }
        #expect(refused > 10)
        let (client, answer) = try session(own, from: "127.0.0.2")
        #expect(answer?.letter == "Z")
        client.close()
        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        let sums = try own.testbed.log("eu-west-1").records.filter {
            $0.type == "session.refused" && $0.sqlstate == "53300"
        }
        #expect(sums.reduce(0) { $0 + ($1.keys["count"] as? Int ?? 0) } == refused)
        #expect(sums.allSatisfy { $0.keys["client"] as? String == "127.0.0.1" })
    }
}
