import ArgumentParser
import Audit
import Foundation
import Gateway
import GatewayConfiguration

/// `domicile policy diff OLD NEW --audit FOLDER`: which recorded sessions a new policy would change.
struct PolicyDiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Decide the sessions of a log again, by the old policy and by the new one.",
        discussion: """
            Reads every session.start and session.refused and lists what would be answered otherwise, with how often and \
            an example. A session whose record lacks a claim that one of the policies looks at is listed as undecidable. \
            Of the configurations the policy alone counts: secrets and files need not be there. The exit status is 0 \
            where nothing changes, 1 where something does or may (undecidable, unreadable), 78 where a configuration is \
            wrong.
            """)

    @Argument(help: "The configuration with the old policy.")
    var old: String

    @Argument(help: "The configuration with the new policy.")
    var new: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A region's log, or a folder that holds logs, those of several gateways too; may be repeated.",
            valueName: "folder"))
    var audit: [String]

    @Option(
        name: .long,
        help: ArgumentHelp("Only records from then on: 2026-11-26, 2026-11-26T08:00:00Z.", valueName: "time"))
    var since: String?

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard !audit.isEmpty else { throw ValidationError("Missing expected argument '--audit <folder>'") }
        if let since, PolicyDiffCommand.recordTime(since) == nil {
            throw ValidationError("--since: expected a date or a time such as 2026-11-26T08:00:00Z")
        }
    }

    func run() throws {
        let before = try PolicyDiffCommand.configuration(old)
        let after = try PolicyDiffCommand.configuration(new)
        var diff = PolicyDiff(from: before, to: after)
        let from = since.flatMap(PolicyDiffCommand.recordTime)
        try AuditOutput.failing {
            for log in try LogFollower.logs(under: audit) {
                let region = try AuditReader(folder: log).region ?? log
                try RecordSearch.logins(in: log, since: from) { record in
                    if let record {
                        diff.add(RecordedLogin(record, region: region))
                    } else {
                        diff.addUnreadable()
                    }
                }
            }
        }
        let report = PolicyDiffReport(diff, from: before, to: after)
        print(json ? try JSONText.of(report) : report.text)
        if !diff.isUnchanged { throw ExitCode.failure }
    }

    private static func configuration(_ path: String) throws -> Configuration {
        let reading = ConfigurationFile.load(path: path, purpose: .policy)
        guard let configuration = reading.configuration else {
            for finding in reading.findings where finding.severity == .mistake {
                StandardError.print("\(finding)")
            }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        return configuration
    }

    /// A date or a time with its zone as records write times (UTC); nil where it is neither.
    static func recordTime(_ text: String) -> String? {
        let date = try? Date(text, strategy: .iso8601.year().month().day())
        guard let time = (try? Date(text, strategy: .iso8601)) ?? date else { return nil }
        return String(time.formatted(.iso8601).dropLast())
    }
}

/// What `policy diff` prints.
struct PolicyDiffReport: Encodable {
    struct Example: Encodable {
        var session: String
        var region: String
        var time: String
        var subject: String
        var database: String?

        init(_ login: RecordedLogin) {
            session = login.session
            region = login.region
            time = login.time
            subject = login.subject
            database = login.question?.database
        }

        var text: String {
            let asked = database.map { ", \($0)" } ?? ""
            return "e.g. session \(session) of \(region), \(time), \(subject)\(asked)"
        }
    }
    struct Change: Encodable {
        var kinds: [String]
        var sessions: Int
        var old: String
        var new: String
        var example: Example
    }
    struct Undecidable: Encodable {
        var lacking: [String]
        var sessions: Int
        var example: Example
    }
    var oldDigest: String
    var newDigest: String
    var decided: Int
    var changed: Int
    var changes: [Change]
    /// Sessions of further changes, which are not told apart.
    var furtherSessions: Int
    var undecidable: [Undecidable]
    var withoutPrincipal: Int
    /// Lines that should be records of logins and cannot be read.
    var unreadable: Int

    init(_ diff: PolicyDiff, from old: Configuration, to new: Configuration) {
        oldDigest = old.digest
        newDigest = new.digest
        decided = diff.decided
        changed = diff.changed
        changes = diff.changes.map { group in
            Change(
                kinds: group.change.kinds.map(\.rawValue), sessions: group.count, old: group.change.old,
                new: group.change.new, example: Example(group.example))
        }
        furtherSessions = diff.ungrouped
        undecidable = diff.undecidable.map {
            Undecidable(lacking: $0.lacking, sessions: $0.count, example: Example($0.example))
        }
        withoutPrincipal = diff.withoutPrincipal
        unreadable = diff.unreadable
    }

    var text: String {
        var lines: [String] = []
        for change in changes {
            lines.append("\(change.sessions) \(change.kinds.joined(separator: ", "))")
            lines.append("  old  \(change.old)")
            lines.append("  new  \(change.new)")
            lines.append("  \(change.example.text)")
        }
        if furtherSessions > 0 { lines.append("\(furtherSessions) sessions of further changes") }
        for group in undecidable {
            lines.append(
                "\(group.sessions) undecidable: the record lacks \(group.lacking.joined(separator: ", "))")
            lines.append("  \(group.example.text)")
        }
        if unreadable > 0 { lines.append("\(unreadable) lines of the log cannot be read") }
        let unknown = undecidable.reduce(0) { $0 + $1.sessions }
        lines.append(
            "\(decided) sessions decided again, \(changed) changed, \(unknown) undecidable; "
                + "\(withoutPrincipal) refused before a policy was asked")
        return lines.map(VisibleText.of).joined(separator: "\n")
    }
}
