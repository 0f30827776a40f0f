import Foundation
import Testing

/// Messages of every size: the limits hold, nothing is gathered that need not be.
@Suite(.serialized)
struct AbuseVolumeTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed
    private static let limit = 64 << 20

    init() throws { testbed = try Testbed() }

    private static func statement(_ bytes: Int) -> String {
        "select 1 --" + String(repeating: "x", count: bytes - 11)
    }

    private func expect(_ client: RawClient, _ letters: [String], sqlstate: String? = nil) throws {
        let frames = try client.readFrames(until: "Z", within: 60)
        #expect(frames.map(\.letter) == letters)
        #expect(frames.first { $0.letter == "E" }?.field("C") == sqlstate)
    }

    @Test("a statement beyond limits.statement is 54000 in each protocol, and the session lives on")
    func tooLong() throws {
        let witness = try AbuseWitness(testbed)
        let client = try RawClient.through(testbed)
        let long = AbuseVolumeTests.statement(AbuseVolumeTests.limit + 1)
        try client.send(Bytes.query(long) + Bytes.query("select 2"))
        try expect(client, ["E", "Z"], sqlstate: "54000")
        try expect(client, ["T", "D", "C", "Z"])
        // In a pipeline: what stands before it is done, what stands behind it is skipped.
        try client.send(
            Bytes.run("select 1") + Bytes.parse(long, name: "long") + Bytes.run("select 3") + Bytes.sync
                + Bytes.query("select 4"))
        try expect(client, ["1", "2", "D", "C", "E", "Z"], sqlstate: "54000")
        try expect(client, ["T", "D", "C", "Z"])
        // In a transaction it is an error like any other.
        try client.send(Bytes.query("begin") + Bytes.query(long) + Bytes.query("select 5"))
        try expect(client, ["C", "Z"])
        let failed = try client.readFrames(until: "Z")
        #expect(failed.map(\.letter) == ["E", "Z"])
        #expect(failed.last?.body == [UInt8(ascii: "E")])
        try expect(client, ["E", "Z"], sqlstate: "25P02")
        client.close()
        try witness.expectUnharmed()
    }

    @Test("F-WIRE-20: a refusal in a pipeline comes in its place and at once, without a Sync or a Flush")
    func refusedAtOnce() throws {
        let own = try OwnGateway(
            testbed, edit: { $0.replacingOccurrences(of: "limits:\n", with: "limits:\n  statement: 10KiB\n") }
        )
        defer { own.remove() }
        let client = try RawClient.through(own.testbed)
        let long = AbuseVolumeTests.statement(20_000)
        let began = Date()
        try client.send(Bytes.run("select 1") + Bytes.parse(long, name: "long") + Bytes.run("select 2"))
        let frames = try client.readFrames(until: "E", within: 1)
        #expect(frames.map(\.letter) == ["1", "2", "D", "C", "E"])
        #expect(frames.last?.field("C") == "54000")
        #expect(Date().timeIntervalSince(began) < 0.2)
        try client.send(Bytes.sync)
        try expect(client, ["Z"])
        client.close()
    }

    @Test("a refused Parse of a name leaves the unnamed statement as it was")
    func unnamedSurvives() throws {
        let client = try RawClient.through(testbed)
        let long = AbuseVolumeTests.statement(AbuseVolumeTests.limit + 1)
        try client.send(Bytes.parse("select 77") + Bytes.sync)
        try expect(client, ["1", "Z"])
        try client.send(Bytes.parse(long, name: "long") + Bytes.sync)
        try expect(client, ["E", "Z"], sqlstate: "54000")
        try client.send(Bytes.bind() + Bytes.execute() + Bytes.sync)
        try expect(client, ["2", "D", "C", "Z"])
        client.close()
    }

    @Test("F-AUD-13: a statement of 40 MB is recorded whole, in text records that follow its own")
    func recordedWhole() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let application = Testbed.unique("large")
        let client = try RawClient.through(own.testbed, application: application)
        let sql = "select length('" + String(repeating: "y", count: 40_000_000) + "')"
        try client.send(Bytes.query(sql))
        try expect(client, ["T", "D", "C", "Z"])
        client.close()
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let query = try #require(log.records(of: sessions, "query").first)
        #expect(query.keys["sql_bytes"] as? Int == sql.utf8.count)
        let texts = log.records(of: sessions, "text").filter { $0.of == query.message }
        #expect(texts.enumerated().allSatisfy { $0.element.keys["part"] as? Int == $0.offset + 1 })
        #expect(texts.enumerated().allSatisfy { $0.element.seq == query.seq + 1 + $0.offset })
        #expect((query.sql ?? "") + texts.compactMap(\.sql).joined() == sql)
        #expect(([query] + texts).allSatisfy { $0.line.utf8.count < 64 * 1024 })
    }

    @Test("F-WIRE-29: rows and CopyData of 40 MB pass in pieces; the gateway does not grow")
    func pieces() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let client = try RawClient.through(own.testbed)
        try client.send(Bytes.query("select repeat('z', 40000000)"))
        let frames = try client.readFrames(until: "Z", within: 60)
        #expect(frames.first { $0.letter == "D" }?.body.count == 40_000_006)
        try client.send(Bytes.query("create temp table t (a text); copy t from stdin"))
        #expect(try client.readFrames(until: "G").last?.letter == "G")
        let data = [UInt8](repeating: 119, count: 40_000_000) + [10]
        try client.send(Bytes.header("d", length: UInt32(data.count + 4)) + data + Bytes.copyDone)
        try expect(client, ["C", "Z"])
        #expect(try client.values("select length(a) from t") == ["40000000"])
        #expect(try witness.growth() < 4 * 1024)
        client.close()
        try witness.expectUnharmed(ownGateway: true)
    }

    /// PostgreSQL's own limit is a message of 1 GiB: `DOMICILE_FIELD_BYTES=1073741700` sends that, and takes the server 3 GB.
    @Test(
        "F-WIRE-29: a field of 200 MB, or of DOMICILE_FIELD_BYTES, passes; the gateway does not grow, its outcome has the bytes"
    )
    func largeField() throws {
        let text = ProcessInfo.processInfo.environment["DOMICILE_FIELD_BYTES"] ?? "200000000"
        let size = try #require(Int(text))
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let application = Testbed.unique("field")
        let client = try RawClient.through(own.testbed, application: application)
        try client.send(Bytes.query("select repeat('z', \(size))"))
        #expect(try client.skimFrame()?.letter == "T")
        let row = try #require(try client.skimFrame())
        #expect(row.letter == "D")
        // A count of columns and a length stand before the value.
        #expect(row.bytes == size + 6)
        #expect(try witness.growth() < 4 * 1024)
        try expect(client, ["C", "Z"])
        client.close()
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        #expect(log.records(of: sessions, "outcome").map { $0.keys["bytes"] as? Int } == [size + 6])
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test("a Bind of 300 MB passes as it comes: its record has its digest, and the gateway does not grow")
    func largeBind() throws {
        let own = try OwnGateway(
            testbed, edit: { $0.replacingOccurrences(of: "parameters: hash", with: "parameters: keep") })
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let application = Testbed.unique("bind")
        let client = try RawClient.through(own.testbed, application: application)
        let size = 300_000_000
        let piece = [UInt8](repeating: 113, count: 1_000_000)
        var head = Bytes.text("") + Bytes.text("") + Bytes.short(0) + Bytes.short(3)
        head += Bytes.number(2) + [52, 50] + Bytes.number(.max) + Bytes.number(UInt32(size))
        try client.send(Bytes.parse("select $1, length($3::text), $2", types: [25, 25, 25]))
        try client.send(Bytes.header("B", length: UInt32(4 + head.count + size + 2)) + head)
        for _ in 0..<(size / piece.count) { try client.send(piece) }
        try client.send(Bytes.short(0) + Bytes.execute() + Bytes.sync)
        let frames = try client.readFrames(until: "Z", within: 60)
        #expect(frames.map(\.letter) == ["1", "2", "D", "C", "Z"])
        #expect(frames.first { $0.letter == "D" }?.body.suffix(13).prefix(9) == Array("300000000".utf8)[...])
        #expect(try witness.growth() < 4 * 1024)
        client.close()
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let bind = try #require(log.records(of: sessions, "bind").first)
        let parameters = try #require(bind.keys["parameters"] as? [[String: Any]])
        try #require(parameters.count == 3)
        #expect(parameters[0]["value"] as? String == "42")
        #expect(parameters[1]["value"] is NSNull)
        #expect(parameters[2]["bytes"] as? Int == size)
        #expect(parameters.map { $0["type"] as? Int } == [25, 25, 25])
        // sha256 of 300,000,000 letters q, by another implementation, cut to 128 bits.
        let sum = try Command.run(
            "sh", ["-c", "head -c \(size) /dev/zero | tr '\\0' q | sha256sum"], timeout: 60)
        #expect(parameters[2]["digest"] as? String == "sha256:" + sum.output.prefix(32))
        #expect(bind.message == 2)
        #expect(log.records(of: sessions, "execute").first?.message == 3)
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test("a large Bind that is malformed is the server's to answer, and leaves a record with its length")
    func largeMalformedBind() throws {
        let application = Testbed.unique("bind")
        let client = try RawClient.through(testbed, application: application)
        let direct = try RawClient.direct()
        let padding = [UInt8](repeating: 7, count: 3_000_000)
        let wrongLength =
            Bytes.text("") + Bytes.text("") + Bytes.short(0) + Bytes.short(1) + Bytes.number(1 << 30)
        let noName = [UInt8](repeating: 65, count: 64)
        for head in [wrongLength, noName] {
            let frame = Bytes.frame("B", head + padding)
            for each in [client, direct] {
                try each.send(Bytes.parse("select $1::text") + frame + Bytes.sync + Bytes.query("select 1"))
            }
            let theirs = try direct.readFrames(until: "Z") + direct.readFrames(until: "Z")
            #expect(try client.readFrames(until: "Z") + client.readFrames(until: "Z") == theirs)
            #expect(theirs.contains { $0.field("C") == "08P01" })
        }
        client.close()
        direct.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let binds = log.records(of: sessions, "bind")
        #expect(binds.map { $0.keys["reason"] as? String } == ["malformed", "malformed"])
        #expect(
            binds.map { $0.keys["bytes"] as? Int } == [wrongLength, noName].map { $0.count + padding.count })
    }

    @Test("F-WIRE-08: unfinished Binds of 250 MB cost each a buffer, and no other session anything")
    func unfinishedBinds() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let head =
            Bytes.text("") + Bytes.text("") + Bytes.short(0) + Bytes.short(1) + Bytes.number(250_000_000)
        let begun = Bytes.header("B", length: UInt32(4 + head.count + 250_000_000 + 2)) + head
        let piece = [UInt8](repeating: 113, count: 20_000_000)
        let clients = try (0..<8).map { _ in
            let client = try RawClient.through(own.testbed)
            try client.send(begun + piece)
            return client
        }
        usleep(300_000)
        try witness.expectNeighbourAnswers()
        #expect(try witness.growth() < 8 * 1500)
        for client in clients { client.close() }
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test(
        "F-WIRE-29: a reader that stops in a result of 2 GB costs less than 4 MB",
        arguments: [1_000, 1_000_000])
    func stoppedReader(_ row: Int) throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let witness = try AbuseWitness(own.testbed)
        let client = try RawClient.through(own.testbed)
        let count = 2_000_000_000 / row
        try client.send(Bytes.query("select repeat('k', \(row)) from generate_series(1, \(count))"))
        usleep(2_500_000)
        #expect(try witness.growth() < 4 * 1024)
        client.close()
        try witness.expectUnharmed(ownGateway: true)
    }
}
