import GatewayCatalog
import GatewayConfiguration
import GatewayRouting
import GatewayServers
import Logging
import Synchronization

/// Keeps one probe for every replica of every database and knows what they found. All calls may come from any thread
/// and none of them waits for a server.
package final class HealthMonitor: Sendable {
    /// Called on the probe's thread, after `snapshot` shows the change; it must not wait.
    package typealias Observer = @Sendable (ReplicaID, ReplicaStatus, HealthTransition) -> Void

    fileprivate struct State {
        var probes: [ReplicaID: ReplicaProbe] = [:]
        var machines: [ReplicaID: HealthMachine] = [:]
        var statuses: [ReplicaID: ReplicaStatus] = [:]
        /// The system_identifier that a database's replicas are known by.
        var clusters: [String: String] = [:]
        var trails: [String: PrimaryTrail] = [:]
        /// Probes that failed, by the label of why. Labels are a closed set.
        var failures: [ReplicaID: [String: Int]] = [:]
        var observers: [Observer] = []
        /// Told to stop and not joined yet.
        var leaving: [ReplicaProbe] = []
    }

    private let logger: Logger
    private let lookup: NameLookup
    private let state: Shared
    private let catalogs: CatalogWatch?

    /// What the catalogues' readers look at too.
    private final class Shared: Sendable {
        private let state = Mutex(State())

        func withLock<Result: Sendable>(_ body: (inout sending State) -> sending Result) -> Result {
            state.withLock(body)
        }
    }

    /// `lookup` resolves names; default getaddrinfo(3). Without `catalog` no catalogue is read.
    package init(logger: Logger, lookup: NameLookup? = nil, catalog: CatalogKnowledge? = nil) {
        self.logger = logger
        self.lookup = lookup ?? NameResolver.system
        let state = Shared()
        self.state = state
        catalogs = catalog.map { [lookup = self.lookup] knowledge in
            CatalogWatch(knowledge: knowledge, lookup: lookup) { id in state.withLock { $0.statuses[id] } }
        }
    }

    /// Begins to probe. Call it once, before other threads run: it takes libpq's variables out of the environment.
    package func start(_ configuration: Configuration) {
        start(targets: ReplicaTarget.all(of: configuration), settings: ProbeSettings(configuration.health))
    }

    package func start(targets: [ReplicaTarget], settings: ProbeSettings) {
        ServerLogin.clearEnvironment()
        reload(targets: targets, settings: settings)
    }

    /// Stops probes of replicas that are gone, begins those of new and changed ones, and lifts every quarantine. What
    /// is known of an unchanged replica stays.
    package func reload(_ configuration: Configuration) {
        reload(targets: ReplicaTarget.all(of: configuration), settings: ProbeSettings(configuration.health))
    }

    package func reload(targets: [ReplicaTarget], settings: ProbeSettings) {
        let failed = state.withLock { state -> [ReplicaID] in
            let old = state
            state.probes = [:]
            state.machines = [:]
            state.statuses = [:]
            var failed: [ReplicaID] = []
            for target in targets {
                let id = target.id
                let before = old.probes[id]
                let kept = before.flatMap { $0.target.isProbedLike(target) ? $0 : nil }
                let isKnown = before?.target.isKnownLike(target) ?? false
                state.machines[id] = HealthMonitor.machine(
                    target, settings, before: isKnown ? old.statuses[id] : nil)
                state.statuses[id] = state.machines[id]?.status
                if let kept, kept.settings == settings {
                    state.probes[id] = kept
                    if state.statuses[id]?.health == .unknown { kept.hurry() }
                } else if let probe = probe(target, settings) {
                    state.probes[id] = probe
                    probe.start()
                } else {
                    failed.append(id)
                }
            }
            for (id, probe) in old.probes where state.probes[id] !== probe {
                probe.stop()
                state.leaving.append(probe)
            }
            state.leaving.removeAll { $0.join(until: 0) }
            state.relearnClusters()
            state.failures = state.failures.filter { id, _ in state.machines[id] != nil }
            return failed
        }
        for id in failed { logger.error("replica \(id) is not probed: no file descriptors left") }
        let unread = catalogs?.reload(targets: targets, settings: settings)
        for id in unread ?? [] { logger.error("catalogue of \(id) is not read: no file descriptors left") }
    }

    /// The catalogue of the replica's database as it was read last; nil until it has been. A replica that nobody read is
    /// read from now on: a token may forbid what no rule does.
    package func catalog(of id: ReplicaID) -> PublishedCatalog? { catalogs?.reader(of: id)?.state.published }

    /// The same, with its age and why there is none; nil: nobody reads it.
    package func catalogState(of id: ReplicaID) -> CatalogState? { catalogs?.state(of: id) }

    /// Looks at the catalogue again as soon as may be.
    package func refreshCatalog(of id: ReplicaID) { catalogs?.refreshSoon(id) }

    /// What is known of every replica now.
    package func snapshot() -> [ReplicaID: ReplicaStatus] { state.withLock { $0.statuses } }

    /// Probes of each replica that failed since this monitor knows it, by the label of the failure.
    package func probeFailures() -> [ReplicaID: [String: Int]] { state.withLock { $0.failures } }

    /// A session could not log in at the replica: it is probed at once, by a login of its own.
    package func suspect(_ id: ReplicaID) { state.withLock { $0.probes[id] }?.logInAnew() }

    /// A session found that the replica is not what it must be. Observers are told on the caller's thread.
    package func contradict(_ id: ReplicaID, _ difference: AttestationFailure) {
        let result = state.withLock {
            state -> ([HealthTransition], ReplicaStatus, ReplicaTarget, [Observer])? in
            guard let target = state.probes[id]?.target,
                let transitions = state.machines[id]?.contradicted(difference),
                let status = state.machines[id]?.status
            else { return nil }
            state.statuses[id] = status
            return (transitions, status, target, state.observers)
        }
        guard let (transitions, status, target, observers) = result else { return }
        for transition in transitions {
            log(transition, of: target)
            for observer in observers { observer(id, status, transition) }
        }
    }

    /// Adds an observer of transitions.
    package func observe(_ observer: @escaping Observer) {
        state.withLock { $0.observers.append(observer) }
    }

    /// Lifts a quarantine; the replica is probed at once. False where it has none.
    package func clear(_ id: ReplicaID) -> Bool {
        let probe = state.withLock { state -> ReplicaProbe? in
            guard state.statuses[id]?.quarantined != nil else { return nil }
            state.machines[id]?.cleared()
            state.statuses[id] = state.machines[id]?.status
            state.relearnClusters()
            return state.probes[id]
        }
        guard let probe else { return false }
        logger.notice("replica \(id) was cleared by an operator")
        probe.hurry()
        return true
    }

    /// Ends a backend and looks until it is gone (architecture.md, rule 5). `startedAt` is the backend's
    /// `EXTRACT(epoch FROM backend_start)` as its server writes it, so that a pid that was used again is spared. The
    /// outcome comes on the probe's thread, about `within` from now at the latest.
    package func terminateBackend(
        replica id: ReplicaID, pid: Int32, startedAt: String?, within: Duration,
        completion: @escaping @Sendable (TerminationOutcome) -> Void
    ) {
        let termination = BackendTermination(
            pid: pid, startedAt: startedAt, deadline: ServerClock.now() &+ within.wholeNanoseconds,
            completion: completion)
        let probe = state.withLock { $0.probes[id] }
        guard let probe, probe.terminate(termination) else { return completion(.unknownReplica) }
    }

    /// Stops every probe and waits until they ended, at most their timeout and a little. False where one did not.
    @discardableResult
    package func stop() -> Bool {
        let probes = state.withLock { state in
            let all = Array(state.probes.values) + state.leaving
            state.probes = [:]
            state.leaving = []
            return all
        }
        for probe in probes { probe.stop() }
        // A round of terminations may come on top of a probe.
        let longest = probes.map(\.settings.timing.timeout.wholeNanoseconds).max() ?? 0
        let deadline = ServerClock.now() &+ longest &* 2 &+ 1_000_000_000
        let read = catalogs?.stop(until: deadline) ?? true
        return probes.reduce(read) { $1.join(until: deadline) && $0 }
    }

    private static func machine(
        _ target: ReplicaTarget, _ settings: ProbeSettings, before: ReplicaStatus?
    ) -> HealthMachine {
        let expectation = AttestationExpectation(kind: target.kind, attest: target.attest)
        guard let before, before.quarantined == nil else {
            return HealthMachine(expectation: expectation, settings: settings.timing)
        }
        return HealthMachine(expectation: expectation, settings: settings.timing, status: before)
    }

    private func probe(_ target: ReplicaTarget, _ settings: ProbeSettings) -> ReplicaProbe? {
        ReplicaProbe(target: target, settings: settings, lookup: lookup) {
            [weak self] probe, outcome, startedAt in
            self?.conclude(probe, outcome, startedAt: startedAt)
        }
    }

    /// Nil where the probe is not wanted any more.
    private func conclude(
        _ probe: ReplicaProbe, _ outcome: ProbeOutcome, startedAt: Int64
    ) -> HealthMachine.Step? {
        let id = probe.target.id
        let jitter = Double.random(in: 0..<1)
        let result = state.withLock { state -> (HealthMachine.Step, ReplicaStatus, [Observer])? in
            guard state.probes[id] === probe else { return nil }
            guard let step = state.take(outcome, of: id, startedAt: startedAt, jitter: jitter),
                let status = state.statuses[id]
            else { return nil }
            return (step, status, state.observers)
        }
        guard let (step, status, observers) = result else { return nil }
        if step.transitions.contains(where: { $0 == .up || $0 == .attested }) { catalogs?.replicaCame(id) }
        for transition in step.transitions {
            log(transition, of: probe.target)
            for observer in observers { observer(id, status, transition) }
        }
        return step
    }

    private func log(_ transition: HealthTransition, of target: ReplicaTarget) {
        let level: Logger.Level =
            switch transition {
            case .up, .attested: .info
            case .recoveryChanged: .notice
            case .down: .warning
            case .attestationLost, .quarantined: .error
            }
        logger.log(level: level, "replica \(target.id) in \(target.region): \(transition)")
    }
}

