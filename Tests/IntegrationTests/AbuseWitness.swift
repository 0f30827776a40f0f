import Foundation
import Glibc
import Testing

/// What must be as it was after every abuse: the gateway's process, a session that was open before, its
/// descriptors and memory, and a log that parses.
struct AbuseWitness {
    let testbed: Testbed
    private let neighbour: RawClient
    private let descriptors: Int
    private let memory: Int
    /// Bytes of the log when the witness began.
    private let logged: Int

    init(_ testbed: Testbed) throws {
        self.testbed = testbed
        neighbour = try RawClient.through(testbed, application: "neighbour")
        _ = try neighbour.values("select 1")
        logged = try AbuseWitness.segments(testbed).reduce(0) { try $0 + Data(contentsOf: $1).count }
        // The log's tree opens its list of checkpoints for the first one, and keeps it open.
        try testbed.eventually("the log is signed") {
            access("\(testbed.audit)/eu-west-1/checkpoint", F_OK) == 0
        }
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
        try expectWholeLog()
        neighbour.close()
    }

    private static func segments(_ testbed: Testbed) throws -> [URL] {
        let folder = "\(testbed.audit)/eu-west-1/segments"
        return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
            .sorted().map { URL(fileURLWithPath: "\(folder)/\($0)") }
    }

    /// Every line since the witness began is JSON, and their numbers have no gap.
    private func expectWholeLog() throws {
        var skip = logged
        var last: Int?
        for segment in try AbuseWitness.segments(testbed) {
            let data = try Data(contentsOf: segment)
            defer { skip = max(0, skip - data.count) }
            guard skip < data.count else { continue }
            // The first line may have been begun before, the last one be half written.
            guard let end = data.lastIndex(of: 10) else { continue }
            for line in data[skip...end].split(separator: 10).dropFirst(skip > 0 ? 1 : 0) {
                let record = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
                let seq = try #require(record?["seq"] as? Int, "\(String(decoding: line, as: UTF8.self))")
                if let last { #expect(seq == last + 1) }
                last = seq
            }
        }
        #expect(last != nil)
    }
}
