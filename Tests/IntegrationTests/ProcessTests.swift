import Foundation
import Glibc
import Testing

/// The gateway as a process among others: how it is started, told to end, killed, and what it costs.
@Suite(.serialized)
struct ProcessTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed
    init() throws { testbed = try Testbed() }

    private func writer(_ testbed: Testbed, application: String = "process") throws -> RawClient {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        let frames = try client.login(
            testbed,
            parameters: [("user", "writer"), ("database", "orders"), ("application_name", application)],
            token: self.testbed.token(.euWriter))
        try #require(frames.last?.letter == "Z")
        return client
    }

    private func run(_ sql: String, _ client: RawClient) throws -> [String] {
        try client.send(RawClient.query(sql))
        return try client.readFrames(until: "Z").map(\.letter)
    }

    @Test("F-OPS-03: SIGTERM lets a COPY end, and tells its executor 57P01 behind the answer; exit status 0")
    func drainInCopy() throws {
        let table = Testbed.unique("draincopy")
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let client = try writer(own.testbed)
        defer { client.close() }
        #expect(try run("create table \(table) (n int)", client) == ["C", "Z"])
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        try client.send(RawClient.query("copy \(table) from stdin"))
        #expect(try client.readFrame()?.letter == "G")
        try client.send(Bytes.copyData("1\n"))
        own.process.signal(SIGTERM)
        usleep(300_000)
        try client.send(Bytes.copyData("2\n") + Bytes.frame("c"))
        let rest = try client.readFrames(until: "!")
        #expect(rest.map(\.letter) == ["C", "Z", "E"])
        #expect(rest.last?.field("C") == "57P01")
        #expect(own.process.wait(timeout: 10).status == 0)
        #expect(try testbed.direct(.euA, "select count(*) from \(table)") == "2")
    }

    @Test("F-OPS-03: SIGTERM with an upstream that hangs: 57P01 after shutdown_timeout, exit status 0")
    func drainWithHungUpstream() throws {
        let own = try OwnGateway(
            testbed,
            edit: { $0.replacingOccurrences(of: "shutdown_timeout: 5s", with: "shutdown_timeout: 1s") })
        defer { own.remove() }
        let client = try writer(own.testbed)
        defer { client.close() }
        try client.send(RawClient.query("select pg_backend_pid()"))
        let row = try #require(try client.readFrames(until: "Z").first { $0.letter == "D" })
        let backend = try #require(Int32(String(decoding: row.body.dropFirst(6), as: UTF8.self)))
        kill(backend, SIGSTOP)
        defer { kill(backend, SIGCONT) }
        try client.send(RawClient.query("select 1"))
        usleep(200_000)
        let begun = Date()
        own.process.signal(SIGTERM)
        let rest = try client.readFrames(until: "!", within: 10)
        #expect(rest.map { $0.field("C") } == ["57P01"])
        // Its backend is asked to end for 5 s more.
        #expect(own.process.wait(timeout: 15).status == 0)
        let seconds = Date().timeIntervalSince(begun)
        #expect(seconds > 0.8 && seconds < 10, "\(seconds)")
    }

    @Test(
        "F-OPS-04: as PID 1, with nobody reading its log: it serves, reloads, has no children, and SIGTERM ends it with 0"
    )
    func firstProcess() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let reader = "exec \"$@\" 2> >(head -c 1 > /dev/null)"
        try own.restart(
            SIGTERM,
            through: ["bash", "-c", reader, "bash", "unshare", "--pid", "--fork", "--kill-child"])
        let parent = own.process.processID
        func children(of process: Int32) throws -> [Int32] {
            try String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
                .split(separator: " ").compactMap { Int32($0) }
        }
        let first = try #require(
            try children(of: parent).first { process in
                let name = try String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
                return name.hasPrefix("domicile")
            })
        let status = try String(contentsOfFile: "/proc/\(first)/status", encoding: .utf8)
        #expect(status.contains("\t1\n"), "no PID 1 in its namespace")
        let client = try writer(own.testbed)
        #expect(try run("select 1", client) == ["T", "D", "C", "Z"])
        kill(first, SIGHUP)
        try testbed.eventually("it has read its configuration again") {
            try own.testbed.metric("domicile_config_reloads_total") == 1
        }
        #expect(try run("select 1", client) == ["T", "D", "C", "Z"])
        #expect(try children(of: first) == [])
        kill(first, SIGTERM)
        #expect(try client.readFrames(until: "!").map { $0.field("C") } == ["57P01"])
        client.close()
        #expect(own.process.wait(timeout: 15).status == 0)
        #expect(try own.testbed.log("eu-west-1").isGapFree)
    }

    @Test(
        "F-OPS-18: SIGKILL under load: every executor hears of it at once, and the next start needs no help")
    func killedUnderLoad() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let clients = try (0..<20).map { try writer(own.testbed, application: "killed-\($0)") }
        for client in clients { try client.send(RawClient.query("select pg_sleep(20)")) }
        let bench = try Command.start(
            "pgbench", ["-n", "-S", "-c", "4", "-j", "2", "-T", "20", "--protocol=prepared"],
            environment: own.testbed.environment(
                user: "analyst", database: "orders", token: testbed.token(.euAnalyst)))
        defer { _ = bench.wait(timeout: 1) }
        try testbed.eventually("statements flow") {
            try own.testbed.metric("domicile_audit_records_total{region=\"eu-west-1\"}") ?? 0 > 2_000
        }
        own.process.signal(SIGKILL)
        let killed = Date()
        for client in clients {
            _ = try? client.readToEnd(within: 5)
            client.close()
        }
        #expect(Date().timeIntervalSince(killed) < 2)
        _ = own.process.wait(timeout: 10)
        let begun = Date()
        _ = try own.follow()
        var isReady = false
        while !isReady, Date().timeIntervalSince(begun) < 10 {
            isReady = (try? own.testbed.http("/readyz").status) == 200
            usleep(20_000)
        }
        let seconds = Date().timeIntervalSince(begun)
        #expect(isReady && seconds < 4, "\(seconds) s")
        print("ready \(seconds) s after the start that followed SIGKILL")
        #expect(try own.testbed.psql("select 1").text == "1")
        own.process.signal(SIGTERM)
        #expect(own.process.wait(timeout: 20).status == 0)
        let verified = try Command.run(
            testbed.binary,
            ["audit", "verify", "\(own.testbed.audit)/eu-west-1", "--config", own.testbed.configuration])
        #expect(verified.status == 0, "\(verified)")
    }

    @Test("F-OPS-02: short sessions leave no port of the gateway's in TIME_WAIT")
    func shortSessions() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let server = try #require(Int(try Testbed.variable("DIRECT_PORT_EU_A")))
        /// Ports in TIME_WAIT whose other end is the server's.
        func waiting() throws -> Int {
            let port = ":" + String(format: "%04X", server)
            return try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8).split(separator: "\n").count {
                let fields = $0.split(separator: " ")
                return fields.count > 3 && fields[2].hasSuffix(port) && fields[3] == "06"
            }
        }
        let before = try waiting()
        let begun = Date()
        for _ in 0..<150 {
            let client = try RawClient.through(own.testbed)
            #expect(try client.values("select 1") == ["1"])
            try client.send(Bytes.frame("X"))
            #expect(try client.readToEnd().isEmpty)
            client.close()
        }
        // Other tests' servers and probes leave some.
        let left = try waiting() - before
        #expect(left < 40, "\(left) after 150 sessions in \(Date().timeIntervalSince(begun)) s")
    }

    @Test(
        "F-OPS-05: where another has the admin address the gateway says so and ends, and does not serve unseen"
    )
    func takenAdminAddress() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let second = "\(own.folder)/second"
        try FileManager.default.createDirectory(
            atPath: "\(second)/state", withIntermediateDirectories: true)
        try String(contentsOfFile: own.testbed.configuration, encoding: .utf8)
            .replacingOccurrences(of: ":\(own.testbed.port)\"", with: ":\(try OwnGateway.freePort())\"")
            .replacingOccurrences(of: own.folder, with: second)
            .write(toFile: "\(second)/domicile.yaml", atomically: true, encoding: .utf8)
        _ = try Command.run(testbed.binary, ["audit", "init", "--config", "\(second)/domicile.yaml"])
        let running = try Command.start(
            testbed.binary, ["serve", "--config", "\(second)/domicile.yaml"])
        let run = running.wait(timeout: 20)
        if running.process.isRunning { running.signal(SIGKILL) }
        #expect(run.status == 1, "\(run)")
        #expect(
            run.error.contains(
                "domicile: cannot listen on \(own.testbed.admin) (admin.address): Address already in use"),
            "\(run.error)")
    }

    @Test(
        "F-OPS-11: a thousand questions of health cost no probe and no session, beside a replica that never answers"
    )
    func healthQuestions() throws {
        let port = try #require(Int(try Testbed.variable("DIRECT_PORT_EU_B")))
        let swallowing = try OwnGateway.listen(try OwnGateway.freePort())
        let silent = try OwnGateway.port(of: swallowing)
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        // Nobody accepts there: a probe waits for its whole timeout.
        try own.reload { $0.replacingOccurrences(of: "port: \(port)", with: "port: \(silent)") }
        try testbed.eventually("a replica is down") {
            try own.testbed.metric(
                "domicile_replica_up{database=\"orders\",replica=\"orders-eu-b\",region=\"eu-central-1\"}")
                == 0
        }
        let accepted = try own.testbed.metric("domicile_connections_total")
        let begun = Date()
        let used = try AbuseWitness.processorTime(own.testbed)
        var answers: [String: Int] = [:]
        for number in 0..<1_000 {
            let path = number.isMultiple(of: 2) ? "/readyz" : "/livez"
            answers["\(path) \(try own.testbed.http(path).status)", default: 0] += 1
        }
        let seconds = Date().timeIntervalSince(begun)
        let cost = try AbuseWitness.processorTime(own.testbed) - used
        #expect(answers == ["/readyz 200": 500, "/livez 200": 500])
        #expect(seconds < 10 && cost < 3, "\(seconds) s, \(cost) s of CPU")
        print("health: 1,000 questions in \(seconds) s, \(cost) s of CPU")
        #expect(try own.testbed.metric("domicile_connections_total") == accepted)
    }
}
