import GatewayCatalog
import GatewayConfiguration
import GatewayRouting

/// What is known of the replicas, and what is asked of who knows it. All calls may come from any thread and none of them
/// waits for a server.
package protocol ReplicaWatch: Sendable {
    /// What is known of every replica now.
    func snapshot() -> [ReplicaID: ReplicaStatus]
    /// Probes of each replica that failed, by the label of the failure (a closed set).
    func probeFailures() -> [ReplicaID: [String: Int]]
    /// Lifts a quarantine. False where there is none.
    func clear(_ id: ReplicaID) -> Bool
    /// The catalogue of the replica's database as it was read last; nil until it has been. To ask is to need it.
    func catalog(of id: ReplicaID) -> PublishedCatalog?
    /// The same, with its age and why there is none; nil: nobody reads it.
    func catalogState(of id: ReplicaID) -> CatalogState?
    /// A statement may have changed the replica's catalogue: it is looked at again as soon as may be.
    func refreshCatalog(of id: ReplicaID)
    /// A session could not log in at the replica.
    func suspect(_ id: ReplicaID)
    /// A session found that the replica is not what it must be.
    func contradict(_ id: ReplicaID, _ difference: AttestationFailure)
    /// Adds an observer of transitions, called after `snapshot` shows them; it must not wait.
    func observe(_ observer: @escaping @Sendable (ReplicaID, ReplicaStatus, HealthTransition) -> Void)
    /// Ends a backend and looks until it is gone (architecture.md, rule 5). `startedAt` is the backend's
    /// `EXTRACT(epoch FROM backend_start)` as its server writes it.
    func terminateBackend(
        replica id: ReplicaID, pid: Int32, startedAt: String?, within: Duration,
        completion: @escaping @Sendable (TerminationOutcome) -> Void)
    func start(_ configuration: Configuration)
    func reload(_ configuration: Configuration)
    /// False where something went on.
    @discardableResult
    func stop() -> Bool
}

extension ReplicaWatch {
    package func probeFailures() -> [ReplicaID: [String: Int]] { [:] }
    package func clear(_ id: ReplicaID) -> Bool { false }
    package func catalog(of id: ReplicaID) -> PublishedCatalog? { nil }
    package func catalogState(of id: ReplicaID) -> CatalogState? { nil }
    package func refreshCatalog(of id: ReplicaID) {}
}

extension HealthMonitor: ReplicaWatch {}
