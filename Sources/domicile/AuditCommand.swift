import ArgumentParser
import Audit
import Foundation

/// `domicile audit …`: the DBA's and the auditor's tool over a log's folder, gateway running or not.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read, search, verify and prove audit logs; make and show their keys.",
        subcommands: [
            AuditTailCommand.self, AuditSearchCommand.self, AuditShowCommand.self, AuditVerifyCommand.self,
            AuditProveCommand.self, AuditReceiptCommand.self, AuditExportCommand.self,
            AuditDigestCommand.self,
            AuditDigestKeyCommand.self, AuditInitCommand.self, AuditKeyCommand.self,
            AuditSealCommand.self,
        ])
}

/// Where and how records are printed.
struct AuditOutput: ParsableArguments {
    @Flag(help: "Print each record as it stands in the log, one JSON object a line.")
    var json = false

    @Flag(help: "Print CSV (RFC 4180); cells that could be formulas begin with an apostrophe.")
    var csv = false

    func validate() throws {
        guard !json || !csv else { throw ValidationError("--json and --csv exclude each other.") }
    }

    /// Whether a person looks at standard output.
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Columns of the terminal; 0 where there is none.
    static var width: Int { columns(of: STDOUT_FILENO) }

    static func columns(of terminal: Int32) -> Int {
        var size = winsize()
        guard isatty(terminal) == 1, ioctl(terminal, UInt(TIOCGWINSZ), &size) == 0 else { return 0 }
        return Int(size.ws_col)
    }

    func print(_ line: RecordLine) {
        if AuditOutput.isTerminal {
            AuditOutput.write(VisibleText.ofJSON(line.bytes))
        } else {
            StandardOutput.write(line.bytes + [0x0a])
        }
    }

    static func write(_ text: String) { StandardOutput.write(text + "\n") }

    static func note(_ text: String) {
        StandardError.print("domicile: " + text)
    }

    /// Says that a log does not begin with record 0 any more, where that may be why something is not found.
    static func noteRemoved(from log: String) throws {
        let first = try AuditReader.first(of: log)
        guard first > 0 else { return }
        note("\(log): records 0 to \(first - 1) are no longer in it (retention)")
    }

    /// Says that a line is no record or out of its place.
    static func noteDamage(_ line: RecordLine) {
        guard !line.isInSequence else { return }
        let found = line.seq.map { "record \($0)" } ?? "no record"
        note("\(line.path): expected record \(line.expected) at byte \(line.offset), found \(found)")
    }

    /// Ends the command with status 1 and the error's text.
    static func failing<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as AuditError {
            note(error.description)
            throw ExitCode(1)
        }
    }
}
