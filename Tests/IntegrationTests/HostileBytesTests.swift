import Foundation
import PGWire
import Testing

/// Whatever an executor sends ends in a clear error or a close; the gateway and its other sessions go on.
@Suite(.serialized) struct HostileBytesTests {
    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func connect() throws -> RawClient { try RawClient(host: testbed.host, port: testbed.port) }

    private func loggedIn(application: String = "hostile") throws -> RawClient {
        let client = try connect()
        let frames = try client.login(
            testbed,
            parameters: [("user", "analyst"), ("database", "orders"), ("application_name", application)],
            token: testbed.token(.euAnalyst))
        guard frames.last?.letter == "Z" else {
            throw RawClient.Failure(description: "login failed: \(frames)")
        }
        return client
    }

    /// A session that was there before answers, and the process is the one that was there before.
    private func expectUnharmed(_ neighbour: RawClient) throws {
        try neighbour.send(RawClient.query("SELECT 42"))
        let answer = try neighbour.readFrames(until: "Z")
        #expect(answer.map(\.letter) == ["T", "D", "C", "Z"])
        #expect(kill(testbed.processID, 0) == 0)
    }

    private static func frame(_ type: UInt8, length: UInt32, _ body: [UInt8] = []) -> [UInt8] {
        [type] + withUnsafeBytes(of: length.bigEndian) { Array($0) } + body
    }

    @Test("F-WIRE-01: bytes behind an SSLRequest close the connection; what they ask for is not done")
    func bytesBehindSSLRequest() throws {
        let neighbour = try loggedIn()
        defer { neighbour.close() }
        var bytes: [UInt8] = []
        SSLRequest.encode(into: &bytes)
        try StartupMessage(
            version: .v30, parameters: [StartupMessage.Parameter("user", "analyst")]
        ).encode(into: &bytes)
        let client = try connect()
        try client.send(bytes)
        #expect(try client.readToEnd().isEmpty)
        try expectUnharmed(neighbour)
    }

