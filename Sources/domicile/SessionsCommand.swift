import Admin
import ArgumentParser
import Audit
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

    @OptionGroup var gateway: AdminSocketOptions

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() async throws {
        let data = try await AdminCall(socket: gateway.path()).send("GET", "sessions")
        if json { return Swift.print(String(decoding: data, as: UTF8.self), terminator: "") }
        let report = try AdminCall.read(SessionsReport.self, data)
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
                    session.session, session.state, age(session.durationUs), session.database, session.role,
                    session.replica, session.subject, session.tokenId, session.client,
                    String(session.statements),
                ].map { VisibleText.of($0 ?? "-") })
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { text, width in
                text + String(repeating: " ", count: width - text.count)
            }
            return cells.joined(separator: "  ").trimmingCharacters(in: .whitespaces)
        }
    }

    private static func age(_ microseconds: UInt64) -> String {
        let seconds = microseconds / 1_000_000
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3_600: return "\(seconds / 60)m\(seconds % 60)s"
        default: return "\(seconds / 3_600)h\(seconds % 3_600 / 60)m"
        }
    }
}
