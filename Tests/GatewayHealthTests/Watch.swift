import Foundation
import GatewayCatalog
import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import GatewayServers
import Logging
import Synchronization

/// A monitor with fast probes, and the transitions that it told.
final class Watch: Sendable {
    static let interval = Duration.milliseconds(100)
    static let timeout = Duration.milliseconds(800)

    let monitor: HealthMonitor
    private let told = Mutex<[(ReplicaID, HealthTransition)]>([])

    init(
        _ targets: [ReplicaTarget], user: String = "probe", password: String? = PostgresServer.password,
        fall: Int = 2, rise: Int = 1, lookup: NameLookup? = nil, catalog: CatalogKnowledge? = nil
    ) {
        monitor = HealthMonitor(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, lookup: lookup, catalog: catalog)
        monitor.observe { [weak self] id, _, transition in
            self?.told.withLock { $0.append((id, transition)) }
        }
        monitor.start(targets: targets, settings: Watch.settings(user: user, password: password, fall, rise))
    }

    deinit { monitor.stop() }

    static func settings(
        user: String = "probe", password: String? = PostgresServer.password, _ fall: Int = 2, _ rise: Int = 1
    ) -> ProbeSettings {
        ProbeSettings(
            timing: HealthMachine.Settings(interval: interval, timeout: timeout, fall: fall, rise: rise),
            user: user, password: password.map { Secret($0) }, catalogInterval: interval)
    }

    func id(_ name: String) -> ReplicaID { ReplicaID(database: "orders", replica: name) }

    func status(_ name: String = "a") -> ReplicaStatus { monitor.snapshot()[id(name)] ?? ReplicaStatus() }

    func catalog(_ name: String = "a") -> CatalogState {
        monitor.catalogState(of: id(name)) ?? CatalogState()
    }

    /// What was told of one replica, in order.
    func transitions(_ name: String = "a") -> [HealthTransition] {
        told.withLock { list in list.filter { $0.0 == id(name) }.map(\.1) }
    }

    func becomes(
        _ name: String = "a", within limit: Duration = .seconds(8), _ condition: (ReplicaStatus) -> Bool
    ) -> Bool {
        eventually(within: limit) { condition(status(name)) }
    }
}
