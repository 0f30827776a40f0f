import Dispatch
import Foundation
import GatewayConfiguration
import GatewayRouting
import GatewayServers
import Synchronization

/// What one probe came to.
enum ProbeOutcome: Sendable {
    case report(ProbeReport)
    case fault(ServerFault)
}

/// The probe of one replica: its thread, and what others ask of it. A replica that hangs holds up nothing but this
/// thread.
final class ReplicaProbe: Sendable {
    /// Tells the outcome of a probe that began at a time; answers when to probe again and how patiently, nil: never.
    typealias Conclusion = @Sendable (ReplicaProbe, ProbeOutcome, _ startedAt: Int64) -> HealthMachine.Step?

    private struct Requests {
        var stopping = false
        var hurried = false
        var anew = false
        var terminations: [BackendTermination] = []
    }

    /// Enough for libpq, OpenSSL and getaddrinfo.
    private static let stackSize = 512 * 1024

    let target: ReplicaTarget
    let settings: ProbeSettings
    let wakePipe: WakePipe
    let resolver: NameResolver
    private let conclusion: Conclusion
    private let requests = Mutex(Requests())
    private let thread = ServerThread()

    init?(
        target: ReplicaTarget, settings: ProbeSettings, lookup: @escaping NameLookup,
        conclusion: @escaping Conclusion
    ) {
        guard let wakePipe = WakePipe() else { return nil }
        self.target = target
        self.settings = settings
        self.wakePipe = wakePipe
        self.resolver = NameResolver(host: target.host, lookup: lookup)
        self.conclusion = conclusion
    }

    func start() {
        thread.start(name: "probe", stackSize: ReplicaProbe.stackSize) { [self] in
            ProbeLoop(self).run()
            let left = requests.withLock { state in
                state.stopping = true
                defer { state.terminations = [] }
                return state.terminations
            }
            for termination in left { termination.completion(.unknownReplica) }
        }
    }

    /// Ends after the probe that is under way, which its timeout bounds.
    func stop() {
        requests.withLock { $0.stopping = true }
        wakePipe.wake()
    }

    /// Waits for the thread's end. False where it did not come in time.
    func join(until deadline: Int64) -> Bool { thread.join(until: deadline) }

    /// Probes now.
    func hurry() {
        requests.withLock { $0.hurried = true }
        wakePipe.wake()
    }

    /// Probes now, on a new connection.
    func logInAnew() {
        requests.withLock { state in
            state.hurried = true
            state.anew = true
        }
        wakePipe.wake()
    }

    /// False where the probe is stopping; then nothing is called.
    func terminate(_ termination: BackendTermination) -> Bool {
        let accepted = requests.withLock { state in
            guard !state.stopping else { return false }
            state.terminations.append(termination)
            return true
        }
        if accepted { wakePipe.wake() }
        return accepted
    }

    func conclude(_ outcome: ProbeOutcome, startedAt: Int64) -> HealthMachine.Step? {
        conclusion(self, outcome, startedAt)
    }

    /// What was asked since the last call.
    func takeRequests() -> (stopping: Bool, hurried: Bool, anew: Bool, terminations: [BackendTermination]) {
        requests.withLock { state in
            let taken = (state.stopping, state.hurried, state.anew, state.terminations)
            state.hurried = false
            state.anew = false
            state.terminations = []
            return taken
        }
    }
}
