import Foundation
import Testing

/// Replication sessions, where a rule allows them: COPY in both directions.
@Suite(.serialized)
struct WireReplicationTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Streams from where the server is, ends the stream at once, and runs a statement; the types that came, but for data.
    private func stream(_ client: RawClient) throws -> [String] {
        defer { client.close() }
        try client.send(Bytes.query("IDENTIFY_SYSTEM"))
        let row = try #require(try client.readFrames(until: "Z").first { $0.letter == "D" })
        let position = try #require(WireReplicationTests.columns(row.body).dropFirst(2).first)
        try client.send(Bytes.query("START_REPLICATION PHYSICAL \(position)"))
        #expect(try client.readFrame()?.letter == "W")
        try client.send(Bytes.copyDone)
        let end = try client.readFrames(until: "Z")
        try client.send(Bytes.query("SELECT 1") + Bytes.terminate)
        return (end + (try client.readFrames(until: "Z"))).map(\.letter).filter { $0 != "d" }
    }

    private static func columns(_ body: [UInt8]) -> [String] {
        var rest = body.dropFirst(2)
        var columns: [String] = []
        while rest.count >= 4 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            columns.append(String(decoding: rest.dropFirst(4).prefix(length), as: UTF8.self))
            rest = rest.dropFirst(4 + length)
        }
        return columns
    }

    @Test(
        "F-WIRE-28: a stream of START_REPLICATION passes both ways as at the server, and is recorded as COPY both"
    )
    func copyBoth() throws {
        let own = try OwnGateway(
            testbed,
            edit: {
                $0.replacingOccurrences(
                    of: "  - name: conformance\n", with: "  - name: conformance\n    replication: allow\n")
            })
        defer { own.remove() }
        let parameters = [("replication", "database")]
        let application = Testbed.unique("walsender")
        let direct = try stream(RawClient.direct(parameters: parameters))
        let relayed = try stream(
            RawClient.through(own.testbed, application: application, parameters: parameters))
        #expect(relayed == direct)
        #expect(direct.first == "c")
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let queries = log.records(of: sessions, "query").compactMap(\.sql)
        #expect(queries.map { $0.prefix(17) } == ["IDENTIFY_SYSTEM", "START_REPLICATION", "SELECT 1"])
        let copies = log.records(of: sessions, "copy")
        #expect(copies.map { $0.keys["direction"] as? String } == ["both"])
        #expect(copies.map(\.of) == [2])
        #expect(Set(log.records(of: sessions, "outcome").compactMap(\.of)) == [1, 2, 4])
        #expect(log.records(of: sessions, "outcome").allSatisfy { $0.sqlstate == nil })
    }
}
