import Admin
import Foundation
import Gateway
import GatewayConfiguration
import Logging
import Synchronization

/// Reads the configuration again and has the gateway take it over, whole or not at all: for SIGHUP and for operators,
/// one at a time.
final class Reloader: ConfigurationReload {
    private let gateway: Gateway
    private let source: ConfigurationSource
    private let logger: Logger
    private let turn = Mutex(())

    init(gateway: Gateway, source: ConfigurationSource, logger: Logger) {
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
    func reload(by asker: OperatorIdentity? = nil) -> ReloadReport? { turn.withLock { _ in inTurn(asker) } }

    private func inTurn(_ asker: OperatorIdentity?) -> ReloadReport? {
        guard !gateway.isDraining else {
            logger.notice("draining: the configuration is not read again")
            return nil
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
            let restart = try gateway.reload(configuration, by: asker)
            logger.notice(
                "configuration reloaded", metadata: ["policy": "\(configuration.digest.prefix(12))"])
            if !restart.isEmpty {
                logger.warning(
                    "some of it holds after a restart only",
                    metadata: ["keys": "\(restart.joined(separator: ","))"])
            }
            return ReloadReport(
                policy: configuration.digest, previous: old, restart: restart, findings: reading.findings)
        } catch {
            logger.error("configuration refused, the old one goes on", metadata: ["error": "\(error)"])
            return ReloadReport(
                refused: "configuration refused, the old one goes on: \(error)", policy: old,
                findings: reading.findings)
        }
    }
}
