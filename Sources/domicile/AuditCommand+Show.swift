import ArgumentParser
import Audit
import AuditIndex
import Foundation

/// `domicile audit show SEQ|SESSION FOLDER…`: one record in full, or all records of a session.
struct AuditShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print one record in full, or all records of a session in their order.",
        discussion: """
            Uses the search index where there is one (`audit search` makes it), and brings it up to date. Ends with \
            status 1 where nothing is found.
            """)

    @Argument(help: "A record's number, or a session.")
    var wanted: String

    @Argument(help: "A region's log, or a folder that holds several (an audit root).")
    var folders: [String]

    @Option(help: "Only the log of this region.")
    var region: String?

    @Flag(help: "Read the logs themselves, all of them.")
    var noIndex = false

    @OptionGroup var output: AuditOutput

    func validate() throws {
        guard !folders.isEmpty else { throw ValidationError("Name at least one folder.") }
    }

    func run() throws {
        try AuditOutput.failing {
            var found = false
            var printer = RecordPrinter(output, showsRegion: false)
            for log in try LogFollower.logs(in: folders) {
                let name = try AuditReader(folder: log).region
                if let region, region != name { continue }
                if let seq = UInt64(wanted), try show(seq, in: log, region: name ?? log, &printer) {
                    found = true
                }
                if try showSession(in: log, region: name ?? log, &printer) { found = true }
            }
            printer.flush()
            guard found else {
                AuditOutput.note("no record \(VisibleText.of(wanted)) and no session of that name")
                for log in try LogFollower.logs(in: folders) { try AuditOutput.noteRemoved(from: log) }
                throw ExitCode(1)
            }
        }
    }

    private func records(
        of session: String, type: [String] = [], in log: String
    ) throws -> (MergedSearch, ProgressBar) {
        var conditions = SearchConditions()
        conditions.session = session
        conditions.require(.type, type)
        return try SearchedLogs.search([log], conditions, use: noIndex ? .none : .existing) {
            ProgressBar("searching", total: $0)
        }
    }

    private func show(
        _ seq: UInt64, in log: String, region: String, _ printer: inout RecordPrinter
    ) throws -> Bool {
        guard let line = try RecordSearch.record(seq, in: log) else { return false }
        guard !output.json, let value = JSONValue(line.bytes) else {
            output.print(line)
            return true
        }
        var start: JSONValue?
        if value["subject"] == nil, let session = value["session"]?.string {
            let (search, bar) = try records(of: session, type: ["session.start"], in: log)
            defer { bar.clear() }
            start = try search.next().flatMap { $0.line.expected < seq ? JSONValue($0.line.bytes) : nil }
        }
        if output.csv {
            if let start { printer.remember(start) }
            printer.write(FollowedRecord(region: region, line: line, value: value))
            return true
        }
        AuditOutput.write("Record \(seq) of \(VisibleText.of(region))")
        for text in RecordSheet.lines(value) { AuditOutput.write("  " + text) }
        if let start {
            AuditOutput.write("Its session began with")
            for text in RecordSheet.identity(start) { AuditOutput.write("  " + text) }
        }
        return true
    }

    private func showSession(in log: String, region: String, _ printer: inout RecordPrinter) throws -> Bool {
        let (search, bar) = try records(of: wanted, in: log)
        printer.prepare = { bar.clear() }
        defer { bar.clear() }
        var isFirst = true
        while let found = try search.next() {
            if isFirst, !output.json, !output.csv {
                bar.clear()
                AuditOutput.write("Session \(VisibleText.of(wanted)) in \(VisibleText.of(region))")
                if let value = JSONValue(found.line.bytes) {
                    for text in RecordSheet.identity(value) { AuditOutput.write("  " + text) }
                }
                printer.writeHeader()
            }
            printer.write(found)
            isFirst = false
        }
        printer.flush()
        return !isFirst
    }
}
