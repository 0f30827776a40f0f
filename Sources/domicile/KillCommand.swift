import Admin
import ArgumentParser
import Foundation

/// `domicile kill SESSION`: ends one session of a running gateway.
struct KillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "End a session of a running gateway with 57P01.",
        discussion: """
            What the session had under way is rolled back at its replica. Its executor may connect again: revoke keeps \
            it out. The exit status is 1 where there is no such session.
            """)

    @Argument(help: "The session, as sessions and the audit log name it.")
    var session: String

    @Option(name: .long, help: ArgumentHelp("Why, for the record.", valueName: "text"))
    var reason: String?

    @OptionGroup var gateway: AdminCallOptions

    func run() async throws {
        let data = try await gateway.call.send(
            "POST", "kill", ["session": session, "reason": reason])
        for ended in try gateway.report(SessionsReport.self, data)?.sessions ?? [] {
            print("ended \(ended.session) of \(ended.subject)")
        }
    }
}
