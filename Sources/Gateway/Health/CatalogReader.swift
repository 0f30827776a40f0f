import GatewayCatalog
import GatewayRouting
import GatewayServers
import Synchronization

/// Reads one replica's catalogue on a thread and a connection of its own, so that a catalogue that takes long holds up
/// no probe. It begins when the replica is healthy and attested.
final class CatalogReader: Sendable {
    private struct Requests {
        var stopping = false
        var soon = false
    }

    let target: ReplicaTarget
    let settings: ProbeSettings
    let knowledge: CatalogKnowledge
    let resolver: NameResolver
    let wakePipe: WakePipe
    /// The replica's newest status.
    let status: @Sendable (ReplicaID) -> ReplicaStatus?
    private let requests = Mutex(Requests())
    private let thread = ServerThread()
    private let published = Mutex(CatalogState())

    /// Bodies are parsed on it.
    private static let stackSize = 8 << 20

    /// nil: no file descriptors left.
    init?(
        target: ReplicaTarget, settings: ProbeSettings, knowledge: CatalogKnowledge,
        lookup: @escaping NameLookup, status: @escaping @Sendable (ReplicaID) -> ReplicaStatus?
    ) {
        guard let wakePipe = WakePipe() else { return nil }
        self.target = target
        self.settings = settings
        self.knowledge = knowledge
        self.wakePipe = wakePipe
        self.resolver = NameResolver(host: target.host, lookup: lookup)
        self.status = status
    }

    func start() {
        thread.start(name: "catalog", stackSize: CatalogReader.stackSize) { [self] in CatalogLoop(self).run()
        }
    }

    /// Ends soon: what is being read is given up.
    func stop() {
        requests.withLock { $0.stopping = true }
        wakePipe.wake()
    }

    /// Waits for the thread's end. False where it did not come in time.
    func join(until deadline: Int64) -> Bool { thread.join(until: deadline) }

    /// Looks again as soon as may be.
    func refreshSoon() {
        requests.withLock { $0.soon = true }
        wakePipe.wake()
    }

    /// Without the snapshot once it is too old: its thread may be waiting for a server that hangs.
    var state: CatalogState {
        var state = published.withLock { $0 }
        if let validUntil = state.validUntil, ServerClock.now() > validUntil { state.published = nil }
        return state
    }

    var isWanted: Bool { requests.withLock { !$0.stopping } }

    /// What was asked since the last call.
    func takeRequests() -> (stopping: Bool, soon: Bool) {
        requests.withLock { state in
            defer { state.soon = false }
            return (state.stopping, state.soon)
        }
    }

    func publish(_ change: (inout CatalogState) -> Void) { published.withLock { change(&$0) } }
}
