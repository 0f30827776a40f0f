import Audit
import AuditTree
import Foundation
import Testing

/// A signed and anchored log with segments of 100 records, an hour apart, on a clock of the test's.
final class RetainedLog {
    static let origin = "example.com/audit/eu-west-1"

    let folder: TemporaryFolder
    let clock = TestClock()
    let key = SigningKey()
    private let age: Duration

    var path: String { folder.path + "/log" }
    var kept: String { folder.path + "/kept" }
    var verifiers: [VerifierKey] { key.verifier(of: RetainedLog.origin).map { [$0] } ?? [] }

    init(age: Duration = .seconds(9000)) throws {
        folder = try TemporaryFolder()
        self.age = age
    }

    func open(
        anchors: Int = 1, tell: @escaping @Sendable (RetentionSettings.Event) -> Void = { _ in },
        files decide: @escaping @Sendable (FaultyTreeFiles.Operation, String) -> Int32? = { _, _ in nil }
    ) throws -> AuditLog {
        var settings = folder.signed(by: [key], segmentBytes: 10_000)
        settings.tree?.anchors = (0..<anchors).map { FileAnchor(path: kept + ($0 == 0 ? "" : "-\($0)")) }
        settings.retention = RetentionSettings(
            age: age, reason: "audit.retention: 150m", policy: "p", tell: tell)
        return try AuditLog(
            settings, clocks: clock.clocks, wrapping: { $0 },
            wrappingTree: { FaultyTreeFiles($0, decide) }, startsWriter: false)
    }

    /// Segments of 100 records, an hour apart.
    func write(_ log: AuditLog, segments count: Int = 5) throws {
        for _ in 0..<count {
            clock.advance(3_600_000_000)
            _ = try log.append(marks: Array(0..<100))
            log.settle(clock, turns: 1)
        }
    }

    /// Lets the log's threads do what they have to.
    func turn(_ log: AuditLog, anchored: Bool = true, heldBack: UInt64? = nil, times: Int = 8) {
        for _ in 0..<times {
            log.settle(clock, turns: 1)
            if anchored { for anchor in log.tree?.anchors ?? [] { _ = anchor.turn() } }
            _ = log.turnRetention(heldBack: heldBack)
        }
        log.settle(clock, turns: 1)
    }

    var segments: [UInt64] { (try? SegmentName.list(path + "/segments")) ?? [] }

    func verify(progress: @escaping (Int) -> Void = { _ in }) throws -> VerificationReport {
        try LogVerification(
            folder: path, keys: verifiers,
            anchors: FileManager.default.fileExists(atPath: kept) ? [KeptCheckpoints(kept)] : [],
            progress: progress
        ).run()
    }

    /// The line of a record.
    func line(_ seq: UInt64) throws -> [UInt8] {
        try #require(try RecordSearch.record(seq, in: path)).bytes
    }
}
