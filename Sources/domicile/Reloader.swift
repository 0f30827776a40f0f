import Admin
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import Synchronization

/// Reads the configuration again and has the gateway take it over, whole or not at all: for SIGHUP, for operators
/// and when its files change, one at a time.
final class Reloader: ConfigurationReload {
    private let gateway: Gateway
    private let source: ConfigurationSource
    private let log: OperationalLog
    private let manager: ServiceManager
    private let logger: Logger
    /// The files as they were when they were last read.
    private let turn: Mutex<ReloadWatch>

    /// How often the files are looked at, where the configuration wants it.
    private static let lookInterval = Duration.seconds(1)

    /// - Parameter files: as they were before the gateway's configuration was read, or soon after.
    init(
        gateway: Gateway, source: ConfigurationSource, files: [String: FileStamp], log: OperationalLog,
        manager: ServiceManager, logger: Logger
    ) {
        self.log = log
        self.manager = manager
        turn = Mutex(ReloadWatch(read: files))
        self.gateway = gateway
        self.source = source
        self.logger = logger
    }

    /// Reads files, which no thread of the pool may wait for.
    func reload(for asker: OperatorIdentity) async throws(OperationFailure) -> ReloadReport {
        let report = await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: self.reload(by: asker)) }
        }
        guard let report else { throw .draining }
        return report
    }

    /// - Parameter asker: nil for what a signal asked for.
    /// - Returns: nil where the gateway was told to stop.
    func reload(by asker: OperatorIdentity? = nil) -> ReloadReport? { turn.withLock { inTurn(&$0, asker) } }

    /// Reads the configuration again when its files have changed (`reload.watch`), until the task is cancelled.
    func lookAtFiles() async {
        while (try? await Task.sleep(for: Reloader.lookInterval)) != nil {
            let configuration = gateway.configuration
            guard configuration.watchesFiles, !gateway.isDraining else { continue }
            let files = configuration.reloadedFiles
            turn.withLock { watch in
                guard watch.looked(FileStamp.of(files), of: files) else { return }
                logger.notice("a file of the configuration has changed")
                _ = inTurn(&watch, nil)
            }
        }
    }

    private func inTurn(_ watch: inout ReloadWatch, _ asker: OperatorIdentity?) -> ReloadReport? {
        guard !gateway.isDraining else {
            logger.notice("draining: the configuration is not read again")
            return nil
        }
        manager.reloading()
        defer { manager.ready() }
        // Before they are read: what changes meanwhile is read once more.
        let stamps = FileStamp.of(gateway.configuration.reloadedFiles)
        defer {
            let named = FileStamp.of(gateway.configuration.reloadedFiles)
            watch.hasRead(named.merging(stamps) { _, before in before })
        }
        let old = gateway.configuration.digest
        let reading = source.read()
        for finding in reading.findings {
            logger.log(level: finding.severity == .mistake ? .error : .warning, "\(finding)")
        }
        guard let configuration = reading.configuration else {
            let mistakes = reading.findings.count { $0.severity == .mistake }
            gateway.reloadRefused(mistakes: mistakes, by: asker)
            logger.error(
                "configuration refused, the old one goes on", metadata: ["mistakes": "\(mistakes)"])
            return ReloadReport(
                refused: "configuration refused, the old one goes on: \(mistakes) mistakes", policy: old,
                findings: reading.findings)
        }
        do throws(GatewayStartError) {
            let changes = gateway.configuration.changes(to: configuration)
            let restart = try gateway.reload(configuration, by: asker)
            log.apply(configuration.log)
            logger.notice(
                "configuration reloaded", metadata: ["policy": "\(configuration.digest.prefix(12))"])
            if !restart.isEmpty {
                logger.warning(
                    "some of it holds after a restart only",
                    metadata: ["keys": "\(restart.joined(separator: ","))"])
            }
            return ReloadReport(
                policy: configuration.digest, previous: old, changes: changes, restart: restart,
                findings: reading.findings)
        } catch {
            logger.error("configuration refused, the old one goes on", metadata: ["error": "\(error)"])
            return ReloadReport(
                refused: "configuration refused, the old one goes on: \(error)", policy: old,
                findings: reading.findings)
        }
    }
}
