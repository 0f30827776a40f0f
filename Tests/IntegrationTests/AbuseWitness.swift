import Foundation
import Testing

/// What must be as it was after every abuse: the gateway's process, a session that was open before, its descriptors
/// and memory, and a log that parses.
struct AbuseWitness {
    let testbed: Testbed
    private let neighbour: RawClient
    private let descriptors: Int
    private let memory: Int

    init(_ testbed: Testbed) throws {
        self.testbed = testbed
        neighbour = try RawClient.through(testbed, application: "neighbour")
        _ = try neighbour.values("select 1")
        descriptors = try AbuseWitness.descriptors(testbed)
        memory = try AbuseWitness.memory(testbed)
    }

    static func descriptors(_ testbed: Testbed) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(testbed.processID)/fd").count
    }

    /// Resident KiB.
    static func memory(_ testbed: Testbed) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(testbed.processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.split(separator: " ").dropLast().last ?? "") } ?? 0
    }

    /// CPU seconds so far.
    static func processorTime(_ testbed: Testbed) throws -> Double {
        let stat = try String(contentsOfFile: "/proc/\(testbed.processID)/stat", encoding: .utf8)
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        return Double((Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// KiB that the gateway has grown by since the witness began.
    func growth() throws -> Int { try AbuseWitness.memory(testbed) - memory }

    func expectNeighbourAnswers() throws {
        #expect(try neighbour.values("select 42") == ["42"])
        #expect(kill(testbed.processID, 0) == 0)
    }

    /// - Parameter ownGateway: nobody else uses this gateway: its descriptors must come back.
    func expectUnharmed(ownGateway: Bool = false) throws {
        try expectNeighbourAnswers()
        if ownGateway {
            try testbed.eventually("the descriptors are given back") {
                try AbuseWitness.descriptors(testbed) <= descriptors
            }
        }
        #expect(try testbed.log("eu-west-1").isGapFree)
        neighbour.close()
    }
}
