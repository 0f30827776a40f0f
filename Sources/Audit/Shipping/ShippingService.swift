import GatewayConfiguration
import GatewayRouting
import GatewayServers
import Logging
import Synchronization

/// Copies logs to where the configuration wants them, each log to each destination by a thread of its own. All calls may come
/// from any thread, and none but `close` waits for anything.
package final class ShippingService: Sendable {
    /// A log that is open for writing, as far as shipping needs to know it.
    package struct Log: Sendable {
        package let folder: String
        /// Its name in checkpoints, and in the tables.
        package let origin: String
        /// One past the last record that no crash can replace and that a signed checkpoint covers, where the log is signed.
        package let covered: @Sendable () -> UInt64
        /// One past the last record that no crash can replace.
        package let durable: @Sendable () -> UInt64

        package init(
            folder: String, origin: String, covered: @escaping @Sendable () -> UInt64,
            durable: @escaping @Sendable () -> UInt64
        ) {
            self.folder = folder
            self.origin = origin
            self.covered = covered
            self.durable = durable
        }
    }

    /// A log at a destination.
    package struct Shipment: Sendable {
        package let target: ShipTarget
        package let status: ShippingStatus
        /// Records that could be there and are not known to be; nil: it is not known what is there.
        package let behind: UInt64?
    }

    private struct State {
        var shippers: [Shipper] = []
        var leaving: [Shipper] = []
        /// Logs that should be shipped, and for which there was no descriptor left.
        var unserved: Set<String> = []
        var isClosed = false
    }

    /// By region.
    private let logs: [String: Log]
    private let logger: Logger
    private let lookup: NameLookup
    private let state = Mutex(State())

    /// - Parameter lookup: resolves names; default getaddrinfo(3).
    package init(logs: [String: Log], logger: Logger, lookup: NameLookup? = nil) {
        self.logs = logs
        self.logger = logger
        self.lookup = lookup ?? NameResolver.system
    }

    /// Begins to ship, or goes on by another configuration: who ships as before is left alone. Before the first call libpq's
    /// variables must be out of the environment (`ServerLogin.clearEnvironment`).
    package func reload(_ configuration: Configuration) {
        reload(
            ShipTarget.all(of: configuration) { region in
                logs[region.name].map { ($0.folder, $0.origin) }
            })
    }

    package func reload(_ targets: [ShipTarget]) {
        let failed = state.withLock { state -> [ShipTarget] in
            guard !state.isClosed else { return [] }
            var failed: [ShipTarget] = []
            let before = state.shippers
            state.shippers = targets.compactMap { target in
                if let same = before.first(where: { $0.target == target }) { return same }
                guard let log = logs[target.log],
                    let shipper = Shipper(target, log: log, lookup: lookup, logger: logger)
                else {
                    failed.append(target)
                    return nil
                }
                shipper.start()
                return shipper
            }
            state.unserved = Set(failed.map(\.log))
            for shipper in before where !state.shippers.contains(where: { $0 === shipper }) {
                shipper.close(by: 0)
                state.leaving.append(shipper)
            }
            state.leaving.removeAll { $0.join(until: 0) }
            return failed
        }
        for target in failed {
            logger.error(
                "a log is not shipped: no file descriptors left",
                metadata: ["destination": "\(target.destination.name)", "log": "\(target.log)"])
        }
    }

    /// Every log at every destination, in the order of the configuration.
    package var shipments: [Shipment] {
        state.withLock { $0.shippers }.map { shipper in
            let status = shipper.status
            let covered = shipper.log.covered()
            let behind = status.reached.map { covered > $0 ? covered - $0 : 0 }
            return Shipment(target: shipper.target, status: status, behind: behind)
        }
    }

    /// The first record of a log that a destination is not known to have; nil: none of them lacks any, or there is none.
    package func needed(of region: String) -> UInt64? {
        state.withLock { state in
            if state.unserved.contains(region) { return 0 }
            return state.shippers.filter { $0.target.log == region }.map { $0.status.reached ?? 0 }.min()
        }
    }

    /// Sends what the logs have, as far as that goes within the time, and ends. Call it when the logs are closed.
    ///
    /// - Parameter patience: nil: a few seconds.
    package func close(patience: Duration? = nil) {
        let shippers = state.withLock { state in
            state.isClosed = true
            defer { (state.shippers, state.leaving) = ([], []) }
            return state.shippers
        }
        let deadline = ServerClock.now() &+ (patience?.wholeNanoseconds ?? ShippingLimits.patience)
        for shipper in shippers { shipper.close(by: deadline) }
        for shipper in shippers where !shipper.join(until: deadline) {
            shipper.logger.warning(
                "the end of the log is not shipped: the destination did not answer in time")
        }
    }
}
