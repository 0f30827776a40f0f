import Foundation
import Testing

/// A gateway whose descriptors have run out.
@Suite(.serialized)
struct AbuseDescriptorTests {
    @Test(
        "F-OPS-01: 200 clients at 96 descriptors cost no CPU, disturb no session, and are soon forgotten"
    )
    func exhausted() throws {
        let own = try OwnGateway(Testbed())
        defer { own.remove() }
        let testbed = own.testbed
        let process = String(own.process.processID)
        #expect(try Command.run("prlimit", ["--pid", process, "--nofile=96:96"]).status == 0)
        let witness = try AbuseWitness(testbed)
        let before = try AbuseWitness.processorTime(testbed)
        let clients = try (0..<200).map { _ in try RawClient(host: testbed.host, port: testbed.port) }
        sleep(3)
        try witness.expectNeighbourAnswers()
        #expect(try AbuseWitness.processorTime(testbed) - before < 0.5)
        for client in clients { client.close() }
        try testbed.eventually("a login after all have gone", within: 5) {
            guard let client = try? RawClient.through(testbed, application: "later") else { return false }
            client.close()
            return true
        }
        _ = try testbed.endedSessions("later", region: "eu-west-1")
        try witness.expectUnharmed(ownGateway: true)
    }
}
