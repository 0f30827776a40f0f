import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import Synchronization

/// The health of simulated replicas: the gateway's own machines, fed by the simulation instead of by probes.
final class SimulatedHealth: ReplicaWatch {
    typealias Observer = @Sendable (ReplicaID, ReplicaStatus, HealthTransition) -> Void

    struct Termination: Sendable {
        var replica: ReplicaID
        var processID: Int32
        var completion: @Sendable (TerminationOutcome) -> Void
    }

    private struct State {
        var machines: [ReplicaID: HealthMachine] = [:]
        var observers: [Observer] = []
        var terminations: [Termination] = []
        var contradicted: [ReplicaID] = []
    }

    private let state = Mutex(State())

    init(_ configuration: Configuration) { reload(configuration) }

    func start(_ configuration: Configuration) {}
    func stop() -> Bool { true }

    func reload(_ configuration: Configuration) {
        state.withLock { state in
            for target in ReplicaTarget.all(of: configuration) {
                let expectation = AttestationExpectation(kind: target.kind, attest: target.attest)
                let timing = HealthMachine.Settings(
                    interval: .seconds(2), timeout: .seconds(1), fall: 2, rise: 1)
                state.machines[target.id] = HealthMachine(expectation: expectation, settings: timing)
            }
        }
    }

    func snapshot() -> [ReplicaID: ReplicaStatus] { state.withLock { $0.machines.mapValues(\.status) } }
    func suspect(_ id: ReplicaID) {}

    func contradict(_ id: ReplicaID, _ difference: AttestationFailure) {
        apply(id) { $0.contradicted(difference) }
    }

    func observe(_ observer: @escaping Observer) { state.withLock { $0.observers.append(observer) } }

    func terminateBackend(
        replica id: ReplicaID, pid: Int32, startedAt: String?, within: Duration,
        completion: @escaping @Sendable (TerminationOutcome) -> Void
    ) {
        state.withLock {
            $0.terminations.append(Termination(replica: id, processID: pid, completion: completion))
        }
    }

    /// What was asked to be terminated since this was asked last.
    func takeTerminations() -> [Termination] {
        state.withLock { state in
            defer { state.terminations = [] }
            return state.terminations
        }
    }

    /// A probe of the replica has ended.
    func probed(_ id: ReplicaID, _ report: ProbeReport?, now: Int64) {
        apply(id) { machine in
            guard let report else {
                return machine.probeFailed(.connectTimeout, startedAt: now, now: now, jitter: 0).transitions
            }
            return machine.probeSucceeded(
                report, cluster: "7000", trail: PrimaryTrail(), startedAt: now, now: now, jitter: 0
            ).transitions
        }
    }

    private func apply(_ id: ReplicaID, _ change: (inout HealthMachine) -> [HealthTransition]) {
        let (transitions, status, observers) = state.withLock { state in
            guard var machine = state.machines[id] else {
                return ([HealthTransition](), ReplicaStatus(), state.observers)
            }
            let transitions = change(&machine)
            state.machines[id] = machine
            return (transitions, machine.status, state.observers)
        }
        for transition in transitions { for observer in observers { observer(id, status, transition) } }
    }
}
