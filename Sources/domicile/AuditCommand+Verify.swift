import ArgumentParser
import Audit
import AuditIndex
import AuditTree
import Foundation

/// `domicile audit verify [FOLDER…]`: every line, number, leaf, tile and checkpoint; or a proof, or a receipt.
struct AuditVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify logs, a proof or a receipt with nothing but the log's key.",
        discussion: """
            Says what is wrong, at which record, and ends with status 1. Without a key a log can only be found \
            consistent with itself, which ends with status 1 too: whoever rewrites all of it signs it with a key \
            of their own. What was cut off the end is found with --against, an older checkpoint that was kept elsewhere. \
            Of an audit root each key must have its log there, and each region of the configuration.
            """)

    @Argument(help: "A region's log, or a folder that holds several (an audit root).")
    var folders: [String] = []

    @OptionGroup var trust: TrustedKeyOptions

    @Option(
        help:
            "A checkpoint of the log that was kept elsewhere, or a file with several, that the log must go on from: a file or a URL."
    )
    var against: [String] = []

    @OptionGroup var access: AnchorAccessOptions

    @Option(help: "Verify this proof, as `domicile audit prove` prints it.")
    var proof: String?

    @Option(
        name: .customLong("record"),
        help: ArgumentHelp(
            "With --proof: a file with the record's line, as `domicile audit export` printed it, for a proof without one.",
            valueName: "file"))
    var recordFile: String?

    @Option(help: "Verify this receipt, as `domicile audit receipt` prints it.")
    var receipt: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        let count = [!folders.isEmpty, proof != nil, receipt != nil].count { $0 }
        guard count == 1 else { throw ValidationError("Name folders, or a --proof, or a --receipt.") }
        guard recordFile == nil || proof != nil else { throw ValidationError("--record goes with --proof.") }
        if proof != nil || receipt != nil, trust.isEmpty {
            throw ValidationError("Without a --key or --config nothing is verified.")
        }
    }

    func run() throws {
        let keys = try trust.keys()
        try AuditOutput.failing {
            if let proof { return try verify(proof: proof, keys) }
            if let receipt { return try verify(receipt: receipt, keys) }
            let anchors = try KeptElsewhere(against, access)
            defer { withExtendedLifetime(anchors) {} }
            let expected = try ExpectedLogs(in: folders, trust: trust)
            var reports: [VerificationReport] = []
            for log in try LogFollower.logs(in: folders) {
                reports.append(try verify(log: log, keys, against: anchors.files))
            }
            if let expected {
                for missing in expected.missing(from: reports) {
                    try show(missing, log: expected.root)
                    reports.append(missing)
                }
            }
            guard reports.allSatisfy(\.isVerified) else { throw ExitCode(1) }
        }
    }

    // MARK: - Logs

    private func verify(
        log: String, _ keys: [VerifierKey], against anchors: [KeptCheckpoints]
    ) throws -> VerificationReport {
        let bar = ProgressBar("verifying \(log)", total: LogSearch.bytes(of: log, from: nil))
        let verification = LogVerification(folder: log, keys: keys, anchors: anchors, progress: bar.add)
        let report = try verification.run()
        bar.clear()
        try show(report, log: log)
        return report
    }

    private func show(_ report: VerificationReport, log: String) throws {
        if json {
            return AuditOutput.write(
                String(decoding: try VerificationJSON.of(report, log: log), as: UTF8.self))
        }
        for finding in report.findings {
            let record = finding.seq.map { "record \($0): " } ?? ""
            AuditOutput.write(
                "\(VisibleText.of(log)): \(record)\(VisibleText.of(finding.reason)) (\(VisibleText.of(finding.path)))"
            )
        }
        if report.findingCount > report.findings.count {
            AuditOutput.write(
                "\(VisibleText.of(log)): \(report.findingCount - report.findings.count) more findings")
        }
        AuditOutput.write("\(VisibleText.of(log)): \(VerificationText.summary(report))")
    }

    // MARK: - Proofs

    private func verify(proof path: String, _ keys: [VerifierKey]) throws {
        var proof = ProofFile(try AuditVerifyCommand.contents(path, limit: ProofFile.limit))
        if let recordFile, let index = proof?.index {
            proof = proof?.with(record: try AuditVerifyCommand.record(index, in: recordFile))
        }
        guard let proof, let record = proof.record, let checkpoint = proof.verified(by: keys) else {
            let reason =
                proof.map {
                    $0.record == nil
                        ? "the proof is of a record that it does not hold: give its line with --record"
                        : "the proof does not hold"
                } ?? "is no proof"
            AuditOutput.note("\(path): \(reason)")
            throw ExitCode(1)
        }
        if json {
            StandardOutput.write(record + [0x0a])
            return
        }
        AuditOutput.write(
            "Record \(proof.index) is in the log \(checkpoint.origin), among its first \(checkpoint.size) records:"
        )
        if let value = JSONValue(record) {
            for text in RecordSheet.lines(value) { AuditOutput.write("  " + text) }
        }
    }

    private func verify(receipt path: String, _ keys: [VerifierKey]) throws {
        let bytes = try AuditVerifyCommand.contents(path, limit: ResidencyReceipt.limit)
        let receipt = ResidencyReceipt(bytes)
        guard let receipt, let checkpoint = receipt.verified(by: keys) else {
            AuditOutput.note(
                "\(path): \(receipt == nil ? "is no receipt, or says what its records do not" : "the receipt does not hold")"
            )
            throw ExitCode(1)
        }
        if json {
            StandardOutput.write(receipt.bytes)
            return
        }
        AuditOutput.write(
            "The receipt holds: its records are in the log \(checkpoint.origin), among its first \(checkpoint.size)."
        )
        guard case .object(let members) = receipt.value else { return }
        let shown = members.filter { !["format", "checkpoint", "proofs"].contains($0.name) }
        for text in RecordSheet.lines(.object(shown)) { AuditOutput.write("  " + text) }
    }

    /// The line of a record in a file of lines.
    private static func record(_ seq: UInt64, in path: String) throws -> [UInt8] {
        let lines = try contents(path, limit: ProofFile.limit).split(separator: 0x0a)
        guard let line = lines.first(where: { RecordLine.seq(of: $0) == seq }) else {
            AuditOutput.note("\(path): holds no record \(seq)")
            throw ExitCode(1)
        }
        return Array(line)
    }

    private static func contents(_ path: String, limit: Int) throws -> [UInt8] {
        let file = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let file, let data = try file.read(upToCount: limit + 1) else {
            AuditOutput.note("\(path): cannot be read")
            throw ExitCode(1)
        }
        return Array(data)
    }
}
