import GatewayCatalog
import GatewayRouting
import GatewayServers
import Synchronization

/// The catalogue readers of all replicas that need one.
final class CatalogWatch: Sendable {
    private struct State {
        var readers: [ReplicaID: CatalogReader] = [:]
        var targets: [ReplicaID: ReplicaTarget] = [:]
        var settings: ProbeSettings?
        /// Told to stop and not joined yet.
        var leaving: [CatalogReader] = []
    }

    private let knowledge: CatalogKnowledge
    private let lookup: NameLookup
    private let status: @Sendable (ReplicaID) -> ReplicaStatus?
    private let state = Mutex(State())

    /// `status` answers with a replica's newest.
    init(
        knowledge: CatalogKnowledge, lookup: @escaping NameLookup,
        status: @escaping @Sendable (ReplicaID) -> ReplicaStatus?
    ) {
        self.knowledge = knowledge
        self.lookup = lookup
        self.status = status
    }

    /// Keeps the readers, and the snapshots, of replicas that are probed as before. Answers the replicas for which no
    /// reader could be made.
    func reload(targets: [ReplicaTarget], settings: ProbeSettings) -> [ReplicaID] {
        state.withLock { state in
            let old = state.readers
            state.readers = [:]
            state.targets = Dictionary(targets.map { ($0.id, $0) }) { first, _ in first }
            state.settings = settings
            var failed: [ReplicaID] = []
            for target in targets where target.needsCatalog || old[target.id] != nil {
                if let kept = old[target.id], kept.target.isProbedLike(target),
                    kept.target.harmless == target.harmless, kept.settings == settings
                {
                    state.readers[target.id] = kept
                } else if let reader = started(target, settings) {
                    state.readers[target.id] = reader
                } else {
                    failed.append(target.id)
                }
            }
            for (id, reader) in old where state.readers[id] !== reader {
                reader.stop()
                state.leaving.append(reader)
            }
            state.leaving.removeAll { $0.join(until: 0) }
            return failed
        }
    }

    func state(of id: ReplicaID) -> CatalogState? { state.withLock { $0.readers[id] }?.state }

    /// Looks again as soon as may be, where a session looks at the catalogue at all.
    func refreshSoon(_ id: ReplicaID) { state.withLock { $0.readers[id] }?.refreshSoon() }

    /// The replica's reader, which begins where there was none; nil for an unknown replica.
    func reader(of id: ReplicaID) -> CatalogReader? {
        state.withLock { state in
            if let known = state.readers[id] { return known }
            guard let target = state.targets[id], let settings = state.settings else { return nil }
            let fresh = started(target, settings)
            state.readers[id] = fresh
            return fresh
        }
    }

    /// A replica came up: its reader need not wait.
    func replicaCame(_ id: ReplicaID) { state.withLock { $0.readers[id] }?.refreshSoon() }

    private func started(_ target: ReplicaTarget, _ settings: ProbeSettings) -> CatalogReader? {
        let reader = CatalogReader(
            target: target, settings: settings, knowledge: knowledge, lookup: lookup, status: status)
        reader?.start()
        return reader
    }

    func stop(until deadline: Int64) -> Bool {
        let readers = state.withLock { state in
            defer { state = State() }
            return Array(state.readers.values) + state.leaving
        }
        for reader in readers { reader.stop() }
        return readers.reduce(true) { $1.join(until: deadline) && $0 }
    }
}