extension HealthMonitor.State {
    /// Gives a probe's outcome to its replica's machine.
    mutating func take(
        _ outcome: ProbeOutcome, of id: ReplicaID, startedAt: Int64, jitter: Double
    ) -> HealthMachine.Step? {
        let now = ServerClock.now()
        let step: HealthMachine.Step?
        switch outcome {
        case .report(let report):
            step = machines[id]?.probeSucceeded(
                report, cluster: clusters[id.database], trail: trails[id.database] ?? PrimaryTrail(),
                startedAt: startedAt, now: now, jitter: jitter)
            learn(report, of: id, now: now)
        case .fault(.failure(let failure)):
            failures[id, default: [:]][failure.label, default: 0] += 1
            step = machines[id]?.probeFailed(failure, startedAt: startedAt, now: now, jitter: jitter)
        case .fault(.difference(let difference)):
            failures[id, default: [:]][difference.label, default: 0] += 1
            step = machines[id]?.identityContradicted(
                difference, startedAt: startedAt, now: now, jitter: jitter)
        }
        statuses[id] = machines[id]?.status
        return step
    }

    /// The first attested replica names its database's cluster for the others.
    private mutating func learn(_ report: ProbeReport, of id: ReplicaID, now: Int64) {
        guard machines[id]?.status.attested == true else { return }
        if clusters[id.database] == nil { clusters[id.database] = report.facts.systemIdentifier }
        if report.facts.recovery == .primary, let written = report.replication.written {
            trails[id.database, default: PrimaryTrail()].observed(written, from: id, at: now)
        }
    }

    /// After replicas came, went or were cleared: a cluster that no attested replica shows any more is forgotten.
    mutating func relearnClusters() {
        clusters = clusters.filter { database, identifier in
            statuses.contains { id, status in
                id.database == database && status.attested && status.systemIdentifier == identifier
            }
        }
        trails = trails.filter { database, _ in clusters[database] != nil }
    }
}
