import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import Logging

/// What is known of one replica, as operators see it.
package struct ReplicaSummary: Sendable {
    package var id: ReplicaID
    package var region: String
    package var kind: ReplicaKind
    package var maintenance: Bool
    package var status: ReplicaStatus
    /// Sessions on it, and logins on their way to it.
    package var sessions: Int
    /// Since the newest probe ended; nil before the first.
    package var sinceProbe: Duration?
    /// nil: its catalogue is not read.
    package var catalog: CatalogState?

    package init(
        id: ReplicaID, region: String, kind: ReplicaKind, maintenance: Bool, status: ReplicaStatus,
        sessions: Int = 0, sinceProbe: Duration? = nil, catalog: CatalogState? = nil
    ) {
        self.id = id
        self.region = region
        self.kind = kind
        self.maintenance = maintenance
        self.status = status
        self.sessions = sessions
        self.sinceProbe = sinceProbe
        self.catalog = catalog
    }
}

/// What operators ask of replicas.
extension Gateway {
    /// Every replica of the configuration, in its order. Nothing is asked of any of them: it is what the probes found.
    package func replicas(for asker: OperatorIdentity) async throws(OperationFailure) -> [ReplicaSummary] {
        guard record(AdminOperation("read", target: "replicas", by: asker)) else { throw .notRecorded }
        return replicaSummaries
    }

    var replicaSummaries: [ReplicaSummary] {
        let statuses = replicaStatuses
        let sessions = sessionsByReplica
        let now = context.platform.monotonic()
        return configuration.databases.flatMap { database in
            database.replicas.map { replica in
                let id = ReplicaID(database: database.name, replica: replica.name)
                let status = statuses[id] ?? ReplicaStatus()
                return ReplicaSummary(
                    id: id, region: replica.region, kind: replica.kind, maintenance: replica.maintenance,
                    status: status, sessions: sessions[id] ?? 0,
                    sinceProbe: status.probedAt.map {
                        .nanoseconds(
                            max(0, Int64(clamping: now).subtractingReportingOverflow($0).partialValue))
                    }, catalog: context.health.catalogState(of: id))
            }
        }
    }

    /// The catalogue of a replica's database, waited for where it has to be read first; nil: the replica is not known.
    package func catalog(of id: ReplicaID, within: Duration) async -> CatalogState? {
        let end = ContinuousClock.now + within
        // To ask is to need it.
        while context.health.catalog(of: id) == nil, ContinuousClock.now < end {
            guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
        }
        return context.health.catalogState(of: id)
    }

    /// Lifts a replica's quarantine: it is probed at once and has to prove itself anew. Not done where the log takes no
    /// record of it, for it lets executors in where they were kept out.
    ///
    /// - Parameter name: the replica's, or `database/replica`.
    package func clear(
        replica name: String, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> ReplicaID {
        try Gateway.check(reason: reason)
        let id = try replicaMeant(name)
        guard replicaStatuses[id]?.quarantined != nil else { throw .notQuarantined("\(id)") }
        guard record(AdminOperation("clear", target: "\(id)", reason: reason, by: asker)) else {
            throw .notRecorded
        }
        // A reload in between has lifted it, too.
        guard context.health.clear(id) else { throw .notQuarantined("\(id)") }
        return id
    }

    private func replicaMeant(_ name: String) throws(OperationFailure) -> ReplicaID {
        let all = replicaSummaries.map(\.id)
        if let whole = all.first(where: { "\($0)".utf8.elementsEqual(name.utf8) }) { return whole }
        let found = all.filter { $0.replica.utf8.elementsEqual(name.utf8) }
        guard let first = found.first else { throw .unknownReplica(name) }
        guard found.count == 1 else {
            let names = found.map { "\($0)" }.joined(separator: ", ")
            throw .wrong("several databases have a replica of that name; expected one of \(names)")
        }
        return first
    }
}
