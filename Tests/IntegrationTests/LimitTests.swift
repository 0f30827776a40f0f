import Foundation
import Testing

/// Limits on sessions and connections, as those see them who meet them.
@Suite(.serialized)
struct LimitTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func gateway(_ changes: (String, String)...) throws -> OwnGateway {
        try OwnGateway(
            testbed,
            edit: { text in changes.reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) } })
    }

    @Test("F-WIRE-04: one session more than limits.sessions is told 53300 over TLS, as psql shows it")
    func sessions() throws {
        let own = try gateway(("limits:\n", "limits:\n  sessions: 1\n"))
        defer { own.remove() }
        let first = try RawClient.through(own.testbed)
        let second = try own.testbed.psql("select 1")
        #expect(second.status == 2)
        #expect(second.error.contains("FATAL:  too many sessions"), "\(second.error)")
        #expect(second.error.contains("limits.sessions"), "\(second.error)")
        first.close()
        try own.testbed.eventually("there is room again") { try own.testbed.psql("select 1").text == "1" }
    }

    @Test("F-WIRE-34: connections that say nothing use up none of limits.sessions")
    func silence() throws {
        let own = try gateway(("limits:\n", "limits:\n  sessions: 2\n"))
        defer { own.remove() }
        let silent = try (0..<300).map { _ in
            try RawClient(host: own.testbed.host, port: own.testbed.port)
        }
        let began = Date()
        #expect(try own.testbed.psql("select 1").text == "1")
        #expect(Date().timeIntervalSince(began) < 1)
        for client in silent { client.close() }
    }

    @Test(
        "An address whose tokens keep failing hears of it ever later, by password and by OAUTHBEARER; a good token from it is let in at once"
    )
    func failures() throws {
        let own = try gateway(("failure_delay: 0", "failure_delay: 4s"))
        defer { own.remove() }
        func fail(_ application: String) throws -> RawClient {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            try client.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
            try client.startup(
                [("user", "analyst"), ("database", "orders"), ("application_name", application)])
            #expect(try client.readFrame()?.letter == "R")
            try client.password(testbed.token(.expired))
            return client
        }
        // Thirty at once: the first ten are answered, the others wait.
        let clients = try (0..<30).map { try fail("failing-\($0)") }
        defer { for client in clients { client.close() } }
        let last = try fail("last")
        defer { last.close() }
        // Its record does not wait.
        var begun = Date()
        #expect(try own.testbed.refusal("last")?.sqlstate == "28P01")
        for _ in 0..<3 { #expect(try own.testbed.psql("select 1").text == "1") }
        let waited = Date().timeIntervalSince(begun)
        #expect(waited < 3, "\(waited)")
        begun = Date()
        #expect(try last.readFrames(until: "!").map { $0.field("C") } == ["28P01"])
        let held = Date().timeIntervalSince(begun)
        #expect(held > 0.5, "\(held)")
        for client in clients {
            #expect(try client.readFrames(until: "!").map { $0.field("C") } == ["28P01"])
        }
        let bearer = try RawClient.offered(own.testbed, application: "bearer")
        defer { bearer.close() }
        try bearer.chooseBearer(RawClient.bearerMessage("Bearer \(try testbed.token(.expired))"))
        begun = Date()
        #expect(try bearer.readChallenge()["status"] == "invalid_token")
        let challenged = Date().timeIntervalSince(begun)
        #expect(challenged > 0.5, "\(challenged)")
        try bearer.respond([1])
        #expect(try bearer.readFrames(until: "!").map { $0.field("C") } == ["28P01"])
    }

    @Test(
        "one login more than logins_per_second_per_address is 53300; sessions_per_subject leaves other subjects alone"
    )
    func rates() throws {
        let own = try gateway(
            ("logins_per_second_per_address: 5000", "logins_per_second_per_address: 2"),
            ("sessions_per_subject: 5000", "sessions_per_subject: 1"))
        defer { own.remove() }
        // A second's worth at once, so that the third is too many unless the first two took half a second.
        var answers: [String?] = []
        try testbed.eventually("a login is one too many") {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            defer { client.close() }
            try client.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
            try client.startup([("user", "analyst"), ("database", "orders")])
            let answer = try client.readFrame()
            answers.append(answer?.field("D"))
            return answer?.field("C") == "53300"
        }
        #expect(answers.count > 2)
        #expect((answers.last ?? nil)?.contains("limits.logins_per_second_per_address") == true)
        // Spread out, it is let in again, the one subject once and another beside it.
        func session(_ token: Testbed.Token, _ user: String) throws -> RawClient {
            var found: RawClient?
            try testbed.eventually("there is a login left") {
                let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
                try client.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
                try client.startup([("user", user), ("database", "orders")])
                guard try client.readFrame()?.letter == "R" else { return false }
                try client.password(testbed.token(token))
                found = client
                return true
            }
            return try #require(found)
        }
        let first = try session(.euAnalyst, "analyst")
        defer { first.close() }
        #expect(try first.readFrames(until: "Z").last?.letter == "Z")
        let second = try session(.euAnalyst, "analyst")
        defer { second.close() }
        let refusal = try second.readFrames(until: "Z").last
        #expect(refusal?.field("C") == "53300")
        #expect(refusal?.field("D")?.contains("limits.sessions_per_subject") == true)
        let other = try session(.euWriter, "writer")
        defer { other.close() }
        #expect(try other.readFrames(until: "Z").last?.letter == "Z")
    }

    @Test(
        "Failures slow down their own address alone: from it another subject is let in at once, and from elsewhere the same subject, whose failures are answered at once there too"
    )
    func failuresLockNobodyOut() throws {
        let own = try gateway(("failure_delay: 0", "failure_delay: 4s"))
        defer { own.remove() }
        func answer(_ token: Testbed.Token, _ user: String, from source: String) throws -> (String?, Double) {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port, from: source)
            defer { client.close() }
            let begun = Date()
            let frames = try client.login(
                own.testbed, parameters: [("user", user), ("database", "orders")], token: testbed.token(token)
            )
            return (frames.last?.field("C"), Date().timeIntervalSince(begun))
        }
        let failing = try (0..<30).map { _ in
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port, from: "127.0.0.2")
            try client.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
            try client.startup([("user", "analyst"), ("database", "orders")])
            #expect(try client.readFrame()?.letter == "R")
            try client.password(testbed.token(.expired))
            return client
        }
        defer { for client in failing { client.close() } }
        #expect(try failing[0].readFrames(until: "Z").last?.field("C") == "28P01")
        let slow = try answer(.expired, "analyst", from: "127.0.0.2")
        #expect(slow.0 == "28P01" && slow.1 > 1, "\(slow)")
        for (token, user, source, expected) in [
            (Testbed.Token.euWriter, "writer", "127.0.0.2", nil), (.euAnalyst, "analyst", "127.0.0.2", nil),
            (.euAnalyst, "analyst", "127.0.0.3", nil), (.expired, "analyst", "127.0.0.3", "28P01"),
        ] as [(Testbed.Token, String, String, String?)] {
            let found = try answer(token, user, from: source)
            #expect(found.0 == expected && found.1 < 1, "\(user) from \(source): \(found)")
        }
    }

    @Test("one session more than sessions_per_address is 53300, whoever it is of; another address is let in")
    func sessionsOfAddress() throws {
        let own = try gateway(("limits:\n", "limits:\n  sessions_per_address: 1\n"))
        defer { own.remove() }
        func login(
            _ token: Testbed.Token, _ user: String, from source: String
        ) throws -> (RawClient, RawClient.Frame?) {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port, from: source)
            let frames = try client.login(
                own.testbed, parameters: [("user", user), ("database", "orders")], token: testbed.token(token)
            )
            return (client, frames.last)
        }
        let first = try login(.euAnalyst, "analyst", from: "127.0.0.2")
        #expect(first.1?.letter == "Z")
        let second = try login(.euWriter, "writer", from: "127.0.0.2")
        #expect(second.1?.field("C") == "53300")
        #expect(second.1?.field("D")?.contains("limits.sessions_per_address") == true)
        let elsewhere = try login(.euAnalyst, "analyst", from: "127.0.0.3")
        #expect(elsewhere.1?.letter == "Z")
        for client in [first.0, second.0, elsewhere.0] { client.close() }
        try testbed.eventually("there is room again") {
            let again = try login(.euWriter, "writer", from: "127.0.0.2")
            again.0.close()
            return again.1?.letter == "Z"
        }
    }

    @Test(
        "one login more than logins_per_second_per_subject is 53300, from whatever address; others are let in"
    )
    func loginsOfSubject() throws {
        let own = try gateway(
            ("logins_per_second_per_subject: 5000", "logins_per_second_per_subject: 2"))
        defer { own.remove() }
        var refusal: RawClient.Frame?
        var number = 0
        func login(_ token: Testbed.Token, _ user: String) throws -> RawClient.Frame? {
            number += 1
            let client = try RawClient(
                host: own.testbed.host, port: own.testbed.port, from: "127.0.0.\(2 + number % 5)")
            defer { client.close() }
            return try client.login(
                own.testbed, parameters: [("user", user), ("database", "orders")], token: testbed.token(token)
            ).last
        }
        try testbed.eventually("a login is one too many") {
            refusal = try login(.euAnalyst, "analyst")
            return refusal?.letter == "E"
        }
        #expect(number > 2)
        #expect(refusal?.field("C") == "53300")
        #expect(refusal?.field("D")?.contains("limits.logins_per_second_per_subject") == true)
        #expect(try login(.euWriter, "writer")?.letter == "Z")
        try testbed.eventually("it is let in again") { try login(.euAnalyst, "analyst")?.letter == "Z" }
    }

    @Test("a session that reaches max_lifetime is told so, and not that its token has expired")
    func lifetime() throws {
        let own = try gateway(("session:\n", "session:\n  max_lifetime: 1s\n"))
        defer { own.remove() }
        let client = try RawClient.through(own.testbed)
        let end = try #require(try client.readFrame())
        #expect(end.field("C") == "57P01")
        #expect(end.field("D")?.contains("session.max_lifetime") == true, "\(end.field("D") ?? "")")
        client.close()
    }

    @Test("a reload that changes what is captured holds from a live session's next statement")
    func captureReloaded() throws {
        let own = try gateway()
        defer { own.remove() }
        let application = Testbed.unique("captured")
        let client = try RawClient.through(own.testbed, application: application)
        func bind() throws {
            try client.send(
                AbuseFrames.parse("select $1::text") + AbuseFrames.bind([[120, 121]]) + AbuseFrames.execute()
                    + AbuseFrames.sync)
            #expect(try client.readFrames(until: "Z").map(\.letter) == ["1", "2", "D", "C", "Z"])
        }
        try bind()
        try own.reload { $0.replacingOccurrences(of: "parameters: hash", with: "parameters: keep") }
        try own.testbed.eventually("the reload is in force") {
            try own.testbed.metric("domicile_config_reloads_total") == 1
        }
        try bind()
        client.close()
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let parameters = log.records(of: sessions, "bind").map {
            ($0.keys["parameters"] as? [[String: Any]])?.first
        }
        try #require(parameters.count == 2)
        #expect(parameters[0]?["digest"] != nil && parameters[0]?["value"] == nil)
        #expect(parameters[1]?["value"] as? String == "xy")
    }

    @Test("F-WIRE-33: who leaves in a statement holds the replica no longer than drain_timeout")
    func abandoned() throws {
        let own = try gateway(("session:\n", "session:\n  drain_timeout: 1s\n"))
        defer { own.remove() }
        let application = Testbed.unique("abandoned")
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        let named = [("user", "analyst"), ("database", "orders"), ("application_name", application)]
        let greeting = try client.login(own.testbed, parameters: named, token: testbed.token(.euAnalyst))
        try #require(greeting.last?.letter == "Z")
        try client.send(AbuseFrames.query("select pg_sleep(60)"))
        let running = "select count(*) from pg_stat_activity where application_name = '\(application)'"
        try own.testbed.eventually("it runs") { try testbed.direct(.euA, running) == "1" }
        client.close()
        try own.testbed.eventually("its backend is gone", within: 5) {
            try testbed.direct(.euA, running) == "0"
        }
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let end = try #require(log.records(of: sessions, "session.end").first)
        #expect(end.keys["reason"] as? String == "executor_closed")
        #expect(log.records(of: sessions, "outcome").map { $0.keys["reason"] as? String } == ["lost"])
    }

    @Test(
        "a statement of limits.statement bytes passes in either protocol, one byte more is 54000 and recorded so"
    )
    func statement() throws {
        let own = try gateway(("limits:\n", "limits:\n  statement: 100KiB\n"))
        defer { own.remove() }
        let application = Testbed.unique("statement")
        let client = try RawClient.through(own.testbed, application: application)
        func sql(_ bytes: Int) -> String { "select 1 --" + String(repeating: "x", count: bytes - 11) }
        let limit = 100 << 10
        for (bytes, isTaken) in [(limit, true), (limit + 1, false)] {
            try client.send(AbuseFrames.query(sql(bytes)))
            let simple = try client.readFrames(until: "Z")
            #expect(simple.map(\.letter) == (isTaken ? ["T", "D", "C", "Z"] : ["E", "Z"]))
            #expect(simple.first?.field("C") == (isTaken ? nil : "54000"))
            let types = [UInt32](repeating: 25, count: 20)
            try client.send(AbuseFrames.parse(sql(bytes), name: "a name", types: types) + AbuseFrames.sync)
            let parsed = try client.readFrames(until: "Z")
            #expect(parsed.map(\.letter) == [isTaken ? "1" : "E", "Z"])
            #expect(parsed.first?.field("C") == (isTaken ? nil : "54000"))
        }
        client.close()
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let refused = log.records(of: sessions, "query", "parse").filter {
            ($0.keys["verdict"] as? [String: Any])?["allowed"] as? Bool == false
        }
        #expect(refused.map { $0.keys["sql_bytes"] as? Int } == [limit + 1, limit + 1])
    }

    @Test("a Bind's record has the types that its Parse declared; a malformed one has no identity in it")
    func bindRecords() throws {
        let application = Testbed.unique("types")
        let client = try RawClient.through(testbed, application: application)
        try client.send(
            AbuseFrames.parse("select $1, $2", types: [23, 0]) + AbuseFrames.bind([[49], [50]])
                + AbuseFrames.execute() + AbuseFrames.sync)
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["1", "2", "D", "C", "Z"])
        try client.send(AbuseFrames.frame("B", [0, 0, 0]) + AbuseFrames.sync)
        #expect(try client.readFrames(until: "Z").first?.field("C") == "08P01")
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let binds = log.records(of: sessions, "bind")
        try #require(binds.count == 2)
        let parameters = binds[0].keys["parameters"] as? [[String: Any]]
        #expect(parameters?.map { $0["type"] as? Int } == [23, nil])
        #expect(binds[1].keys["reason"] as? String == "malformed")
        #expect(binds[1].keys["subject"] == nil)
        #expect(binds[1].keys["client"] == nil)
    }
}