    @Test(
        "F-WIRE-32: a first packet of a wrong length, or none at all, is closed or refused with 08P01",
        arguments: [
            [0, 0, 0, 0], [0, 0, 0, 7, 0, 3, 0], [0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0],
            [0xff, 0xff, 0xff, 0xff],
            Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8),
            [0, 0, 0, 12, 0, 3, 0, 0, 65, 66, 67, 68],
        ] as [[UInt8]])
    func firstPacket(_ bytes: [UInt8]) throws {
        let neighbour = try loggedIn()
        defer { neighbour.close() }
        let client = try connect()
        try client.send(bytes)
        let answer = try client.readToEnd()
        #expect(answer.isEmpty || answer.first == UInt8(ascii: "E"))
        try expectUnharmed(neighbour)
    }

    @Test("F-WIRE-35: what is pipelined behind a bad token is neither run nor recorded")
    func pipelinedBehindBadToken() throws {
        let client = try connect()
        try client.beginTLS(authority: testbed.authority, host: testbed.host)
        try client.startup([("user", "analyst"), ("database", "orders")])
        #expect(try client.readFrame()?.letter == "R")
        let mark = "smuggled-\(UUID().uuidString)"
        var bytes: [UInt8] = []
        try PasswordMessage.encode(password: Array("no.such.token".utf8), into: &bytes)
        try client.send(bytes + RawClient.query("SELECT '\(mark)'"))
        let answer = try client.readFrames(until: "Z")
        #expect(answer.map(\.letter) == ["E"])
        #expect(answer.first?.field("C") == "28P01")
        let log = try RecordedLog(folder: testbed.audit, region: "eu-west-1")
        #expect(!log.records.contains { $0.line.contains(mark) })
    }

    @Test("F-WIRE-25: each type byte that has no place after the login is 08P01 and ends that session alone")
    func typeBytes() throws {
        let neighbour = try loggedIn()
        defer { neighbour.close() }
        let known = Set("QPBDECSHFdcfX".utf8)
        for type in UInt8.min...UInt8.max where !known.contains(type) {
            let client = try loggedIn()
            try client.send(Self.frame(type, length: 4))
            let answer = try client.readFrames(until: "Z")
            #expect(answer.map(\.letter) == ["E"], "type \(type)")
            #expect(answer.first?.field("C") == "08P01", "type \(type)")
            client.close()
        }
        try expectUnharmed(neighbour)
    }

    @Test("F-WIRE-07, F-WIRE-08: a length below 4 or beyond its type's limit is 08P01 with its fifth byte")
    func lengths() throws {
        let neighbour = try loggedIn()
        defer { neighbour.close() }
        for (type, length) in [
            ("Q", 0), ("Q", 3), ("S", 10_001), ("D", 0x7fff_ffff), ("P", 0x4000_0000), ("X", 1),
        ] {
            let client = try loggedIn()
            try client.send(Self.frame(Character(type).asciiValue ?? 0, length: UInt32(length)))
            let answer = try client.readFrames(until: "Z")
            #expect(answer.first?.field("C") == "08P01", "\(type) of \(length)")
            client.close()
        }
        try expectUnharmed(neighbour)
    }

    @Test(
        "A statement beyond limits.statement is 54000 in its place; the session and its transaction go on as after any error"
    )
    func tooLong() throws {
        let client = try loggedIn()
        defer { client.close() }
        let long = "SELECT 1 --" + String(repeating: "x", count: 64 * 1024 * 1024)
        try client.send(RawClient.query("BEGIN"))
        _ = try client.readFrames(until: "Z")
        try client.send(RawClient.query(long))
        let refused = try client.readFrames(until: "Z", within: 30)
        #expect(refused.map(\.letter) == ["E", "Z"])
        #expect(refused.first?.field("C") == "54000")
        #expect(refused.last?.body == [UInt8(ascii: "E")])
        try client.send(RawClient.query("COMMIT"))
        let ended = try client.readFrames(until: "Z")
        #expect(ended.first?.body.starts(with: "ROLLBACK".utf8) == true)
        var pipeline: [UInt8] = []
        try Parse.encode(name: [], sql: Array(long.utf8), into: &pipeline)
        try Bind.encode(portal: [], statement: [], into: &pipeline)
        try Execute.encode(portal: [], maximumRows: 0, into: &pipeline)
        pipeline += Self.frame(UInt8(ascii: "S"), length: 4)
        try client.send(pipeline)
        let skipped = try client.readFrames(until: "Z", within: 30)
        #expect(skipped.map(\.letter) == ["E", "Z"])
        #expect(skipped.first?.field("C") == "54000")
        try expectUnharmed(client)
    }

    @Test(
        "F-WIRE-30: a pipeline of 10,000 statements that is written before anything is read is answered whole"
    )
    func deepPipeline() throws {
        let client = try loggedIn()
        defer { client.close() }
        var pipeline: [UInt8] = []
        for number in 0..<10_000 {
            try Parse.encode(name: [], sql: Array("SELECT \(number)".utf8), into: &pipeline)
            try Bind.encode(portal: [], statement: [], into: &pipeline)
            try Execute.encode(portal: [], maximumRows: 0, into: &pipeline)
        }
        pipeline += Self.frame(UInt8(ascii: "S"), length: 4)
        try client.send(pipeline)
        let answer = try client.readFrames(until: "Z", within: 60)
        let rows = answer.filter { $0.letter == "D" }.map {
            String(decoding: $0.body.dropFirst(6), as: UTF8.self)
        }
        #expect(rows == (0..<10_000).map(String.init))
    }

    @Test(
        "F-WIRE-15: a CancelRequest gets no byte, for a wrong key or a malformed one",
        arguments: [0, 4, 256, 257])
    func wrongCancel(_ keyLength: Int) throws {
        let client = try connect()
        let body: [UInt8] = [4, 210, 22, 46, 0, 0, 0, 1] + [UInt8](repeating: 7, count: keyLength)
        try client.send(withUnsafeBytes(of: UInt32(body.count + 4).bigEndian) { Array($0) } + body)
        #expect(try client.readToEnd().isEmpty)
    }
}
