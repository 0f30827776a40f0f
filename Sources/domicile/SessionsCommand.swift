import Admin
import ArgumentParser
import Foundation

/// `domicile sessions`: the live sessions of a running gateway.
struct SessionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "Show the live sessions of a running gateway.",
        discussion: """
            The gateway is asked through its admin socket, which is its own user's. That it was asked is recorded \
            (admin, read).
            """)

    @OptionGroup var gateway: AdminCallOptions

    func run() async throws {
        let data = try await gateway.call.send("GET", "sessions")
        guard let report = try gateway.report(SessionsReport.self, data) else { return }
        for line in SessionsCommand.lines(report.sessions) { Swift.print(line) }
    }

    /// A line for each session under a line of titles, in columns.
    static func lines(_ sessions: [SessionsReport.Session]) -> [String] {
        var rows = [
            [
                "SESSION", "STATE", "AGE", "DATABASE", "ROLE", "REPLICA", "SUBJECT", "TOKEN", "CLIENT",
                "STATEMENTS",
            ]
        ]
        for session in sessions {
            rows.append(
                [
                    session.session, session.state,
                    TimeText.span(Int64(clamping: session.durationUs / 1_000_000)), session.database,
                    session.role,
                    session.replica, session.subject, session.tokenId, session.client,
                    String(session.statements),
                ].map { $0 ?? "-" })
        }
        return Columns.lines(rows)
    }
}
