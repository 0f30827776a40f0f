import Admin
import ArgumentParser
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import ServiceLifecycle
import Transport
import UnixSignals

/// A gateway with its admin endpoint and its signals, from the start to the end of the process.
struct RunningGateway {
    private let gateway: Gateway
    private let services: [any Service]
    private let signals: UnixSignalsSequence
    private let reloader: Reloader
    private let manager: ServiceManager
    private let logger: Logger

    /// Starts the gateway: executors may connect when this returns.
    ///
    /// - Parameter inherited: listening sockets that the process was started with.
    /// - Throws: an exit code; what was wrong is on standard error, one line.
    init(
        _ configuration: Configuration, source: ConfigurationSource, log: OperationalLog,
        manager: ServiceManager, inherited: [InheritedSockets.Inherited] = [],
        logger: Logger
    ) async throws {
        self.logger = logger
        self.manager = manager
        let files = FileStamp.of(configuration.reloadedFiles)
        if let endpoint = configuration.admin {
            try RunningGateway.explained { try AdminServer.check(endpoint) }
        }
        try RunningGateway.makeFolder(configuration.state)
        // From here on a signal finds somebody who takes it.
        signals = await UnixSignalsSequence(trapping: .sighup, .sigterm, .sigint)
        gateway = try RunningGateway.explained {
            try Gateway(configuration, inherited: inherited, logger: logger)
        }
        reloader = Reloader(
            gateway: gateway, source: source, files: files, log: log, manager: manager, logger: logger)
        gateway.reloads { [reloader] asker in
            reloader.reload(by: asker).map { report in
                OperatorReload(
                    error: report.error, changes: report.changes, restart: report.restart,
                    findings: report.findings.map(\.text))
            }
        }
        var services: [any Service] = []
        if let endpoint = configuration.admin {
            services.append(
                AdminServer(
                    endpoint: endpoint, status: gateway, operations: gateway, configuration: reloader,
                    logger: logger))
        }
        // The last is shut down first: health and metrics answer while sessions drain.
        services.append(GatewayService(gateway: gateway))
        self.services = services
        logger.info(
            "gateway runs",
            metadata: [
                "version": "\(Version.current)", "gateway": "\(configuration.gateway)",
                "region": "\(configuration.region)", "policy": "\(configuration.digest.prefix(12))",
                "listen": "\(gateway.listeners.map { "\($0.address)" }.joined(separator: ","))",
            ])
    }

    /// Returns after a clean drain.
    ///
    /// - Throws: an exit code where it ended in another way.
    func run() async throws {
        let group = ServiceGroup(configuration: .init(services: services, logger: quiet))
        let stops = StopCount()
        let watcher = Task {
            for await signal in signals {
                switch signal {
                case .sighup: _ = reloader.reload()
                default: await stop(stops.next(), group)
                }
            }
        }
        let looker = Task { [reloader] in await reloader.lookAtFiles() }
        // As /livez: where a worker hangs, systemd ends the process and starts another.
        let dog = Task { [manager, gateway] in
            await manager.keepWatchdogQuiet { gateway.hangingWorkers.isEmpty }
        }
        manager.ready()
        defer {
            dog.cancel()
            watcher.cancel()
            looker.cancel()
        }
        do {
            try await group.run()
        } catch {
            StandardError.print("domicile: \(error)")
            throw ExitCode.failure
        }
        guard stops.count < 2 else { throw ExitCode.failure }
        logger.info("gateway ended")
    }

    private func stop(_ number: Int, _ group: ServiceGroup) async {
        guard number == 1 else {
            logger.warning(
                "told to stop again: ending all sessions now",
                metadata: ["connections": "\(gateway.connections)"])
            return gateway.stopNow()
        }
        logger.notice(
            "draining",
            metadata: [
                "connections": "\(gateway.connections)",
                "shutdown_timeout": "\(gateway.configuration.session.shutdownTimeout)",
            ])
        manager.stopping(within: gateway.configuration.session.shutdownTimeout)
        await group.triggerGracefulShutdown()
    }

    /// ServiceLifecycle tells of every step at debug and info.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(.warning, logger.logLevel)
        return logger
    }

    /// Makes the folder of what must survive a restart, for this user alone.
    private static func makeFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            StandardError.print("domicile: cannot start: \(path) (state): \(error.localizedDescription)")
            throw ExitCode.failure
        }
    }

    /// Says why a start failed, in one line, and with the exit status that belongs to it (F-OPS-05).
    private static func explained<Value>(_ start: () throws -> Value) throws -> Value {
        do {
            return try start()
        } catch let error as GatewayStartError {
            StandardError.print("domicile: cannot start: \(error)")
            throw error.isOfConfiguration ? ExitCode(CheckCommand.wrongConfiguration) : ExitCode.failure
        } catch let error as AdminStartError {
            StandardError.print("domicile: cannot start: \(error)")
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
    }
}

extension GatewayStartError {
    /// The file must be changed before another start can succeed.
    var isOfConfiguration: Bool {
        switch self {
        case .transport(.material), .transport(.address), .transport(.inherited): true
        case .transport(.system), .transport(.tls), .transport(.closed): false
        case .audit(.wrongRegion), .audit(.filesystem), .audit(.captureKey), .audit(.auditKey): true
        case .revocations, .audit(.system), .audit(.locked), .audit(.notALog), .audit(.damaged),
            .audit(.contradicted), .audit(.sealed), .audit(.replaced), .audit(.behind), .audit(.closed),
            .audit(.unproved), .audit(.anchor):
            false
        }
    }
}

/// The gateway as a service: keeps keys fresh, and drains when its group is shut down.
private struct GatewayService: Service {
    let gateway: Gateway

    func run() async throws {
        let isGraceful = await withTaskGroup(of: Void.self) { group in
            group.addTask { await gateway.run() }
            let isGraceful: Bool
            do {
                try await gracefulShutdown()
                isGraceful = true
            } catch {
                isGraceful = false
            }
            group.cancelAll()
            return isGraceful
        }
        if !isGraceful { gateway.stopNow() }
        await drained()
    }

    /// `drain` blocks for as long as sessions last, which no thread of the pool may.
    private func drained() async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                gateway.drain()
                continuation.resume()
            }
        }
    }
}
