import Foundation
import Glibc
import Testing

/// Rule 3 of the architecture with servers that are really there: what stands behind a replica's address is exchanged
/// while the gateway runs, and a session is the first to meet it.
@Suite(.serialized)
struct ExchangedReplicaTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let series = #"{database="scratch",replica="scratch-eu-a",region="eu-west-1"}"#

    struct Case: Sendable, CustomTestStringConvertible {
        let certificate: String
        /// Of the DETAIL.
        let reason: String
        /// The probe that looks then cannot tell a pin before it has logged in: it says who it is.
        let metric: (String, Double)
        let isSilent: Bool
        var testDescription: String { certificate }
    }

    static let cases = [
        Case(
            certificate: "elsewhere", reason: "TLS", metric: ("domicile_replica_attested", 0), isSilent: true),
        Case(certificate: "foreign", reason: "TLS", metric: ("domicile_replica_attested", 0), isSilent: true),
        Case(
            certificate: "other", reason: "public key of its certificate is sha256/",
            metric: ("domicile_replica_quarantined", 1), isSilent: false),
    ]

    private func login(
        _ own: OwnGateway, application: String
    ) throws -> (client: RawClient, frames: [RawClient.Frame]) {
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        let frames = try client.login(
            own.testbed,
            parameters: [
                ("user", "tester"), ("database", "scratch"), ("application_name", application),
                ("options", "-c search_path=\(application)_path"),
            ], token: testbed.token(.conformance))
        return (client, frames)
    }

    private func holds(_ data: [UInt8], _ text: String) -> Bool {
        String(decoding: data, as: UTF8.self).contains(text)
    }

    @Test(
        "Another name, another CA, another key: nothing of the executor's arrives there, the login is 08001, and the replica is told apart",
        arguments: cases)
    func exchanged(_ what: Case) throws {
        let exchange = try ExchangedReplica(testbed)
        defer { exchange.remove() }
        let own = try exchange.gateway()
        defer { own.remove() }
        let before = try login(own, application: Testbed.unique("before"))
        #expect(before.frames.last?.letter == "Z", "\(before.frames.last?.field("D") ?? "")")
        before.client.close()

        try exchange.become(.recorder(certificate: what.certificate))
        let application = Testbed.unique("exchanged")
        let refused = try login(own, application: application)
        refused.client.close()
        let error = try #require(refused.frames.last)
        #expect(error.letter == "E" && error.field("C") == "08001")
        #expect(error.field("D")?.contains("scratch-eu-a: ") == true, "\(error.field("D") ?? "")")
        #expect(error.field("D")?.contains(what.reason) == true, "\(error.field("D") ?? "")")
        #expect(try own.testbed.refusal(application)?.sqlstate == "08001")
        try testbed.eventually("the replica is told apart") {
            try own.testbed.metric(what.metric.0 + Self.series) == what.metric.1
        }
        // Also when it is known that something is wrong.
        let again = try login(own, application: application)
        again.client.close()
        #expect(again.frames.last?.field("C") == "08001")

        let recorded = exchange.recorded
        #expect(recorded.lines.contains("connected"))
        if what.isSilent { #expect(recorded.data.isEmpty) }
        for text in [application, "search_path", "tester", "domicile.subject", "SCRAM"] {
            #expect(!holds(recorded.data, text), "\(text)")
        }

        // The right one again, after a reload that lifts what is remembered of it.
        try exchange.become(.primary)
        try exchange.reload(own)
        try testbed.eventually("it serves again") {
            let after = try login(own, application: Testbed.unique("after"))
            after.client.close()
            return after.frames.last?.letter == "Z"
        }
    }

    @Test(
        "A cancel is not sent to another name, another CA or another key either: the statement runs on",
        arguments: cases)
    func cancel(_ what: Case) throws {
        let exchange = try ExchangedReplica(testbed)
        defer { exchange.remove() }
        let own = try exchange.gateway()
        defer { own.remove() }
        let (client, frames) = try login(own, application: Testbed.unique("cancelled"))
        defer { client.close() }
        let key = try #require(frames.first { $0.letter == "K" }?.body)
        func cancel() throws {
            let canceller = try RawClient(host: own.testbed.host, port: own.testbed.port)
            defer { canceller.close() }
            try canceller.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
            try canceller.send([0, 0, 0, UInt8(8 + key.count), 0x04, 0xd2, 0x16, 0x2e] + key)
            #expect(try canceller.readToEnd().isEmpty)
        }
        let sql = "select pg_sleep(60), '\(Testbed.unique("mark"))'"
        try client.send(AbuseFrames.query(sql))
        _ = try testbed.backend(at: .euA, running: sql.replacingOccurrences(of: "'", with: "''"))
        try exchange.become(.recorder(certificate: what.certificate))
        try cancel()
        #expect(exchange.recorded.lines.contains("connected"))
        #expect(exchange.recorded.data.isEmpty)
        _ = try testbed.backend(at: .euA, running: sql.replacingOccurrences(of: "'", with: "''"))
        try exchange.become(.primary)
        try cancel()
        #expect(try client.readFrames(until: "Z").first { $0.letter == "E" }?.field("C") == "57014")
    }

    @Test("F-POL-01: an address that a reload puts outside its region's networks is not even connected to")
    func networks() throws {
        let exchange = try ExchangedReplica(testbed)
        defer { exchange.remove() }
        // By its name, as what is looked up may change; a literal address outside is a mistake of the configuration.
        func named(_ text: String) -> String {
            text.replacingOccurrences(of: "host: 127.0.0.1", with: "host: localhost")
        }
        let own = try exchange.gateway(edit: named)
        defer { own.remove() }
        let live = try login(own, application: Testbed.unique("live"))
        defer { live.client.close() }
        #expect(live.frames.last?.letter == "Z")
        try exchange.become(.recorder(certificate: "other"))
        try exchange.reload(own) {
            named($0).replacingOccurrences(
                of: "audit/eu-west-1, networks: [127.0.0.0/8]",
                with: "audit/eu-west-1, networks: [10.0.0.0/8]")
        }
        // Its session ends, and nobody is sent there.
        let end = try live.client.readFrames(until: "!").last
        #expect(end?.letter == "E" && end?.field("C") == "57P01", "\(end?.field("M") ?? "")")
        let application = Testbed.unique("outside")
        let refused = try login(own, application: application)
        refused.client.close()
        #expect(refused.frames.last?.field("C") == "08001")
        let detail = refused.frames.last?.field("D") ?? ""
        #expect(
            detail.contains("scratch-eu-a: ") && detail.contains("127.0.0.1 is outside the networks"),
            "\(detail)")
        #expect(exchange.recorded.lines.isEmpty)
        try exchange.become(.primary)
        try exchange.reload(own, named)
        try testbed.eventually("it serves again") {
            let after = try login(own, application: Testbed.unique("after"))
            after.client.close()
            return after.frames.last?.letter == "Z"
        }
    }

    // MARK: A pooler in between

    /// pgbouncer in transaction mode before the primary, with the primary's own certificate; the port.
    private func pgbouncer(_ folder: String) throws -> (process: RunningCommand, port: Int) {
        let primary = try Testbed.variable("DIRECT_PORT_EU_A")
        let users = try ["tester", "domicile_health"].map { role in
            let secret = role == "tester" ? "TESTER" : "HEALTH"
            return "\"\(role)\" \"\(try Testbed.variable("DOMICILE_PASSWORD_\(secret)"))\"\n"
        }.joined()
        for attempt in 0..<5 {
            let port = Int.random(in: 20_000...29_999)
            let home = "\(folder)/pgbouncer-\(attempt)"
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
            try users.write(toFile: "\(home)/users", atomically: true, encoding: .utf8)
            for end in ["crt", "key"] {
                try FileManager.default.copyItem(
                    atPath: "\(testbed.folder)/certificates/orders-eu-a.\(end)",
                    toPath: "\(home)/server.\(end)")
            }
            try """
            [databases]
            scratch = host=127.0.0.1 port=\(primary)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = \(home)/users
            pool_mode = transaction
            client_tls_sslmode = require
            client_tls_cert_file = \(home)/server.crt
            client_tls_key_file = \(home)/server.key
            server_tls_sslmode = require
            ignore_startup_parameters = extra_float_digits,options,search_path,domicile.session,domicile.subject,domicile.planner,domicile.task
            """.write(toFile: "\(home)/pgbouncer.ini", atomically: true, encoding: .utf8)
            // It does not run as root.
            let line =
                geteuid() == 0
                ? [
                    "sh", "-c",
                    "chown -R postgres '\(home)' && exec setpriv --reuid=postgres --regid=postgres --clear-groups pgbouncer -q '\(home)/pgbouncer.ini'",
                ]
                : ["pgbouncer", "-q", "\(home)/pgbouncer.ini"]
            var environment = ProcessInfo.processInfo.environment
            environment["PATH"] = "/usr/sbin:/usr/bin:/bin"
            let process = try Command.start(line[0], Array(line.dropFirst()), environment: environment)
            let deadline = Date().addingTimeInterval(5)
            while process.process.isRunning, Date() < deadline {
                if let client = try? RawClient(host: "127.0.0.1", port: port) {
                    let isOpen =
                        (try? client.beginTLS(
                            authority: "\(testbed.folder)/certificates/upstream-ca.crt", host: "127.0.0.1"))
                        != nil
                    client.close()
                    if isOpen { return (process, port) }
                }
                usleep(50_000)
            }
            process.signal(SIGTERM)
            let run = process.wait(timeout: 5)
            if attempt == 4 { throw CommandFailure(run) }
        }
        throw RawClient.Failure(description: "no port for pgbouncer")
    }

    @Test(
        "A pooler between the gateway and the replica, with the replica's own certificate, is noticed by its process id: 08001, no session, quarantined"
    )
    func pooler() throws {
        let exchange = try ExchangedReplica(testbed)
        defer { exchange.remove() }
        chmod(exchange.folder, 0o755)
        let own = try exchange.gateway()
        defer { own.remove() }
        let (process, port) = try pgbouncer(exchange.folder)
        defer {
            process.signal(SIGTERM)
            _ = process.wait(timeout: 10)
        }
        try exchange.become(.port(port))
        let application = Testbed.unique("pooled")
        let refused = try login(own, application: application)
        refused.client.close()
        #expect(refused.frames.map(\.letter) == ["E"])
        #expect(refused.frames.last?.field("C") == "08001")
        let detail = refused.frames.last?.field("D") ?? ""
        #expect(detail.contains("its process id is not its backend's (a pooler in between)"), "\(detail)")
        #expect(try own.testbed.metric("domicile_replica_quarantined" + Self.series) == 1)
        // No session has begun: its log has the refusal and nothing else of it.
        #expect(try own.testbed.refusal(application)?.sqlstate == "08001")
        #expect(try own.testbed.log("eu-west-1").sessions(application: application).isEmpty)
        let again = try login(own, application: application)
        again.client.close()
        #expect(again.frames.last?.field("D")?.contains("quarantined") == true)
    }
}
