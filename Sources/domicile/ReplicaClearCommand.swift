import Admin
import ArgumentParser
import Audit
import Foundation

/// `domicile replica clear NAME`: lifts a quarantine.
struct ReplicaClearCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear",
        abstract: "Lift the quarantine of a replica of a running gateway.",
        discussion: """
            What was learnt of the replica is forgotten, and it is probed at once: it is quarantined again where it \
            still is not what it must be. Know why it was before. The exit status is 1 where it was not in quarantine.
            """)

    @Argument(help: "The replica, or DATABASE/REPLICA where several databases have one of that name.")
    var replica: String

    @Option(name: .long, help: ArgumentHelp("Why, for the record.", valueName: "text"))
    var reason: String?

    @OptionGroup var gateway: AdminSocketOptions

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() async throws {
        let data = try await AdminCall(socket: gateway.path()).send(
            "POST", "clear", ["replica": replica, "reason": reason])
        if json { return print(String(decoding: data, as: UTF8.self), terminator: "") }
        let report = try AdminCall.read(ClearReport.self, data)
        print(VisibleText.of("cleared \(report.database)/\(report.replica)"))
    }
}
