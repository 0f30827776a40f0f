import ArgumentParser
import Audit
import Foundation

/// `domicile audit show SEQ|SESSION FOLDER…`: one record in full, or all records of a session.
struct AuditShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print one record in full, or all records of a session in their order.",
        discussion: "Ends with status 1 where nothing is found.")

    @Argument(help: "A record's number, or a session.")
    var wanted: String

    @Argument(help: "A region's log, or a folder that holds several (an audit root).")
    var folders: [String]

    @Option(help: "Only the log of this region.")
    var region: String?

    @OptionGroup var output: AuditOutput

    func validate() throws {
        guard !folders.isEmpty else { throw ValidationError("Name at least one folder.") }
    }

    func run() throws {
        try AuditOutput.failing {
            var found = false
            for log in try LogFollower.logs(in: folders) {
                let name = try AuditReader(folder: log).region
                if let region, region != name { continue }
                if let seq = UInt64(wanted), try show(seq, in: log, region: name ?? log) { found = true }
                if try showSession(in: log, region: name ?? log) { found = true }
            }
            guard found else {
                AuditOutput.note("no record \(VisibleText.of(wanted)) and no session of that name")
                throw ExitCode(1)
            }
        }
    }

    private func show(_ seq: UInt64, in log: String, region: String) throws -> Bool {
        guard let line = try RecordSearch.record(seq, in: log) else { return false }
        guard !output.json, let value = JSONValue(line.bytes) else {
            output.print(line)
            return true
        }
        AuditOutput.write("Record \(seq) of \(VisibleText.of(region))")
        for text in RecordSheet.lines(value) { AuditOutput.write("  " + text) }
        if value["subject"] == nil, let start = try RecordSearch.start(of: value, at: seq, in: log) {
            AuditOutput.write("Its session began with")
            for text in RecordSheet.identity(start) { AuditOutput.write("  " + text) }
        }
        return true
    }

    private func showSession(in log: String, region: String) throws -> Bool {
        var table = RecordTable(showsRegion: false, width: AuditOutput.width)
        var isFirst = true
        try RecordSearch.session(wanted, in: log) { line, value in
            if output.json {
                output.print(line)
            } else {
                if isFirst {
                    AuditOutput.write("Session \(VisibleText.of(wanted)) in \(VisibleText.of(region))")
                    for text in RecordSheet.identity(value) { AuditOutput.write("  " + text) }
                    AuditOutput.write(table.header)
                }
                AuditOutput.write(table.row(FollowedRecord(region: region, line: line, value: value)))
            }
            isFirst = false
            return true
        }
        return !isFirst
    }
}
