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

    @OptionGroup var gateway: AdminCallOptions

    func run() async throws {
        let data = try await gateway.call.send(
            "POST", "clear", ["replica": replica, "reason": reason])
        guard let report = try gateway.report(ClearReport.self, data) else { return }
        print(VisibleText.of("cleared \(report.database)/\(report.replica)"))
    }
}
