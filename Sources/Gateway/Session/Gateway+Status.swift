import Audit
import AuditTree
import GatewayAnchoring
import GatewayConfiguration
import GatewayIdentity
import GatewayRouting
import Transport

/// What the gateway says of itself: for `/readyz`, `/metrics` and `domicile explain`. Read from what is known already,
/// so that asking costs nothing (F-OPS-11).
extension Gateway {
    /// Each reason why it is not ready; empty: ready.
    package var unreadyReasons: [String] {
        let configuration = configuration
        var reasons: [String] = []
        if isDraining { reasons.append("draining") }
        // Another issuer's provider that is down is no reason to send nobody here.
        let keys = issuerKeys
        if !keys.contains(where: \.usable) {
            reasons += keys.map { "issuer \($0.issuer): no usable keys" }
        }
        for (region, log) in logs {
            if let failure = log.failure {
                reasons.append("audit log of \(region): \(failure)")
            } else if let trouble = log.tree?.trouble {
                reasons.append("audit log of \(region): its tree is not written: \(trouble)")
            }
        }
        let statuses = replicaStatuses
        for database in configuration.databases {
            let isServed = database.replicas.contains { replica in
                let status = statuses[ReplicaID(database: database.name, replica: replica.name)]
                return status?.health == .up && status?.attested == true
            }
            if !isServed { reasons.append("database \(database.name): no healthy replica") }
        }
        return reasons
    }

    /// Workers whose loop stands still.
    package var hangingWorkers: [Int] { context.heartbeats.lateWorkers(now: Clock.monotonic()) }

    /// Revocations in force.
    package var revocationCount: Int { context.revocations.count }
    package var issuerKeys: [IssuerKeysStatus] { context.identity.snapshot() }
    package var tokenMemory: TokenMemoryStatus { context.identity.memory }
    package var replicaStatuses: [ReplicaID: ReplicaStatus] { context.health.snapshot() }
    /// The snapshot of a replica's catalogue, and how long ago it was confirmed; nil: its catalogue is not read.
    package func replicaCatalog(_ id: ReplicaID) -> (number: Int, age: Duration?)? {
        context.health.catalogState(of: id).map { ($0.number, $0.age) }
    }
    /// Probes that failed, by the label of why.
    package var probeFailures: [ReplicaID: [String: Int]] { context.health.probeFailures() }
    package var sessionsByReplica: [ReplicaID: Int] { context.admission.sessionsByReplica }
    /// Connections now, those that are still logging in included.
    package var connections: Int { context.admission.connections }
    /// What the buffers of all sessions hold.
    package var buffers: BufferBudget { context.buffers }
    /// Principals whose budgets of log bytes are remembered.
    package var logBudgets: Int { context.logBudgets.count }
    package var logCounters: [(region: String, counters: AuditLogCounters, failure: AuditError?)] {
        logs.map { ($0.key, $0.value.counters, $0.value.failure) }.sorted { $0.region < $1.region }
    }

    private var logs: [String: AuditLog] { context.logs }
}

extension AuditLogSettings {
    package init(of region: Region, configuration: Configuration) {
        let audit = configuration.audit
        let durability: AuditDurability
        switch audit.durability {
        case .strict: durability = .strict
        case .acknowledged: durability = .acknowledged
        case .buffered: durability = .buffered
        }
        self.init(
            region: region.name, folder: region.audit, gateway: configuration.gateway, durability: durability,
            syncInterval: audit.syncInterval, segmentBytes: audit.segment, recordLimit: audit.recordLimit,
            allowFilesystems: audit.allowFilesystems, syncsWhenAsked: true)
    }
}

extension TreeSettings {
    /// How a region's log is signed; the last checkpoint is kept in the configuration's state, too.
    package init(of region: Region, configuration: Configuration, keys: [SigningKey]) {
        self.init(
            origin: configuration.audit.origin ?? configuration.gateway,
            isOriginChosen: configuration.audit.origin != nil, keys: keys,
            keyFile: configuration.audit.key ?? "audit.key",
            headFile: "\(configuration.state)/audit-heads/\(region.name)",
            anchors: configuration.audit.anchors.map(\.sink))
    }
}

extension RetentionSettings {
    /// How long records are kept; nil: for ever.
    init?(of configuration: Configuration, tell: @escaping @Sendable (Event) -> Void) {
        guard let age = configuration.audit.retention, age > .zero else { return nil }
        self.init(
            age: age, reason: "audit.retention: \(configuration.audit.retentionText)",
            policy: configuration.digest, tell: tell)
    }
}

extension HealthTransition {
    /// What is there is no longer what the sessions were connected to.
    var endsSessions: Bool {
        switch self {
        case .attestationLost, .quarantined, .recoveryChanged: true
        case .up, .down, .attested: false
        }
    }
}
