import ArgumentParser
import Audit
import AuditTree
import Foundation

/// `domicile audit prove SEQ FOLDER`: that the log's newest checkpoint covers a record.
struct AuditProveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Print a proof that a record is in a log, for `domicile audit verify --proof`.",
        discussion: """
            The proof is a C2SP tlog-proof with the record's line in it; who checks it needs the log's key and nothing else. \
            Ends with status 1 where no checkpoint covers the record (yet). Of a record that retention removed the line is gone: \
            the proof is of its hash, and who has the line from an export checks it with `verify --proof FILE --record FILE`.
            """)

    @Argument(help: "The record's number.")
    var seq: UInt64

    @Argument(help: "A region's log.")
    var folder: String

    func run() throws {
        try AuditOutput.failing {
            let proof = try RecordProof.of(seq, in: folder)
            if proof.record == nil {
                AuditOutput.note(
                    "\(folder): record \(seq) is no longer in it (retention): the proof is of its hash, without the record"
                )
            }
            StandardOutput.write(proof.text)
        }
    }
}

/// `domicile audit receipt SESSION FOLDER…`: a session's residency receipt.
struct AuditReceiptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Print a session's residency receipt, for `domicile audit verify --receipt`.",
        discussion: """
            One JSON file: who it was, what was decided, in which region and on which replica it ran, with the signed \
            checkpoint and the proofs that its records are in the log. Who checks it needs the log's key and nothing else.
            """)

    @Argument(help: "The session.")
    var session: String

    @Argument(help: "A region's log, or a folder that holds several (an audit root).")
    var folders: [String]

    func validate() throws {
        guard !folders.isEmpty else { throw ValidationError("Name at least one folder.") }
    }

    func run() throws {
        try AuditOutput.failing {
            for log in try LogFollower.logs(in: folders) {
                guard let receipt = try ResidencyReceipt(session: session, folder: log) else { continue }
                StandardOutput.write(receipt.bytes)
                return
            }
            AuditOutput.note("no log has a session \(VisibleText.of(session))")
            for log in try LogFollower.logs(in: folders) { try AuditOutput.noteRemoved(from: log) }
            throw ExitCode(1)
        }
    }
}

/// `domicile audit export FOLDER`: records, or what of a log may leave its region.
struct AuditExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print a log's records, or with --hashes-only what of it may leave the region.",
        discussion: """
            With --hashes-only there is a line {"seq", "time", "leaf"} for each record and a line {"checkpoint"} for each \
            checkpoint: hashes, numbers and times, nothing of what the records say. Records that retention removed have no "time".
            """)

    @Argument(help: "A region's log.")
    var folder: String

    @Flag(help: "Numbers, times, leaf hashes and checkpoints only.")
    var hashesOnly = false

    @Option(help: "The first record.")
    var from: UInt64 = 0

    @Option(help: "One past the last record.")
    var to: UInt64 = .max

    func validate() throws {
        guard from <= to else { throw ValidationError("--from must not be above --to.") }
    }

    func run() throws {
        try AuditOutput.failing {
            var out = BufferedOutput()
            if hashesOnly {
                try LogExport.hashes(of: folder, from..<to) { out.write($0) }
            } else {
                if try AuditReader.first(of: folder) > from { try AuditOutput.noteRemoved(from: folder) }
                let reader = try AuditReader(folder: folder, from: from)
                while let line = try reader.next(), line.expected < to {
                    AuditOutput.noteDamage(line)
                    out.write(line.bytes)
                }
            }
            out.flush()
        }
    }
}

/// Lines on their way to standard output.
struct BufferedOutput {
    private var bytes: [UInt8] = []
    private static let limit = 1 << 16

    mutating func write(_ line: [UInt8]) {
        bytes += line
        bytes.append(0x0a)
        if bytes.count >= BufferedOutput.limit { flush() }
    }

    mutating func flush() {
        StandardOutput.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
