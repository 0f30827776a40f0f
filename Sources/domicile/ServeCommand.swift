import Admin
import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import ServiceLifecycle
import Transport

/// `domicile serve`: runs the gateway.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway.",
        discussion: """
            SIGHUP reads the configuration again; one with mistakes is refused, and the old one goes on. SIGTERM and \
            SIGINT drain: no more connections, sessions end as they fall idle, all of them after \
            session.shutdown_timeout. A second SIGTERM or SIGINT ends at once. The exit status is 0 after a drain, 78 \
            where the configuration is at fault, 1 for anything else.
            """)

    @Option(name: .long, help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "trace, debug, info, notice, warning, error or critical. Default: the configuration's `log`.",
            valueName: "level"))
    var logLevel: Logger.Level?

    @Option(
        name: .long,
        help: ArgumentHelp("text or json. Default: the configuration's `log`.", valueName: "format"))
    var logFormat: OperationalLogSettings.Format?

    func run() async throws {
        // Before the configuration: it holds passwords.
        ProcessLimits.apply()
        LargeMemory.mapByItself()
        // Before anything else opens a descriptor that could be taken for one of them.
        let environment = ProcessInfo.processInfo.environment
        let inherited = try inheritedSockets(environment)
        let source = ConfigurationSource(path: config, environment: environment)
        let reading = source.read()
        guard let configuration = reading.configuration else {
            for finding in reading.findings { StandardError.print("\(finding)") }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        let log = OperationalLog(configuration.log, level: logLevel, format: logFormat)
        LoggingSystem.bootstrap { _ in LineLogHandler(log) }
        let logger = Logger(label: "domicile")
        for warning in reading.findings { logger.warning("\(warning)") }
        let service = try await RunningGateway(
            configuration, source: source, log: log, manager: ServiceManager(environment: source.environment),
            inherited: inherited, logger: logger)
        try await service.run()
    }

    /// The listening sockets that whoever started the process keeps open across restarts.
    private func inheritedSockets(_ environment: [String: String]) throws -> [InheritedSockets.Inherited] {
        do throws(TransportError) {
            return try InheritedSockets.take(environment: environment)
        } catch {
            StandardError.print("domicile: cannot start: \(error)")
            throw ExitCode.failure
        }
    }
}

/// Where the configuration comes from, at the start and at each reload. The environment is the one that the process
/// started with: libpq's variables are taken out of the live one.
struct ConfigurationSource: Sendable {
    let path: String
    let environment: [String: String]

    func read() -> ConfigurationReading {
        ConfigurationFile.load(path: path, environment: environment, materials: .openSSL)
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension OperationalLogSettings.Format: ExpressibleByArgument {}
