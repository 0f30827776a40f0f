import ArgumentParser
import Audit
import Foundation

/// `domicile audit tail FOLDER…`: the last records, and those that follow.
struct AuditTailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Print the last records of one or several logs, merged by time.",
        discussion: """
            Control characters in what executors sent are shown as text. Records that leave out who the executor \
            is get it from their session.start, where that is among the 20,000 records before.
            """)

    @Argument(help: "A region's log, or a folder that holds several (an audit root).")
    var folders: [String]

    @Option(name: .short, help: "How many records of each log to begin with.")
    var n = 20

    @Flag(name: .shortAndLong, help: "Wait for more records.")
    var follow = false

    @Option(help: "Only the log of this region.")
    var region: String?

    @OptionGroup var output: AuditOutput

    /// Records before the first one shown in which sessions' identities are looked for.
    private static let lookBack = 20_000

    func validate() throws {
        guard !folders.isEmpty else { throw ValidationError("Name at least one folder.") }
        guard n >= 0 else { throw ValidationError("-n must not be negative.") }
    }

    func run() throws {
        try AuditOutput.failing {
            let follower = try LogFollower(folders: folders, last: n)
            if let region, !follower.regions.contains(region) {
                AuditOutput.note(
                    "no log of region \(region), found \(follower.regions.joined(separator: ", "))")
                throw ExitCode(1)
            }
            var printer = RecordPrinter(output, showsRegion: follower.regions.count > 1 && region == nil)
            if !output.json {
                for log in try LogFollower.logs(in: folders) {
                    try RecordSearch.starts(in: log, before: n, among: AuditTailCommand.lookBack) {
                        printer.remember($0)
                    }
                }
            }
            printer.writeHeader()
            while true {
                while let record = try follower.next() {
                    if let region, record.region != region { continue }
                    printer.write(record)
                }
                printer.flush()
                guard follow else { return }
                Thread.sleep(forTimeInterval: 0.2)
            }
        }
    }
}
