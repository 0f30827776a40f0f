import Foundation
import Glibc
import Testing

/// SIGHUP and SIGTERM, on gateways of the tests' own.
@Suite(.serialized)
struct ReloadTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func session(
        _ gateway: OwnGateway, user: String = "analyst", _ token: Testbed.Token = .euAnalyst,
        application: String = "reload"
    ) throws -> RawClient {
        let client = try RawClient(host: gateway.testbed.host, port: gateway.testbed.port)
        let answer = try client.login(
            gateway.testbed,
            parameters: [("user", user), ("database", "orders"), ("application_name", application)],
            token: gateway.testbed.token(token))
        try #require(
            answer.last?.letter == "Z", "\(answer.last?.field("C") ?? "") \(answer.last?.field("M") ?? "")")
        return client
    }

    private func run(_ sql: String, _ client: RawClient) throws -> [RawClient.Frame] {
        try client.send(try RawClient.query(sql))
        return try client.readFrames(until: "Z")
    }

    private func expectEnd(_ client: RawClient, sqlstate: String, within seconds: Double = 10) throws {
        let rest = try client.readFrames(until: "!", within: seconds)
        #expect(rest.map(\.letter) == ["E"])
        #expect(rest.first?.field("C") == sqlstate)
        #expect(rest.first?.field("V") == "FATAL")
    }

    @Test(
        "SIGHUP with a rule removed ends the sessions that it allowed with 57P01, refuses new ones, keeps the others"
    )
    func ruleRemoved() throws {
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        let analyst = try session(gateway, application: "analyst")
        let writer = try session(gateway, user: "writer", .euWriter, application: "writer")
        defer { analyst.close() }
        defer { writer.close() }
        try gateway.reload { OwnGateway.without(rule: "eu-analysts", $0) }
        try expectEnd(analyst, sqlstate: "57P01")
        #expect(try gateway.testbed.metric("domicile_config_reloads_total") == 1)
        #expect(try run("select 1", writer).map(\.letter) == ["T", "D", "C", "Z"])
        let again = try RawClient(host: gateway.testbed.host, port: gateway.testbed.port)
        defer { again.close() }
        let refused = try again.login(
            gateway.testbed, parameters: [("user", "analyst"), ("database", "orders")],
            token: testbed.token(.euAnalyst))
        #expect(refused.map(\.letter) == ["E"])
        #expect(refused.first?.field("C") == "42501")
        let (log, sessions) = try gateway.testbed.endedSessions("analyst", region: "eu-west-1")
        #expect(log.records(of: sessions, "session.end").map(\.sqlstate) == ["57P01"])
        let admin = log.records.filter { $0.type == "admin" }
        #expect(admin.map { $0.keys["operation"] as? String } == ["reload"])
        // Put back, the rule holds again.
        try gateway.reload { $0 }
        try gateway.testbed.eventually("the rule is back") {
            try gateway.testbed.metric("domicile_config_reloads_total") == 2
        }
        try session(gateway).close()
    }

    @Test(
        "F-OPS-06: SIGHUP with a file that has mistakes leaves all as it was, is recorded and counted",
        arguments: ["surprise: true\n", "region: [\n"])
    func brokenFile(mistake: String) throws {
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        let analyst = try session(gateway)
        defer { analyst.close() }
        try gateway.reload { OwnGateway.without(rule: "eu-analysts", $0) + mistake }
        try gateway.testbed.eventually("the reload was refused") {
            try gateway.testbed.metric("domicile_config_reload_failed_total") == 1
        }
        #expect(try gateway.testbed.metric("domicile_config_reloads_total") == 0)
        #expect(try gateway.testbed.http("/readyz").status == 200)
        #expect(try run("select 1", analyst).map(\.letter) == ["T", "D", "C", "Z"])
        try session(gateway).close()
        let admin = try gateway.testbed.log("eu-west-1").records.filter { $0.type == "admin" }
        #expect(admin.map { $0.keys["operation"] as? String } == ["reload"])
        #expect((admin.first?.keys["reason"] as? String)?.hasPrefix("refused") == true)
    }

    /// A mistake of each kind that `check` tells: what stands in place of what.
    private static let mistakes: [(name: String, from: String, to: String)] = [
        ("no YAML", "region: eu-west-1\n", "region: [\n"),
        ("an unknown key", "health:\n", "healthy:\n"),
        ("a key twice", "state: state\n", "state: state\nstate: other\n"),
        ("no value", "  interval: 500ms\n", "  interval:\n"),
        ("a wrong unit", "  interval: 500ms\n", "  interval: 500 parsecs\n"),
        ("a number out of range", "  fall: 2\n", "  fall: 0\n"),
        ("a list for a mapping", "health:\n  interval: 500ms\n", "health: []\nhealthy:\n  interval: 500ms\n"),
        ("a variable that is not set", "${DOMICILE_PASSWORD_TESTER}", "${DOMICILE_NOT_SET}"),
        ("an unknown region", "    regions: [EU]\n", "    regions: [MOON]\n"),
        ("an unknown database", "    databases: [orders]\n", "    databases: [order]\n"),
        ("an unknown role", "    roles: [analyst]\n", "    roles: [analyse]\n"),
        ("a file that is not there", "role-ca.crt", "role-ca-lost.crt"),
        ("a certificate that is none", "certificates/gateway.crt", "certificates/gateway.key"),
        ("another's key", "certificates/gateway.key", "certificates/writer.key"),
        ("a rule without who", "  - name: eu-analysts\n", "  - name: eu-analysts\n    hwo: {}\n"),
    ]

    @Test(
        "F-OPS-06: SIGHUP with each mistake of `check` is refused, counted, recorded and said; the gateway stays ready and its sessions go on"
    )
    func everyMistake() throws {
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        let analyst = try session(gateway)
        defer { analyst.close() }
        for (index, mistake) in ReloadTests.mistakes.enumerated() {
            try gateway.reload { text in
                let broken = text.replacingOccurrences(of: mistake.from, with: mistake.to)
                if broken == text { Issue.record("\(mistake.name): nothing was changed") }
                return broken
            }
            try gateway.testbed.eventually(mistake.name, within: 5) {
                try gateway.testbed.metric("domicile_config_reload_failed_total") == Double(index + 1)
            }
            #expect(try gateway.testbed.http("/readyz").status == 200, "\(mistake.name)")
            #expect(try run("select 1", analyst).map(\.letter) == ["T", "D", "C", "Z"], "\(mistake.name)")
            let check = try Command.run(
                testbed.binary, ["check", "--config", gateway.testbed.configuration])
            #expect(check.status == 78, "\(mistake.name): \(check)")
        }
        #expect(try gateway.testbed.metric("domicile_config_reloads_total") == 0)
        let reasons = try gateway.testbed.log("eu-west-1").records.filter { $0.type == "admin" }
            .compactMap { $0.keys["reason"] as? String }
        #expect(reasons.count == ReloadTests.mistakes.count)
        #expect(reasons.allSatisfy { $0.hasPrefix("refused: ") })
        try session(gateway).close()
    }

    @Test(
        "a login that begins after a reload is said to be done is decided by what was read, on a busy gateway too"
    )
    func loginAfterReload() throws {
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        // Each of its logins keeps a worker from its mail for a while.
        let bench = try Command.start(
            "pgbench", ["-n", "-S", "-C", "-c", "8", "-T", "60"],
            environment: gateway.testbed.environment(
                user: "writer", database: "orders", token: testbed.token(.euWriter)))
        defer {
            bench.signal(SIGTERM)
            _ = bench.wait(timeout: 20)
        }
        for round in 1...60 {
            let isIn = round.isMultiple(of: 2)
            try gateway.reload { isIn ? $0 : OwnGateway.without(rule: "eu-analysts", $0) }
            while try gateway.testbed.metric("domicile_config_reloads_total") != Double(round) {}
            let client = try RawClient(host: gateway.testbed.host, port: gateway.testbed.port)
            defer { client.close() }
            let answer = try client.login(
                gateway.testbed, parameters: [("user", "analyst"), ("database", "orders")],
                token: testbed.token(.euAnalyst))
            #expect(answer.last?.letter == (isIn ? "Z" : "E"), "round \(round)")
            #expect(answer.last?.field("C") == (isIn ? nil : "42501"), "round \(round)")
        }
        #expect(bench.process.isRunning)
    }

    @Test("F-POL-16: while reloads and logins run together, each session is decided by one policy whole")
    func reloadLoop() throws {
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        func renamed(_ text: String) -> String {
            text.replacingOccurrences(of: "  - name: eu-analysts\n", with: "  - name: eu-analysts-2\n")
        }
        var rules: [String: String] = [:]
        func digest() throws -> String {
            let run = try Command.run(
                testbed.binary, ["check", "--config", gateway.testbed.configuration, "--json"])
            let report = try #require(
                try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
            return try #require(report["digest"] as? String)
        }
        rules[try digest()] = "eu-analysts"
        try gateway.reload(renamed)
        rules[try digest()] = "eu-analysts-2"
        let application = Testbed.unique("loop")
        for round in 0..<40 {
            try gateway.reload { round.isMultiple(of: 2) ? $0 : renamed($0) }
            for _ in 0..<3 { try? session(gateway, application: application).close() }
        }
        let (log, sessions) = try gateway.testbed.endedSessions(application, region: "eu-west-1")
        var seen: [String: Int] = [:]
        for record in log.records(of: sessions, "session.start") {
            let policy = (record.keys["decision"] as? [String: Any])?["policy"] as? String ?? ""
            #expect(rules[policy] == record.keys["rule"] as? String, "\(record.line)")
            seen[policy, default: 0] += 1
        }
        // Both held for some, and most logins got in.
        #expect(seen.count == 2 && seen.values.reduce(0, +) > 80, "\(seen)")
    }

    @Test(
        "F-OPS-03: SIGTERM ends idle sessions with 57P01 at once, lets a transaction finish, refuses logins, exits 0"
    )
    func drain() throws {
        let table = Testbed.unique("drain")
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        let working = try session(gateway, user: "writer", .euWriter, application: "working")
        let idle = try session(gateway, application: "idle")
        defer { working.close() }
        defer { idle.close() }
        _ = try run("create table \(table) (n int)", working)
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        #expect(try run("begin", working).last?.body == [UInt8(ascii: "T")])
        _ = try run("insert into \(table) values (1)", working)
        gateway.process.signal(SIGTERM)
        try expectEnd(idle, sqlstate: "57P01", within: 3)
        let refused = try gateway.testbed.psql("select 1")
        #expect(refused.status == 2)
        #expect(refused.error.contains("Connection refused"), "\(refused.error)")
        // Still within shutdown_timeout (5 s).
        #expect(try run("insert into \(table) values (2)", working).map(\.letter) == ["C", "Z"])
        try working.send(try RawClient.query("commit"))
        let rest = try working.readFrames(until: "!")
        #expect(rest.map(\.letter) == ["C", "Z", "E"])
        #expect(rest.last?.field("C") == "57P01")
        let end = gateway.process.wait(timeout: 10)
        #expect(end.status == 0, "\(end.error.suffix(500))")
        #expect(try testbed.direct(.euA, "select array_agg(n order by n) from \(table)") == "{1,2}")
        let log = try gateway.testbed.log("eu-west-1")
        #expect(log.isGapFree)
        for application in ["working", "idle"] {
            let ends = log.records(of: log.sessions(application: application), "session.end")
            #expect(ends.map(\.sqlstate) == ["57P01"], "\(application)")
        }
        #expect(!log.records.contains { $0.type == "log.recovered" })
    }

    @Test(
        "F-OPS-03: a transaction that goes on beyond shutdown_timeout is ended with 57P01 and rolled back, exit status 0"
    )
    func drainTimeout() throws {
        let table = Testbed.unique("drain")
        let gateway = try OwnGateway(
            testbed,
            edit: { $0.replacingOccurrences(of: "shutdown_timeout: 5s", with: "shutdown_timeout: 1s") })
        defer { gateway.remove() }
        let working = try session(gateway, user: "writer", .euWriter)
        defer { working.close() }
        _ = try run("create table \(table) (n int)", working)
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        _ = try run("begin", working)
        _ = try run("insert into \(table) values (1)", working)
        let begun = Date()
        gateway.process.signal(SIGTERM)
        try expectEnd(working, sqlstate: "57P01", within: 5)
        let seconds = Date().timeIntervalSince(begun)
        #expect(seconds > 0.8 && seconds < 4, "\(seconds)")
        #expect(gateway.process.wait(timeout: 10).status == 0)
        #expect(try testbed.direct(.euA, "select count(*) from \(table)") == "0")
    }

    @Test("a second SIGTERM ends all sessions at once with exit status 1")
    func secondSignal() throws {
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        let working = try session(gateway, user: "writer", .euWriter)
        let idle = try session(gateway)
        defer { working.close() }
        defer { idle.close() }
        _ = try run("begin", working)
        gateway.process.signal(SIGTERM)
        // The idle one's end shows that the first was taken.
        try expectEnd(idle, sqlstate: "57P01")
        let begun = Date()
        gateway.process.signal(SIGTERM)
        try expectEnd(working, sqlstate: "57P01")
        #expect(gateway.process.wait(timeout: 10).status == 1)
        #expect(Date().timeIntervalSince(begun) < 3)
    }
}
