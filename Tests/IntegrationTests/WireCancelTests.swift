import Foundation
import Testing

/// CancelRequest, byte by byte.
@Suite(.serialized)
struct WireCancelTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Sends it and waits for the close; what came before that.
    private func cancel(_ key: [UInt8], tls: Bool, behind: [UInt8] = []) throws -> [UInt8] {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        if tls { try client.beginTLS(authority: testbed.authority, host: testbed.host) }
        try client.send(Bytes.cancelRequest(key) + behind)
        return try client.readToEnd()
    }

    private func session(_ version: UInt32 = 0x3_0000) throws -> (client: RawClient, key: [UInt8]) {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        try client.beginTLS(authority: testbed.authority, host: testbed.host)
        try client.send(Bytes.startup([("user", "tester"), ("database", "scratch")], version: version))
        #expect(try client.readFrame()?.letter == "R")
        try client.send(Bytes.password(try testbed.token(.conformance)))
        let frames = try client.readFrames(until: "Z")
        return (client, try #require(frames.first { $0.letter == "K" }?.body))
    }

    private func sqlstate(_ client: RawClient) throws -> String? {
        try client.readFrames(until: "Z", within: 15).first { $0.letter == "E" }?.field("C")
    }

    @Test("F-WIRE-15, F-WIRE-12: a right key cancels, by TLS and in the clear, and is answered by no byte")
    func rightKey() throws {
        for (tls, version, bytes) in [(true, 0x3_0000, 8), (false, 0x3_0000, 8), (true, 0x3_0002, 36)] {
            let (client, key) = try session(UInt32(version))
            #expect(key.count == bytes)
            try client.send(Bytes.query("select pg_sleep(10)"))
            usleep(100_000)
            #expect(try cancel(key, tls: tls).isEmpty)
            #expect(try sqlstate(client) == "57014")
            #expect(try client.values("select 1") == ["1"])
            client.close()
        }
    }

    @Test("F-WIRE-15, F-WIRE-16: wrong keys, of every length, and keys of idle sessions change nothing")
    func otherKeys() throws {
        let witness = try AbuseWitness(testbed)
        let (client, key) = try session()
        #expect(try cancel(key, tls: true).isEmpty, "nothing runs")
        try client.send(Bytes.query("select pg_sleep(0.5)"))
        usleep(100_000)
        var wrong = key
        wrong[7] ^= 1
        for other in [
            wrong, Array(key[..<4]), Array(key[..<7]), key + [0], key + Array(repeating: 0, count: 300),
        ] {
            #expect(try cancel(other, tls: true).isEmpty)
            #expect(try cancel(other, tls: false).isEmpty)
        }
        #expect(try sqlstate(client) == nil)
        client.close()
        #expect(try cancel(key, tls: false).isEmpty, "the session is gone")
        try witness.expectUnharmed()
    }

    @Test("F-WIRE-14: a cancel a second after another one reaches the statement it is meant for")
    func secondCancel() throws {
        for delay in stride(from: 0.990, through: 1.004, by: 0.002) {
            let (client, key) = try session()
            try client.send(Bytes.query("select pg_sleep(10)"))
            usleep(50_000)
            let first = Date()
            _ = try cancel(key, tls: false)
            #expect(try sqlstate(client) == "57014")
            try client.send(Bytes.query("select pg_sleep(3)"))
            usleep(UInt32(max(0, delay - Date().timeIntervalSince(first)) * 1_000_000))
            _ = try cancel(key, tls: false)
            #expect(try sqlstate(client) == "57014", "\(delay) s later")
            client.close()
        }
    }

    @Test("F-WIRE-14: only the statement that runs when a cancel is sent is hit, never a later one")
    func race() throws {
        let (client, key) = try session()
        for round in 0..<300 {
            try client.send(Bytes.query("select pg_sleep(\(Double(round % 10) / 2_000))"))
            usleep(UInt32(round % 7) * 700)
            // It returns when the cancel has been acted on: the statement that follows must not see it.
            _ = try cancel(key, tls: false)
            let first = try sqlstate(client)
            #expect(first == nil || first == "57014")
            #expect(try client.values("select \(round)") == ["\(round)"])
        }
        client.close()
    }

    @Test("F-WIRE-14: a cancel in a pipeline fails the statement that runs; the rest is skipped to the Sync")
    func pipeline() throws {
        let (client, key) = try session()
        try client.send(
            Bytes.run("select pg_sleep(10)") + Bytes.run("select 2") + Bytes.sync + Bytes.query("select 3"))
        usleep(150_000)
        _ = try cancel(key, tls: true)
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["1", "2", "E", "Z"])
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        client.close()
    }

    @Test(
        "F-WIRE-16: 3,000 wrong keys leave few records, and the session beside them answers as fast as before"
    )
    func guesses() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let began = Date()
        for guess in 0..<3_000 {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            try client.send(Bytes.cancelRequest(Bytes.number(UInt32(guess)) + Bytes.number(77)))
            #expect(try client.readToEnd().isEmpty)
            client.close()
            if guess % 100 == 0 {
                let asked = Date()
                try witness.expectNeighbourAnswers()
                #expect(Date().timeIntervalSince(asked) < 0.5)
            }
        }
        let seconds = Int(Date().timeIntervalSince(began)) + 2
        let records = try own.testbed.log("eu-west-1").records.filter { $0.type == "cancel" }
        #expect(!records.isEmpty)
        // Ten a second of an address, and one for each second that says there were more.
        #expect(records.count <= 11 * seconds, "\(records.count) in \(seconds) s")
        #expect(records.allSatisfy { ["unknown", "limited"].contains($0.keys["verdict"] as? String ?? "") })
        try witness.expectUnharmed(ownGateway: true)
    }
}
