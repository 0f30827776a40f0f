import Foundation
import Testing

/// Whatever comes after a login: the session goes on as the server's would, or ends in words; nobody notices.
@Suite(.serialized)
struct AbuseSessionTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// The SQLSTATE of the last error up to the end of the connection.
    private func end(_ client: RawClient) throws -> String? {
        defer { client.close() }
        var sqlstate: String?
        while let frame = try client.readFrame() {
            if frame.letter == "E" { sqlstate = frame.field("C") }
        }
        return sqlstate
    }

    @Test("F-WIRE-25: of all 256 types only those of executors go on, each other ends its session: 08P01")
    func types() throws {
        let witness = try AbuseWitness(testbed)
        let known = Set("BCDEFHPQScdf".utf8)
        for type in UInt8.min...UInt8.max where type != UInt8(ascii: "X") {
            let client = try RawClient.through(testbed)
            try client.send([type, 0, 0, 0, 4] + Bytes.sync + Bytes.query("select 'here'"))
            if known.contains(type) {
                let frames = try readToRow(client)
                #expect(frames.contains { $0.letter == "D" }, "type \(type)")
                client.close()
            } else {
                #expect(try end(client) == "08P01", "type \(type)")
            }
        }
        try witness.expectUnharmed()
    }

    private func readToRow(_ client: RawClient) throws -> [RawClient.Frame] {
        var frames: [RawClient.Frame] = []
        while let frame = try client.readFrame() {
            frames.append(frame)
            if frame.letter == "D" { break }
        }
        return frames
    }

    @Test("F-WIRE-07: lengths below 4 and beyond the type's limit are 08P01 at once, before any of the body")
    func lengths() throws {
        let witness = try AbuseWitness(testbed)
        for one in AbuseCase.sessionLengths {
            let client = try RawClient.through(testbed)
            try client.send(one.bytes)
            #expect(try end(client) == "08P01", "\(one.name)")
        }
        try witness.expectUnharmed()
    }

    @Test("F-WIRE-08: sessions that announce 60 MB and 200 MB and send three bytes cost nothing")
    func announced() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let clients = try (0..<30).map { index in
            let client = try RawClient.through(own.testbed)
            let header =
                index % 2 == 0
                ? Bytes.header("Q", length: 60 << 20) : Bytes.header("B", length: 200 << 20)
            try client.send(header + [1, 2, 3])
            return client
        }
        usleep(300_000)
        // A block of 64 KiB each, and a session's own.
        #expect(try witness.growth() < 30 * 160)
        for client in clients { client.close() }
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test(
        "F-WIRE-07: what follows a frame whose length overflowed is parsed and recorded as frames"
    )
    func overflowedLength() throws {
        let application = Testbed.unique("overflow")
        let client = try RawClient.through(testbed, application: application)
        // 2^32 + 13 in 32 bits is 13.
        try client.send(
            Bytes.header("Q", length: 13) + Bytes.text("select 1") + Bytes.query("select 'behind'"))
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        #expect(log.records(of: sessions, "query").map(\.sql) == ["select 1", "select 'behind'"])
    }

    @Test("F-WIRE-30: pipelines of 10,000 statements, all written before any answer is read, are answered")
    func pipelines() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let client = try RawClient.through(own.testbed)
        try client.send(Bytes.repeated(Bytes.run("select 1") + Bytes.sync, 10_000))
        for _ in 0..<10_000 { #expect(try client.readFrames(until: "Z").count == 5) }
        try client.send(Bytes.repeated(Bytes.query("select 1"), 10_000))
        for _ in 0..<10_000 { #expect(try client.readFrames(until: "Z").count == 4) }
        let one = Bytes.bind(statement: "s") + Bytes.execute()
        try client.send(Bytes.parse("select 1", name: "s") + Bytes.repeated(one, 10_000) + Bytes.sync)
        #expect(try client.readFrames(until: "Z").count == 30_002)
        try client.send(Bytes.repeated(Bytes.sync, 20_000) + Bytes.repeated(Bytes.flush, 20_000))
        for _ in 0..<20_000 { #expect(try client.readFrames(until: "Z").count == 1) }
        client.close()
        try witness.expectUnharmed()
    }

    @Test("F-WIRE-30: 30 MB of results of a pipeline whose writer reads nothing before it has written all")
    func pipelineOfLargeResults() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let client = try RawClient.through(own.testbed)
        try client.send(Bytes.repeated(Bytes.run("select repeat('x', 3000)") + Bytes.sync, 10_000))
        for _ in 0..<10_000 { #expect(try client.readFrames(until: "Z").count == 5) }
        client.close()
    }

    @Test(
        "F-WIRE-30: 10,000 messages behind an error are skipped as at the server; each ends in the log"
    )
    func skippedPipeline() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let application = Testbed.unique("skipped")
        let client = try RawClient.through(own.testbed, application: application)
        try client.send(Bytes.parse("selec") + Bytes.flush)
        #expect(try client.readFrame()?.field("C") == "42601")
        let skipped = Bytes.repeated(Bytes.bind() + Bytes.execute(), 5_000)
        try client.send(skipped + Bytes.sync + Bytes.query("select 5"))
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["Z"])
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        client.close()
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let executes = Set(log.records(of: sessions, "execute").compactMap(\.message))
        #expect(executes.count == 5_000)
        let ends = log.records(of: sessions, "outcome").compactMap(\.of).filter { executes.contains($0) }
        #expect(ends.count == 5_000)
        #expect(Set(ends) == executes)
    }

    @Test("F-WIRE-30: a burst of 5,000 notifications of 7 kB reaches a listener inside of a statement")
    func notifications() throws {
        let channel = Testbed.unique("burst")
        let (listener, sender) = (try RawClient.through(testbed), try RawClient.through(testbed))
        _ = try listener.values("listen \(channel)")
        try listener.send(Bytes.query("select pg_sleep(0.3)"))
        _ = try sender.values(
            "do $$begin for i in 1..5000 loop perform pg_notify('\(channel)', repeat('z', 7000) || i); "
                + "end loop; end$$")
        var count = 0
        while count < 5_000, let frame = try listener.readFrame() {
            if frame.letter == "A" { count += 1 }
        }
        #expect(count == 5_000)
        listener.close()
        sender.close()
    }
}
