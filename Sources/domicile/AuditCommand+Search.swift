import ArgumentParser
import Audit
import AuditIndex
import Foundation

/// `domicile audit search FOLDER…`: the records that fit all that is asked for.
struct AuditSearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find records by who, where, when and what, in one or several logs, merged by time.",
        discussion: """
            All that is asked for must hold; of an option that is given several times, one value must. Values are \
            globs as in a policy: * is any run of characters but / and :, ? is one such character. Records that leave \
            out who and where have it from their session. A statement fits --sqlstate where an outcome of it has that \
            SQLSTATE; --class, --relation, --fingerprint and --text find the records that hold the statement.

            Times are RFC 3339 or its beginning (2026-03, 2026-03-01T09, 2026-03-01T09:14+01:00; UTC where nothing is \
            said), how long ago (90m, 1h30m, 2d), or today and yesterday, days of UTC. --until 2026-03 is until the end of March.

            The search index (index.sqlite in the log's folder) is made, mended and brought up to date here. It may be \
            deleted at any time. It only saves reading: --no-index reads the log alone.

            Ends with status 1 where nothing is found.
            """)

    @Argument(help: "A region's log, or a folder that holds several (an audit root).")
    var folders: [String]

    @Option(help: "Records from this time on.")
    var since: String?
    @Option(help: "Records up to this time.")
    var until: String?
    @Option(help: "Who: the token's subject.")
    var subject: [String] = []
    @Option(help: "The service that asked for the task.")
    var planner: [String] = []
    @Option(help: "The task.")
    var task: [String] = []
    @Option(help: "The records of a session, and those about it.")
    var session: String?
    @Option(help: "The database.")
    var database: [String] = []
    @Option(help: "The replica.")
    var replica: [String] = []
    @Option(help: "The PostgreSQL role.")
    var role: [String] = []
    @Option(help: "A relation that the statement names, as it is written there; without a schema, in any.")
    var relation: [String] = []
    @Option(name: .customLong("class"), help: "A class of the statement: select, insert, ddl …")
    var statementClass: [String] = []
    @Option(help: "An SQLSTATE: of the record, or of an outcome of the statement.")
    var sqlstate: [String] = []
    @Option(help: "A part of the SQL; ASCII letters in either case.")
    var text: String?
    @Option(help: "The statement's fingerprint: 16 hex digits.")
    var fingerprint: [String] = []
    @Option(help: "The record's type: query, outcome, session.start …")
    var type: [String] = []
    @Option(help: "Only the log of this region.")
    var region: String?
    @Flag(help: "Only what was refused: sessions, and statements.")
    var refused = false

    @Option(help: "At most so many records, the earliest ones.")
    var limit: Int?
    @Option(help: "Where the index is, for one log in a folder that cannot be written to.")
    var index: String?
    @Flag(help: "Read the logs themselves, all of them.")
    var noIndex = false

    @Flag(
        help: ArgumentHelp(
            "Show only what is proved to be in the log.",
            discussion: "With --key or --config: each record is held against the log's newest checkpoint."))
    var verified = false

    @OptionGroup var trust: TrustedKeyOptions
    @OptionGroup var output: AuditOutput

    func validate() throws {
        guard !folders.isEmpty else { throw ValidationError("Name at least one folder.") }
        guard verified != trust.isEmpty else {
            throw ValidationError("--verified and --key or --config go together.")
        }
        guard limit ?? 1 > 0 else { throw ValidationError("--limit must be at least 1.") }
        guard index == nil || !noIndex else {
            throw ValidationError("--index and --no-index exclude each other.")
        }
        guard text?.isEmpty != true else { throw ValidationError("--text must not be empty.") }
        for (name, time) in [("--since", since), ("--until", until)] {
            guard let time else { continue }
            guard SearchTime.span(time, now: 0) != nil else {
                throw ValidationError(
                    "\(name) \(time): expected a time as 2026-03-01T09:14Z, 2026-03, yesterday, 90m or 2d.")
            }
        }
    }

    func run() throws {
        try AuditOutput.failing {
            var logs = try LogFollower.logs(in: folders)
            if let region { logs = try logs.filter { try AuditReader(folder: $0).region == region } }
            guard index == nil || logs.count == 1 else {
                AuditOutput.note("--index is for one log, found \(logs.count)")
                throw ExitCode(64)
            }
            let (search, bar) = try SearchedLogs.search(
                logs, conditions, use: noIndex ? .none : .made(at: index)
            ) { ProgressBar("searching", total: $0) }
            var printer = RecordPrinter(output, showsRegion: logs.count > 1)
            printer.prepare = { bar.clear() }
            let check = try checker(of: logs)
            var count = 0
            var unproved = 0
            while let found = try search.next() {
                guard count < limit ?? .max else {
                    bar.clear()
                    AuditOutput.note("there are more: the first \(count) are shown (--limit)")
                    break
                }
                do {
                    try check(found.line)
                } catch {
                    bar.clear()
                    AuditOutput.note("not shown: \(error)")
                    unproved += 1
                    continue
                }
                count += 1
                printer.write(found)
            }
            printer.flush()
            bar.clear()
            if count == 0 && unproved == 0 {
                AuditOutput.note("no record fits")
                for log in logs { try AuditOutput.noteRemoved(from: log) }
            }
            guard count > 0, unproved == 0 else { throw ExitCode(1) }
        }
    }

    /// What proves that a record is in one of the logs; nothing has to be proved without --verified.
    private func checker(of logs: [String]) throws -> (RecordLine) throws -> Void {
        guard verified else { return { _ in } }
        let keys = try trust.keys()
        var verifiers: [String: RecordVerifier] = [:]
        return { line in
            guard let log = logs.first(where: { line.path.hasPrefix($0 + "/segments/") }) else {
                throw AuditError.unproved(path: line.path, reason: "is of no log that is searched")
            }
            let verifier = try verifiers[log] ?? RecordVerifier(folder: log, keys: keys)
            verifiers[log] = verifier
            try verifier.check(line)
        }
    }

    private var conditions: SearchConditions {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        var conditions = SearchConditions()
        conditions.since = since.flatMap { SearchTime.span($0, now: now)?.lowerBound }
        conditions.until = until.flatMap { SearchTime.span($0, now: now)?.upperBound }
        conditions.session = session
        conditions.text = text
        conditions.isRefused = refused
        for (key, values) in [
            (SearchKey.type, type), (.subject, subject), (.planner, planner), (.task, task),
            (.database, database),
            (.replica, replica), (.role, role), (.relation, relation), (.statementClass, statementClass),
            (.sqlstate, sqlstate), (.fingerprint, fingerprint),
        ] { conditions.require(key, values) }
        return conditions
    }
}
