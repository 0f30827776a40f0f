import Foundation
import Testing

/// How sessions end when the executor ends them, in every state.
@Suite(.serialized)
struct WireEndTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test("F-WIRE-33: who shuts the sending side after a Query gets its answer, then the end")
    func halfClose() throws {
        let client = try RawClient.through(testbed)
        try client.send(Bytes.query("select pg_sleep(0.3), 55") + Bytes.query("select 2"))
        client.shutdownWrite()
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        #expect(try client.readFrame() == nil)
        client.close()
    }

    @Test(
        "F-WIRE-33: what came behind a statement that another thread reads, or that is recorded piece by piece, is run before the end",
        arguments: [
            // Runs of operator characters that take long, and long texts.
            "/* \(String(repeating: "*-", count: 250)) */ /* \(String(repeating: "*-", count: 250)) */",
            "/* \(String(repeating: "x", count: 70_000)) */",
            "/* \(String(repeating: "x", count: 1_000_000)) */",
        ])
    func behindLong(comment: String) throws {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        _ = try client.login(
            testbed, parameters: [("user", "tester"), ("database", "scratch")],
            token: try testbed.mint("conformance", forbidding: ["egress"]))
        try client.send((1...5).flatMap { Bytes.query("select \($0) \($0 == 2 ? comment : "")") })
        client.shutdownWrite()
        for _ in 1...5 {
            #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        }
        #expect(try client.readFrame() == nil)
    }

    @Test("F-WIRE-33: what came before Terminate, a FIN or a close is executed, COMMIT included")
    func executedBeforeEnd() throws {
        let table = Testbed.unique("ends")
        try testbed.direct(.euA, "create table \(table) (a int)", database: "scratch")
        defer { _ = try? testbed.direct(.euA, "drop table \(table)", database: "scratch") }
        let wait = Bytes.query("select pg_sleep(0.2)")
        try testbed.direct(.euA, "grant all on \(table) to public", database: "scratch")
        let ends: [[UInt8]] = [
            wait + Bytes.query("insert into \(table) values (1)") + Bytes.terminate,
            wait + Bytes.run("insert into \(table) values (2)") + Bytes.sync + Bytes.terminate,
            wait + Bytes.query("begin; insert into \(table) values (3)") + Bytes.query("commit"),
        ]
        for bytes in ends {
            let client = try RawClient.through(testbed)
            try client.send(bytes)
            client.close()
        }
        try testbed.eventually("all three rows") {
            try testbed.direct(.euA, "select count(*) from \(table)", database: "scratch") == "3"
        }
    }

    private static let states: [(String, [UInt8])] = [
        ("idle", []), ("in a transaction", Bytes.query("begin")),
        ("half a frame", Bytes.header("Q", length: 300)),
        ("a statement", Bytes.query("select pg_sleep(100)")),
        ("a pipeline", Bytes.run("select pg_sleep(100)") + Bytes.flush),
        ("COPY in", Bytes.query("create temp table t (a int); copy t from stdin")),
        (
            "half a CopyData",
            Bytes.query("create temp table t (a int); copy t from stdin") + Bytes.header("d", length: 99)
        ),
        (
            "COPY out",
            Bytes.query("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout")
        ),
        ("a large result", Bytes.query("select repeat('x', 1000) from generate_series(1, 1000000)")),
        ("a lock", Bytes.query("begin; select pg_advisory_lock(77)")),
        ("half a Parse", Bytes.header("P", length: 50 << 20) + Array(repeating: 120, count: 500_000)),
    ]

    /// Logs in as `writer` (no superuser, whom the health role could not end), sends what is in a file, and
    /// resets the connection: no FIN, no close_notify.
    private static let resetting = """
        import socket, ssl, struct, sys, time
        port, ca, application, token, path = sys.argv[1:6]
        plain = socket.create_connection(("127.0.0.1", int(port)), 10)
        plain.sendall(struct.pack("!II", 8, 80877103))
        assert plain.recv(1) == b"S"
        tls = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname="localhost")
        names = ["user", "writer", "database", "scratch", "application_name", application, ""]
        body = struct.pack("!I", 196608) + b"".join(name.encode() + b"\\0" for name in names)
        tls.sendall(struct.pack("!I", len(body) + 4) + body)
        assert tls.recv(9)[:1] == b"R"
        tls.sendall(b"p" + struct.pack("!I", len(token) + 5) + token.encode() + b"\\0")
        answer = b""
        while not answer.endswith(b"Z\\0\\0\\0\\5I"):
            answer += tls.recv(10000)
        tls.sendall(open(path, "rb").read())
        time.sleep(0.15)
        tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        tls.close()
        """

    @Test(
        "F-POL-13: an executor that resets its connection leaves nothing at the replica",
        arguments: states.indices)
    func reset(_ index: Int) throws {
        let (name, bytes) = WireEndTests.states[index]
        let application = Testbed.unique("reset")
        let witness = try AbuseWitness(testbed)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(application)
        try Data(bytes).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let run = try Command.run(
            "/usr/bin/python3",
            [
                "-c", WireEndTests.resetting, String(testbed.port), testbed.authority, application,
                testbed.token(.euWriter), file.path,
            ])
        #expect(run.status == 0, "\(run)")
        try testbed.eventually("no backend is left after a reset in \(name)", within: 3) {
            try testbed.direct(
                .euA, "select count(*) from pg_stat_activity where application_name = '\(application)'",
                database: "scratch") == "0"
        }
        try witness.expectUnharmed()
    }

    @Test("F-POL-13: connections reset before their login is done leave nothing either")
    func resetBeforeLogin() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let token = try testbed.token(.conformance)
        let application = Testbed.unique("early")
        for index in 0..<150 {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            if index % 3 > 0 {
                try client.beginTLS(authority: testbed.authority, host: testbed.host)
                let named = [("user", "tester"), ("database", "scratch"), ("application_name", application)]
                try client.send(Bytes.startup(named))
            }
            if index % 3 == 2 { try client.send(Bytes.password(token)) }
            client.close()
        }
        try testbed.eventually("no backend is left", within: 5) {
            try testbed.direct(
                .euA, "select count(*) from pg_stat_activity where application_name = '\(application)'",
                database: "scratch") == "0"
        }
        try witness.expectUnharmed(ownGateway: true)
    }
}
