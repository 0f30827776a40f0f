import Foundation
import Glibc
import PGWire
import Testing

/// Whatever comes before a login, judged by what the server does with the same bytes where that can be.
@Suite(.serialized)
struct AbuseStartupTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// How a connection that sent these bytes ended.
    private enum End: Equatable, CustomStringConvertible {
        case closed
        case refused(String)
        /// The password, or what the server calls its exchange.
        case askedToLogIn
        case waits

        var description: String {
            switch self {
            case .closed: "closed"
            case .refused(let sqlstate): "refused \(sqlstate)"
            case .askedToLogIn: "asked to log in"
            case .waits: "waits"
            }
        }
    }

    private func end(_ client: RawClient) -> End {
        do {
            while let frame = try client.readFrame(within: 1) {
                if frame.letter == "E" { return .refused(frame.field("C") ?? "") }
                if frame.letter == "R" { return .askedToLogIn }
            }
            return .closed
        } catch let failure as RawClient.Failure {
            return failure.description.hasPrefix("nothing came") ? .waits : .refused("a broken frame")
        } catch {
            return .closed
        }
    }

    private func gateway(tls: Bool = true) throws -> RawClient {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        if tls { try client.beginTLS(authority: testbed.authority, host: testbed.host) }
        return client
    }

    private func server() throws -> RawClient {
        let port = Int(try Testbed.variable("DIRECT_PORT_EU_A")) ?? 0
        let client = try RawClient(host: "127.0.0.1", port: port)
        try client.beginTLS(authority: Testbed.variable("DOMICILE_UPSTREAM_CA"), host: "127.0.0.1")
        return client
    }

    private static let named = [("user", "tester"), ("database", "scratch")]

    private static let packets: [(String, [UInt8])] =
        [0, 3, 4, 7, 10_005, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff].map {
            ("a length of \($0)", Bytes.number($0) + [0, 3, 0, 0])
        } + [
            ("a length of 10,004 and no more", Bytes.number(10_004) + [0, 3, 0, 0]),
            ("a packet that stops", Array(Bytes.startup(named).dropLast(5))),
            ("only a version", [0, 0, 0, 8, 0, 3, 0, 0]),
            ("no terminator", Bytes.startup(named, end: [])),
            ("a name without a value", Bytes.startup(named, end: Bytes.text("datestyle") + [0])),
            ("junk behind the terminator", Bytes.startup(named, end: [0, 106, 117, 110, 107])),
            ("an open string", Bytes.startup([("user", "tester")], end: [100, 97])),
            ("no user", Bytes.startup([("database", "scratch")])),
            ("an empty user", Bytes.startup([("user", ""), ("database", "scratch")])),
            ("user twice", Bytes.startup([("user", "nobody")] + named)),
            ("HTTP", Array("GET / HTTP/1.1\r\n\r\n".utf8)), ("SSH", Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)),
            ("zeros", Array(repeating: 0, count: 100)), ("ones", Array(repeating: 255, count: 100)),
            ("protocol 3.2", Bytes.startup(named, version: 0x3_0002)),
            ("protocol 3.99", Bytes.startup(named, version: 0x3_0063)),
            ("protocol 4.0", Bytes.startup(named, version: 0x4_0000)),
            ("_pq_.x", Bytes.startup(named + [("_pq_.x", "1")])),
            ("a wrong cancel key", Bytes.cancelRequest([0, 0, 0, 1, 0, 0, 0, 1])),
            ("a cancel key of 0 bytes", Bytes.cancelRequest([0, 0, 0, 1])),
            ("a cancel key of 300 bytes", Bytes.cancelRequest(Array(repeating: 1, count: 304))),
            ("a cancel with more behind", Bytes.cancelRequest([0, 0, 0, 1, 0, 0, 0, 1]) + [1, 2, 3]),
        ]

    @Test(
        "F-WIRE-32, F-WIRE-15: odd startup packets end as they do at the server", arguments: packets.indices)
    func packet(_ index: Int) throws {
        let (name, bytes) = AbuseStartupTests.packets[index]
        let witness = try AbuseWitness(testbed)
        let (ours, theirs) = (try gateway(), try server())
        try ours.send(bytes)
        try theirs.send(bytes)
        let expected = end(theirs)
        #expect(end(ours) == expected, "\(name)")
        ours.close()
        theirs.close()
        try witness.expectNeighbourAnswers()
    }

    @Test(
        "F-OPS-20: a PROXY header, of either version, from anyone, cut or twice, is a broken startup: no address is taken from it",
        arguments: proxyHeaders.indices)
    func proxyHeader(_ index: Int) throws {
        let (name, header) = AbuseStartupTests.proxyHeaders[index]
        let violations = try testbed.metric("domicile_protocol_violations_total") ?? 0
        let client = try gateway(tls: false)
        defer { client.close() }
        try client.send(header + Bytes.startup(AbuseStartupTests.named))
        switch end(client) {
        case .closed, .refused("08P01"): break
        case let other: Issue.record("\(name): \(other)")
        }
        #expect(try testbed.metric("domicile_protocol_violations_total") ?? 0 > violations, "\(name)")
        let spoofed = try testbed.log("eu-west-1").records.filter { $0.line.contains("198.51.100.7") }
        #expect(spoofed.isEmpty)
    }

    private static let proxyHeaders: [(String, [UInt8])] = {
        let first = Array("PROXY TCP4 198.51.100.7 127.0.0.1 40000 6432\r\n".utf8)
        let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
        let second = signature + [0x21, 0x11, 0, 12, 198, 51, 100, 7, 127, 0, 0, 1, 0x9c, 0x40, 0x19, 0x20]
        return [
            ("version 1", first), ("version 2", second), ("version 1 twice", first + first),
            ("version 2 twice", second + second), ("version 2 before 1", second + first),
            ("version 2, LOCAL", signature + [0x20, 0, 0, 0]),
        ]
    }()

    @Test("F-WIRE-12: a newer minor version or an unknown _pq_ option is told what is spoken, as by a server")
    func negotiation() throws {
        let client = try gateway()
        let options = [("_pq_.b", ""), ("_pq_.a", "1")]
        try client.send(Bytes.startup(AbuseStartupTests.named + options, version: 0x3_0063))
        let frame = try #require(try client.readFrame())
        #expect(frame.letter == "v")
        // 3.2, two options by name; protocol, "NegotiateProtocolVersion".
        #expect(frame.body == [0, 3, 0, 2, 0, 0, 0, 2] + Bytes.text("_pq_.b") + Bytes.text("_pq_.a"))
        #expect(try client.readFrame()?.letter == "R")
        client.close()
    }

    @Test("F-WIRE-05: GSSENCRequest is answered N once, then TLS goes on; the second closes the connection")
    func encryptionRequests() throws {
        let client = try gateway(tls: false)
        try client.send(Bytes.gssencRequest)
        #expect(try client.readByte() == UInt8(ascii: "N"))
        let frames = try client.login(
            testbed, parameters: AbuseStartupTests.named, token: testbed.token(.conformance))
        #expect(frames.last?.letter == "Z")
        client.close()

        let second = try gateway(tls: false)
        try second.send(Bytes.gssencRequest)
        #expect(try second.readByte() == UInt8(ascii: "N"))
        try second.send(Bytes.gssencRequest)
        #expect(end(second) == .refused("08P01"))
        second.close()

        let plain = try gateway(tls: false)
        try plain.send(Bytes.gssencRequest)
        #expect(try plain.readByte() == UInt8(ascii: "N"))
        try plain.send(Bytes.startup(AbuseStartupTests.named))
        #expect(end(plain) == .refused("28000"), "no startup in the clear on a TLS listener")
        plain.close()
    }

    @Test("F-WIRE-01: a byte in the clear between S and ClientHello closes the connection")
    func strayByte() throws {
        let client = try gateway(tls: false)
        try client.send(Bytes.sslRequest)
        #expect(try client.readByte() == UInt8(ascii: "S"))
        try client.send([120])
        #expect(throws: (any Error).self) {
            try client.handshake(authority: testbed.authority, host: testbed.host)
        }
        client.close()
    }

    @Test(
        "F-WIRE-06: TLS from the first byte needs ALPN postgresql", arguments: ["postgresql", "http/1.1", ""])
    func directTLS(_ protocolName: String) throws {
        let script = """
            import socket, ssl, struct, sys
            port, name, ca = int(sys.argv[1]), sys.argv[2], sys.argv[3]
            context = ssl.create_default_context(cafile=ca)
            if name: context.set_alpn_protocols([name])
            try:
                plain = socket.create_connection(("127.0.0.1", port), 10)
                tls = context.wrap_socket(plain, server_hostname="localhost")
                body = struct.pack("!I", 196608) + b"user\\0tester\\0database\\0scratch\\0\\0"
                tls.sendall(struct.pack("!I", len(body) + 4) + body)
                print("answer", tls.recv(100)[:1].decode() or "none")
            except OSError:
                print("closed")
            """
        let run = try Command.run(
            "/usr/bin/python3", ["-c", script, String(testbed.port), protocolName, testbed.authority])
        let expected = protocolName == "postgresql" ? ["answer R"] : ["closed", "answer none"]
        #expect(expected.contains(run.text), "\(run)")
    }

    @Test("F-WIRE-32: startup, token and statements that come byte by byte, a TLS record each, are taken")
    func byteByByte() throws {
        let client = try gateway()
        for byte in Bytes.startup(AbuseStartupTests.named) { try client.send([byte]) }
        #expect(try client.readFrame()?.letter == "R")
        for byte in Bytes.password(try testbed.token(.conformance)) { try client.send([byte]) }
        #expect(try client.readFrames(until: "Z").last?.letter == "Z")
        for byte in Bytes.run("select 7") + Bytes.sync + Bytes.query("select 8") { try client.send([byte]) }
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["1", "2", "D", "C", "Z"])
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        client.close()
    }

    @Test(
        "F-WIRE-35: what is pipelined behind a good token is answered", arguments: [100, 70_000, 1_000_000])
    func behindGoodToken(_ size: Int) throws {
        let client = try gateway()
        try client.send(Bytes.startup(AbuseStartupTests.named))
        #expect(try client.readFrame()?.letter == "R")
        let query = Bytes.query("select 1 --" + String(repeating: "x", count: size))
        try client.send(Bytes.password(try testbed.token(.conformance)) + query)
        #expect(try client.readFrames(until: "Z").last?.letter == "Z")
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        client.close()
    }

    private static let passwords: [(String, [UInt8], String)] = [
        ("none but a Query", Bytes.query("select 1"), "08P01"), ("no NUL", Bytes.frame("p", [97]), "08P01"),
        ("two NULs", Bytes.frame("p", [97, 0, 0]), "08P01"),
        ("a NUL inside", Bytes.frame("p", [97, 0, 98, 0]), "08P01"),
        ("no body", Bytes.frame("p"), "08P01"), ("empty", Bytes.frame("p", [0]), "28P01"),
        ("a length of 3", Bytes.header("p", length: 3), "08P01"),
        ("a length of 2^31-1", Bytes.header("p", length: 0x7fff_ffff), "08P01"),
        ("16 KiB", Bytes.password(String(repeating: "x", count: 16_384)), "28P01"),
        ("16 KiB and 1", Bytes.password(String(repeating: "x", count: 16_385)), "28P01"),
        ("64 KiB", Bytes.password(String(repeating: "x", count: 65_536)), "28P01"),
        ("64 KiB and 1", Bytes.password(String(repeating: "x", count: 65_537)), "08P01"),
        ("100 kB", Bytes.password(String(repeating: "x", count: 100_000)), "08P01"),
        ("Terminate", Bytes.terminate, "08P01"), ("an SSLRequest", Bytes.sslRequest, "08P01"),
    ]

    @Test("F-ID-20, F-WIRE-32: passwords of every wrong form are refused", arguments: passwords.indices)
    func password(_ index: Int) throws {
        let (name, bytes, sqlstate) = AbuseStartupTests.passwords[index]
        let client = try gateway()
        try client.send(Bytes.startup(AbuseStartupTests.named))
        #expect(try client.readFrame()?.letter == "R")
        try client.send(bytes)
        #expect(end(client) == .refused(sqlstate), "\(name)")
        #expect(end(client) == .closed, "\(name)")
        client.close()
    }

    @Test("F-WIRE-34: 900 silent connections delay no login and are closed after startup_timeout")
    func silence() throws {
        let own = try OwnGateway(
            testbed,
            edit: { $0.replacingOccurrences(of: "session:\n", with: "session:\n  startup_timeout: 3s\n") })
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        var limit = rlimit(rlim_cur: 4_096, rlim_max: 4_096)
        _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, 8_192)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let silent = try (0..<900).map { index in
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            // A third has asked for TLS, and says no more.
            if index % 3 == 0 { try client.send(Bytes.sslRequest) }
            return client
        }
        let begun = Date()
        try RawClient.through(own.testbed).close()
        #expect(Date().timeIntervalSince(begun) < 1)
        // Most of it is OpenSSL's for the third that began TLS.
        let growth = try witness.growth()
        #expect(growth < 32 * 1024)
        for client in silent {
            _ = try? client.readToEnd(within: 6)
            client.close()
        }
        #expect(Date().timeIntervalSince(begun) < 10)
        try witness.expectUnharmed(ownGateway: true)
    }

    /// `DOMICILE_REFUSED_LOGINS` says how many, for a longer run.
    @Test("F-WIRE-34: thousands of refused logins leave neither memory nor descriptors behind")
    func refusedLogins() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        func refuse(_ count: Int) throws {
            for _ in 0..<count {
                let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
                try client.beginTLS(authority: testbed.authority, host: testbed.host)
                try client.send(Bytes.startup(AbuseStartupTests.named + [("_pq_.x", "1")]))
                try client.send(Bytes.password("a.b.c"))
                #expect(end(client) == .askedToLogIn)
                #expect(end(client) == .refused("28P01"))
                client.close()
            }
        }
        try refuse(200)
        let witness = try AbuseWitness(own.testbed)
        try refuse(Int(ProcessInfo.processInfo.environment["DOMICILE_REFUSED_LOGINS"] ?? "") ?? 1_500)
        let growth = try witness.growth()
        #expect(growth < 2 * 1024, "\(growth) KiB")
        try witness.expectUnharmed(ownGateway: true)
    }
}
