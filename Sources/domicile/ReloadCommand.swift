import Admin
import ArgumentParser
import Foundation

/// `domicile reload`: has a running gateway read its configuration again, and says what came of it.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have a running gateway read its configuration again.",
        discussion: """
            What SIGHUP does, with an answer: the policy's digest, the keys that hold after a restart only, or the \
            mistakes. A configuration is taken over whole or not at all. The exit status is 78 where it was refused; \
            the old one goes on then.
            """)

    @OptionGroup var gateway: AdminCallOptions

    func run() async throws {
        let data = try await gateway.call.send("POST", "reload", refusedWith: 422)
        let report = try AdminCall.read(ReloadReport.self, data)
        if gateway.json {
            print(String(decoding: data, as: UTF8.self), terminator: "")
        } else {
            for finding in report.findings { StandardError.print(finding.text) }
            if let error = report.error { StandardError.print("domicile: \(error)") }
            for line in ReloadCommand.lines(report) { print(line) }
        }
        guard report.reloaded else { throw ExitCode(CheckCommand.wrongConfiguration) }
    }

    static func lines(_ report: ReloadReport) -> [String] {
        guard report.reloaded else { return ["policy \(report.policy) goes on"] }
        var lines = ["policy \(report.previous) to \(report.policy)"]
        lines += report.changes.map { "  \($0)" }
        if !report.restart.isEmpty {
            lines.append("holds after a restart only: \(report.restart.joined(separator: ", "))")
        }
        return lines
    }
}
