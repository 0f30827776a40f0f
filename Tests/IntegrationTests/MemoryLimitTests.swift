import Foundation
import Glibc
import Testing
import Transport

/// A gateway in a control group of 128 MiB and half a core.
@Suite(.serialized, .enabled(if: OwnControlGroup.canBeMade, "no control group can be made here"))
struct MemoryLimitTests {
    private typealias Bytes = AbuseFrames

    private static let memory = 128 << 20

    /// Sessions that leave an answer of 40 MB unread, and ones that send statements of 900 KB and stop at 600 KB.
    private func burden(_ testbed: Testbed, readers: Int, writers: Int) throws -> [RawClient] {
        let clients = try (0..<(readers + writers)).map {
            try RawClient.through(testbed, application: "burden-\($0)")
        }
        let piece = Array(repeating: UInt8(ascii: " "), count: 600_000)
        for client in clients.prefix(readers) {
            try client.send(Bytes.query("select repeat('x', 100000) from generate_series(1, 400)"))
        }
        for client in clients.dropFirst(readers) {
            // Whoever was refused takes what follows all the same; a gateway that was killed does not.
            try? client.send(Bytes.header("Q", length: 900_000) + piece)
        }
        return clients
    }

    private func verified(_ testbed: Testbed) throws -> Command.Run {
        try Command.run(
            testbed.binary,
            ["audit", "verify", "\(testbed.audit)/eu-west-1", "--config", testbed.configuration])
    }

    @Test(
        "F-OPS-17: with 128 MiB and half a core sessions that read nothing and statements that do not end are held back, or refused, before the kernel ends the gateway"
    )
    func heldBack() throws {
        let group = try OwnControlGroup(memory: MemoryLimitTests.memory, processor: 50)
        let own = try OwnGateway(Testbed())
        defer { own.remove() }
        try own.restart(SIGTERM, through: group.entrance)
        var testbed = own.testbed
        testbed.processID = own.process.processID
        let limit = MemoryLimitTests.memory / 2
        #expect(try testbed.metric("domicile_buffer_limit_bytes") == Double(limit))
        #expect(try workers(testbed) == 1)

        let witness = try AbuseWitness(testbed)
        let clients = try burden(testbed, readers: 60, writers: 120)
        try testbed.eventually("statements are refused") {
            try testbed.metric("domicile_statements_refused_total{class=\"no_memory\"}") ?? 0 >= 20
        }
        #expect(try testbed.metric("domicile_buffer_bytes") ?? .infinity <= Double(limit))
        try witness.expectNeighbourAnswers()
        #expect(try group.killed == 0)
        for client in clients { client.close() }
        try testbed.eventually("the buffers are given back") {
            try testbed.metric("domicile_buffer_bytes") ?? .infinity < 1_000_000
        }
        try RawClient.through(testbed, application: "later").close()
        try witness.expectUnharmed(ownGateway: true)
        #expect(try verified(testbed).status == 0)
        #expect(try group.killed == 0)
    }

    @Test(
        "F-OPS-18: killed for its memory it leaves a log that is whole, with what was acknowledged, and executors that know at once"
    )
    func killed() throws {
        let group = try OwnControlGroup(memory: MemoryLimitTests.memory, processor: 50)
        // More than there is.
        let own = try OwnGateway(
            Testbed(), edit: { $0.replacingOccurrences(of: "limits:\n", with: "limits:\n  buffers: 1GiB\n") })
        defer { own.remove() }
        try own.restart(SIGTERM, through: group.entrance)
        let witness = try RawClient.through(own.testbed, application: "killed")
        #expect(try witness.values("select 17") == ["17"])
        let clients = try burden(own.testbed, readers: 0, writers: 200)
        try own.testbed.eventually("the kernel has killed it") { try group.killed == 1 }
        #expect(own.process.wait(timeout: 10).status == SIGKILL)
        // The kernel has closed its sockets: an end or a reset, at once, and nothing before it.
        do { #expect(try witness.readToEnd(within: 2).isEmpty) } catch is TransportError {}
        for client in clients + [witness] { client.close() }

        try own.restart(SIGKILL)
        let log = try own.testbed.log("eu-west-1")
        #expect(log.isGapFree)
        let statement = try #require(log.records.first { $0.sql == "select 17" })
        #expect(log.records(of: [statement.session], "outcome").count == 1)
        #expect(try RawClient.through(own.testbed, application: "later").values("select 18") == ["18"])
        #expect(try verified(own.testbed).status == 0)
    }

    /// Threads that are workers.
    private func workers(_ testbed: Testbed) throws -> Int {
        let folder = "/proc/\(testbed.processID)/task"
        return try FileManager.default.contentsOfDirectory(atPath: folder).count { thread in
            let name = try? String(contentsOfFile: "\(folder)/\(thread)/comm", encoding: .utf8)
            return name?.hasPrefix("worker") == true
        }
    }
}
