import Foundation
import Testing

/// A gateway whose sessions' buffers may hold little.
@Suite(.serialized)
struct BufferLimitTests {
    private typealias Bytes = AbuseFrames

    @Test(
        "F-OPS-17: at limits.buffers long statements are 53200 and new connections 53300, the session beside them works, and all comes back"
    )
    func exhausted() throws {
        let own = try OwnGateway(
            Testbed(), edit: { $0.replacingOccurrences(of: "limits:\n", with: "limits:\n  buffers: 4MiB\n") })
        defer { own.remove() }
        let testbed = own.testbed
        let limit = 4_194_304.0
        #expect(try testbed.metric("domicile_buffer_limit_bytes") == limit)
        let witness = try AbuseWitness(testbed)
        let clients = try (0..<12).map { try RawClient.through(testbed, application: "large-\($0)") }
        // Statements of 900 KB that stop at 600 KB.
        let piece = Array(repeating: UInt8(ascii: " "), count: 600_000)
        // One after the other: read at once they would all grow together, and be refused together.
        for (sent, client) in clients.enumerated() {
            try client.send(Bytes.header("Q", length: 900_000) + piece)
            try testbed.eventually("statement \(sent) is held or refused") {
                let held = try testbed.metric("domicile_buffer_bytes") ?? .infinity
                #expect(held <= limit)
                let refused =
                    try testbed.metric("domicile_statements_refused_total{class=\"no_memory\"}") ?? 0
                return Int(held / 1_000_000) + Int(refused) > sent
            }
        }
        #expect(try testbed.metric("domicile_buffer_bytes") ?? 0 >= limit * 3 / 4)
        let refused = clients.filter { client in
            (try? client.readFrame(within: 0.2)?.field("C")) == "53200"
        }
        #expect(refused.count >= 8, "\(refused.count)")
        // The rest of a refused statement is dropped, and its session lives on.
        let alive = try #require(refused.first)
        try alive.send(Array(repeating: UInt8(ascii: " "), count: 900_000 - 4 - 600_000))
        #expect(try alive.readFrames(until: "Z").map(\.letter) == ["Z"])
        #expect(try alive.values("select 7") == ["7"])
        try witness.expectNeighbourAnswers()

        let late = try RawClient(host: testbed.host, port: testbed.port)
        let answer = try late.readFrame()
        #expect(answer?.letter == "E" && answer?.field("C") == "53300", "\(answer?.field("M") ?? "")")
        late.close()

        for client in clients { client.close() }
        try testbed.eventually("the buffers are given back") {
            try testbed.metric("domicile_buffer_bytes") ?? .infinity < 100_000
        }
        try RawClient.through(testbed, application: "later").close()
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test(
        "F-OPS-17: with a budget for sixteen blocks, and thirty-two sessions that leave their answers unread, each is answered"
    )
    func shared() throws {
        let own = try OwnGateway(
            Testbed(), edit: { $0.replacingOccurrences(of: "limits:\n", with: "limits:\n  buffers: 1MiB\n") })
        defer { own.remove() }
        // A block each would be twice as much as there is.
        var clients: [RawClient] = []
        for number in 0..<32 { clients.append(try .through(own.testbed, application: "shared-\(number)")) }
        for client in clients {
            // Nobody reads the answer yet: more than the kernel's own buffers take.
            try client.send(Bytes.query("select repeat('x', 100000) from generate_series(1, 150)"))
        }
        sleep(1)
        // Beyond the limit each has a small piece, which a row's beginning may have doubled.
        let held = try own.testbed.metric("domicile_buffer_bytes") ?? .infinity
        #expect(held > 524_288 && held <= 1_048_576 + 32 * 16_384, "\(held)")
        for client in clients {
            let rows = try client.readFrames(until: "Z", within: 20).filter { $0.letter == "D" }
            #expect(rows.count == 150)
            client.close()
        }
        #expect(try own.testbed.metric("domicile_buffer_shortages_total") ?? 0 > 0)
    }
}
