import ArgumentParser
import Audit
import Foundation
import GatewayConfiguration

/// `domicile audit seal FOLDER`: closes a log for ever.
struct AuditSealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Close a log for ever and begin its successor.",
        discussion: """
            For a log that a gateway does not start on because it is damaged, or whose key is lost. The folder keeps \
            everything and is renamed to FOLDER.sealed-TIME; no gateway writes to it again. In its place begins a log whose first \
            record (`log.sealed`) names the old one's last checkpoint, with an origin of its own (…/2). The gateway must not \
            be running on it.
            """)

    @Argument(help: "A region's log.")
    var folder: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The configuration that the log is of: its gateway's name, and the last checkpoint in its state.",
            valueName: "file"))
    var config: String?

    @Option(name: .long, help: "Why, for the record.")
    var reason: String?

    func run() throws {
        let configuration = try config.map(AuditKeys.configuration)
        let path = URL(fileURLWithPath: folder).standardizedFileURL.path
        try AuditOutput.failing {
            let region = try LogIdentity.read(folder: path)?.region
            let done = try LogSeal.seal(
                path, gateway: configuration?.gateway ?? ProcessInfo.processInfo.hostName, reason: reason,
                headFile: region.flatMap { region in configuration.map { "\($0.state)/audit-heads/\(region)" }
                },
                now: Int64(Date().timeIntervalSince1970 * 1_000_000))
            AuditOutput.note(
                "\(path) is sealed, its last checkpoint covers \(done.size) records: \(done.folder)")
            AuditOutput.note(
                "its successor begins in \(path)" + (done.origin.map { ", with the origin \($0)" } ?? ""))
        }
    }
}
