import ArgumentParser
import Foundation
import GatewayConfiguration

/// `domicile token`: what a token says, and what a configuration thinks of it.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Show a token's claims, and check by check whether a gateway would take it.",
        discussion: """
            The token comes from a file or, for -, from standard input, and its signature is not shown. With --config \
            all checks of a login are made, those behind the first that fails included, with the issuer's keys and the \
            revocations of the state folder where it can be read. Without it the token is only shown. The exit status \
            is 1 where a gateway would refuse the token, or where it is none.
            """)

    @Argument(help: ArgumentHelp("The file that holds the token; - is standard input.", valueName: "file"))
    var file: String

    @Option(name: .long, help: ArgumentHelp("The gateway's configuration file.", valueName: "file"))
    var config: String?

    @Flag(
        name: .long,
        help: "Ask the issuer whether the token is active, where its entry has introspection.")
    var introspect = false

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard !TokenFile.isToken(file) else { throw ValidationError(TokenFileFailure.argument.description) }
        guard config != nil || !introspect else {
            throw ValidationError("Expected '--config <file>' beside '--introspect'")
        }
    }

    func run() async throws {
        let token: [UInt8]
        do throws(TokenFileFailure) {
            token = try TokenFile.read(file)
        } catch {
            StandardError.print("domicile: \(error)")
            throw ExitCode.failure
        }
        let now = Int64(Date().timeIntervalSince1970)
        var report = TokenReport(file: file, token: token, now: now)
        if let config {
            let configuration = try configuration(config)
            let examination = TokenExamination(configuration: configuration, token: token, now: now)
            report.add(
                await examination.verdict(introspects: introspect), of: configuration, now: now)
        }
        if json {
            print(TokenReport.visible(try JSONText.of(report)))
        } else {
            print(report.lines(now: now).joined(separator: "\n"))
        }
        guard report.accepted ?? (report.mistake == nil) else { throw ExitCode.failure }
    }

    /// What the file names from the environment matters only where the issuer is asked.
    private func configuration(_ path: String) throws -> Configuration {
        let reading = ConfigurationFile.load(
            path: path,
            environment: introspect
                ? ProcessInfo.processInfo.environment : AdminCallOptions.environment(for: path))
        guard let configuration = reading.configuration else {
            for finding in reading.findings { StandardError.print("\(finding)") }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        return configuration
    }
}
