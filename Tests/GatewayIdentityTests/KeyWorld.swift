import GatewayConfiguration
import GatewayIdentity
import Synchronization
import Testing

/// A provider in memory and a clock by hand.
final class KeyWorld: Sendable {
    private struct State {
        var answer: Result<[UInt8], KeyFetchFailure>
        var fetches = 0
        var now = Duration.zero
        var held: [CheckedContinuation<Void, Never>] = []
        var holds = false
    }
    private let state: Mutex<State>

    init(_ keySet: String) throws {
        state = Mutex(State(answer: .success(try #require(try TokenFixtures.all.keySet(of: keySet)))))
    }

    var fetches: Int { state.withLock { $0.fetches } }
    func advance(_ by: Duration) { state.withLock { $0.now += by } }
    func answer(_ result: Result<[UInt8], KeyFetchFailure>) { state.withLock { $0.answer = result } }
    func answer(_ keySet: String) throws {
        answer(.success(try #require(try TokenFixtures.all.keySet(of: keySet))))
    }
    /// Fetches wait from now on until `release`.
    func hold() { state.withLock { $0.holds = true } }
    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            state.holds = false
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func fetch() async -> Result<[UInt8], KeyFetchFailure> {
        state.withLock { $0.fetches += 1 }
        await withCheckedContinuation { continuation in
            let waits = state.withLock { state in
                if state.holds { state.held.append(continuation) }
                return state.holds
            }
            if !waits { continuation.resume() }
        }
        return state.withLock { $0.answer }
    }

    func service(_ issuers: [Issuer], remembered: Int = 4096) -> IdentityService {
        IdentityService(
            issuers: issuers, leeway: .seconds(30), tokenLimit: 16384, remembered: remembered, logger: silent,
            fetch: { [self] _ in await fetch() }, uptime: { [self] in state.withLock { $0.now } })
    }
}
