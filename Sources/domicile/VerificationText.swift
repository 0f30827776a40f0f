import Audit
import Foundation

/// What a verification found, in one line.
enum VerificationText {
    static func summary(_ report: VerificationReport) -> String {
        var parts: [String] = []
        let count = report.end - report.first
        if report.findingCount > 0 {
            parts.append("NOT intact, \(report.findingCount) finding\(report.findingCount == 1 ? "" : "s")")
        } else if !report.hasKey {
            parts.append("consistent with itself only: no key was given")
        } else {
            parts.append("verified")
        }
        parts.append("\(count) records")
        if report.pruned > 0 {
            let record = report.pruning.map { " (record \($0) says so)" } ?? ""
            parts.append("records 0 to \(report.pruned - 1) removed by retention\(record)")
        }
        parts.append("\(report.checkpoints) checkpoints, the last over \(report.covered) records")
        if report.end > report.covered { parts.append("\(report.end - report.covered) records behind it") }
        if report.confirmed > 0 {
            parts.append("goes on from \(report.confirmed) checkpoints kept elsewhere")
        }
        if report.withoutOutcome > 0 {
            parts.append("\(report.withoutOutcome) statements without an outcome")
        }
        return parts.joined(separator: "; ")
    }
}

/// What a verification found, as JSON.
enum VerificationJSON {
    private struct Finding: Encodable {
        let seq: UInt64?
        let path: String
        let reason: String
    }

    private struct Report: Encodable {
        let log: String
        let region: String?
        let origin: String?
        let verified: Bool
        let first: UInt64
        let end: UInt64
        let checkpoints: UInt64
        let covered: UInt64
        let keys: [String]
        let confirmed: Int
        let withoutOutcome: Int
        let pruned: UInt64
        let pruning: UInt64?
        let findingCount: Int
        let findings: [Finding]
    }

    static func of(_ report: VerificationReport, log: String) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try encoder.encode(
            Report(
                log: log, region: report.region, origin: report.origin, verified: report.isVerified,
                first: report.first, end: report.end, checkpoints: report.checkpoints,
                covered: report.covered,
                keys: report.hasKey ? report.signers.map(\.description) : [], confirmed: report.confirmed,
                withoutOutcome: report.withoutOutcome, pruned: report.pruned, pruning: report.pruning,
                findingCount: report.findingCount,
                findings: report.findings.map { Finding(seq: $0.seq, path: $0.path, reason: $0.reason) }))
    }
}
