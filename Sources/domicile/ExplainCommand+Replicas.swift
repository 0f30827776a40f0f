import GatewayConfiguration
import GatewayHealth
import GatewayPolicy
import GatewayRouting
import Logging

extension ExplainCommand {
    /// How long explain waits for replicas that do not answer.
    static let probePatience: Duration = .seconds(3)

    /// What a gateway that starts now would select: every replica of the database is probed once, from
    /// here.
    static func replicas(for decision: Decision, configuration: Configuration) async -> [ReplicaLine] {
        guard let database = configuration.database(named: decision.database) else { return [] }
        let statuses = await probe(database, configuration)
        let selection = ReplicaSelection.select(
            decision: decision, configuration: configuration, statuses: statuses)
        let order = selection.candidates.map { $0.target.id.replica }
        return database.replicas.map { replica in
            var line = ReplicaLine(
                name: replica.name, region: replica.region, outcome: .candidate, reason: nil)
            if let passed = selection.passedOver.first(where: { $0.replica.replica == replica.name }) {
                line.outcome = .passedOver
                line.reason = passed.why.reason
            } else if order.first == replica.name {
                line.outcome = .selected
            } else {
                line.reason = "comes behind \(order.first ?? "the one selected")"
            }
            return line
        }
    }

    private static func probe(
        _ database: Database, _ configuration: Configuration
    ) async -> [ReplicaID: ReplicaStatus] {
        let targets = ReplicaTarget.targets(of: database, regions: configuration.regions)
        var health = configuration.health
        // One good probe is as much as one run can know.
        health.rise = 1
        health.fall = 1
        let monitor = HealthMonitor(
            logger: Logger(label: "explain", factory: { _ in SwiftLogNoOpLogHandler() }))
        monitor.start(targets: targets, settings: ProbeSettings(health))
        let deadline = ContinuousClock.now + probePatience
        var statuses = monitor.snapshot()
        while statuses.values.contains(where: { $0.probedAt == nil }), ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
            statuses = monitor.snapshot()
        }
        // The probes end with the process: waiting for one that hangs would tell nobody anything.
        return statuses
    }
}
