import GatewayConfiguration
import GatewayPolicy
import GatewayRouting
import Synchronization

/// Counts what limits bound: connections and sessions in all, sessions of a principal, logins and wrong cancel keys of
/// an address.
package final class Admission: Sendable {
    private struct Rate {
        var tokens: Double
        var updated: UInt64
        /// When the address was last said to be over its rate.
        var told: UInt64 = 0
    }

    private struct State {
        var connections = 0
        var sessions = 0
        var bySubject: [String: Int] = [:]
        var byReplica: [ReplicaID: Int] = [:]
        var logins: [[UInt8]: Rate] = [:]
        var cancels: [[UInt8]: Rate] = [:]
        var failures = LoginFailures()
    }

    /// Addresses that are remembered at once; beyond it the full buckets are forgotten.
    private static let rememberedAddresses = 10_000
    /// Wrong cancel keys an address may send a second before they are not looked at any more.
    package static let cancelGuessesPerSecond = 10

    /// Connections beside the sessions that a gateway may have: who can reach its port and has no token uses up none of
    /// `limits.sessions` (F-WIRE-34).
    package static let leastUnauthenticated = 8_000

    private let state = Mutex(State())

    package init() {}

    /// Connections, logged in or not.
    package var connections: Int { state.withLock { $0.connections } }
    /// Sessions whose token was verified.
    package var sessions: Int { state.withLock { $0.sessions } }
    /// Live sessions by replica.
    package var sessionsByReplica: [ReplicaID: Int] { state.withLock { $0.byReplica } }

    /// Takes a place for a connection, before anything is known of it.
    package func admitConnection(limit: Int) -> Bool {
        state.withLock { state in
            guard state.connections < limit else { return false }
            state.connections += 1
            return true
        }
    }

    package func releaseConnection() { state.withLock { $0.connections -= 1 } }

    /// How many connections go with a limit of sessions.
    package static func connectionLimit(sessions: Int) -> Int {
        let (sum, overflow) = sessions.addingReportingOverflow(max(sessions, leastUnauthenticated))
        return overflow ? .max : sum
    }

    /// Takes a place for a session of a principal (issuer + subject), of all and of its own.
    package func admitSession(_ principal: Principal, limit: Int, perSubject: Int) throws(Refusal) {
        let refusal = state.withLock { state -> Refusal? in
            guard state.sessions < limit else { return .tooManySessions(limit: limit) }
            let key = Admission.key(principal)
            guard state.bySubject[key, default: 0] < perSubject else {
                return .tooManySessionsOfSubject(limit: perSubject)
            }
            state.sessions += 1
            state.bySubject[key, default: 0] += 1
            return nil
        }
        if let refusal { throw refusal }
    }

    package func releaseSession(_ principal: Principal) {
        state.withLock { state in
            let key = Admission.key(principal)
            let count = state.bySubject[key, default: 1] - 1
            state.bySubject[key] = count > 0 ? count : nil
            state.sessions -= 1
        }
    }

    /// One login of this address now (a bucket of one second's worth). Unix sockets, without bytes, are not counted.
    package func admitLogin(address: [UInt8], perSecond: Int, now: UInt64) -> Bool {
        guard !address.isEmpty else { return true }
        return state.withLock { Admission.take(&$0.logins, address, perSecond, now) }
    }

    /// A token of this address was refused.
    ///
    /// - Returns: how long the answer to it is held back, at most `limit`. Unix sockets, without bytes, do not wait.
    package func tokenFailed(address: [UInt8], limit: Duration, now: UInt64) -> Duration {
        guard !address.isEmpty, limit > .zero else { return .zero }
        return state.withLock { $0.failures.failed(address, limit: limit, now: now) }
    }

    /// What is done about a wrong cancel key.
    package enum CancelGuess: Equatable, Sendable {
        case recorded
        /// The address is over its rate: said once a second.
        case limited
        case ignored
    }

    /// Whether a wrong cancel key of this address is still within its rate (F-WIRE-16).
    package func admitCancelGuess(address: [UInt8], now: UInt64) -> CancelGuess {
        guard !address.isEmpty else { return .recorded }
        return state.withLock { state in
            guard !Admission.take(&state.cancels, address, Admission.cancelGuessesPerSecond, now) else {
                return .recorded
            }
            guard let told = state.cancels[address]?.told, told == 0 || now >= told &+ 1_000_000_000 else {
                return .ignored
            }
            state.cancels[address]?.told = max(1, now)
            return .limited
        }
    }

    package func enter(replica: ReplicaID) { state.withLock { $0.byReplica[replica, default: 0] += 1 } }
    package func leave(replica: ReplicaID) { state.withLock { $0.byReplica[replica, default: 1] -= 1 } }

    private static func key(_ principal: Principal) -> String {
        principal.issuer + "\u{0}" + principal.subject
    }

    private static func take(
        _ buckets: inout [[UInt8]: Rate], _ address: [UInt8], _ perSecond: Int, _ now: UInt64
    ) -> Bool {
        let burst = Double(max(1, perSecond))
        var rate = buckets[address] ?? Rate(tokens: burst, updated: now)
        let elapsed = Double(now >= rate.updated ? now - rate.updated : 0) / 1e9
        rate.tokens = min(burst, rate.tokens + elapsed * Double(perSecond))
        // Workers' clocks stand a turn apart: time that was counted is not counted again.
        rate.updated = max(rate.updated, now)
        let allowed = rate.tokens >= 1
        if allowed { rate.tokens -= 1 }
        if buckets.count >= rememberedAddresses, buckets[address] == nil {
            buckets = buckets.filter { now >= $0.value.updated && now - $0.value.updated < 2_000_000_000 }
        }
        buckets[address] = rate
        return allowed
    }
}
