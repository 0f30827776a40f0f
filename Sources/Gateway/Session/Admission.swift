import GatewayConfiguration
import GatewayPolicy
import GatewayRouting
import Synchronization

/// Counts what limits bound: connections and sessions in all, sessions and logins of a principal and of an address, wrong
/// cancel keys of an address.
package final class Admission: Sendable {
    private struct State {
        var connections = 0
        var sessions = 0
        var bySubject: [String: Int] = [:]
        var byAddress: [[UInt8]: Int] = [:]
        var byReplica: [ReplicaID: Int] = [:]
        var logins = EventRates<[UInt8]>(limit: Admission.remembered, beyond: .allowed)
        var loginsOfSubjects = EventRates<String>(limit: Admission.remembered, beyond: .allowed)
        // Nobody has a use for a wrong key: those beyond share what is recorded.
        var cancels = EventRates<[UInt8]>(limit: Admission.remembered, beyond: .together)
        var failures = LoginFailures()
    }

    /// Addresses, and principals, whose rates are remembered at once.
    package static let remembered = 10_000
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
    /// Connections whose token was not verified yet.
    package var loggingIn: Int { state.withLock { $0.connections - $0.sessions } }
    /// Addresses and principals whose rates are remembered now, of logins and of wrong cancel keys.
    package var rates: (logins: Int, subjects: Int, cancels: Int) {
        state.withLock { ($0.logins.count, $0.loginsOfSubjects.count, $0.cancels.count) }
    }
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

    /// Takes a place for a session of a principal (issuer + subject) from an address: of all, and of their own. Unix
    /// sockets, without bytes, are not counted by address.
    package func admitSession(
        _ principal: Principal, address: [UInt8] = [], limit: Int, perSubject: Int, perAddress: Int = .max
    ) throws(Refusal) {
        let refusal = state.withLock { state -> Refusal? in
            guard state.sessions < limit else { return .tooManySessions(limit: limit) }
            let key = Admission.key(principal)
            guard state.bySubject[key, default: 0] < perSubject else {
                return .tooManySessionsOfSubject(limit: perSubject)
            }
            guard state.byAddress[address, default: 0] < perAddress else {
                return .tooManySessionsOfAddress(limit: perAddress)
            }
            state.sessions += 1
            state.bySubject[key, default: 0] += 1
            if !address.isEmpty { state.byAddress[address, default: 0] += 1 }
            return nil
        }
        if let refusal { throw refusal }
    }

    package func releaseSession(_ principal: Principal, address: [UInt8] = []) {
        state.withLock { state in
            let key = Admission.key(principal)
            let count = state.bySubject[key, default: 1] - 1
            state.bySubject[key] = count > 0 ? count : nil
            state.sessions -= 1
            guard !address.isEmpty else { return }
            let left = state.byAddress[address, default: 1] - 1
            state.byAddress[address] = left > 0 ? left : nil
        }
    }

    /// One login of this address now (a bucket of one second's worth). Unix sockets, without bytes, are not counted.
    package func admitLogin(address: [UInt8], perSecond: Int, now: UInt64) -> Bool {
        guard !address.isEmpty else { return true }
        return state.withLock { $0.logins.take(address, perSecond: perSecond, now: now) }
    }

    /// One login of this principal now, its token verified: whoever has no such token cannot use it up.
    package func admitLogin(of principal: Principal, perSecond: Int, now: UInt64) -> Bool {
        state.withLock {
            $0.loginsOfSubjects.take(Admission.key(principal), perSecond: perSecond, now: now)
        }
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
            let rate = Admission.cancelGuessesPerSecond
            guard !state.cancels.take(address, perSecond: rate, now: now) else { return .recorded }
            return state.cancels.tells(address, now: now) ? .limited : .ignored
        }
    }

    package func enter(replica: ReplicaID) { state.withLock { $0.byReplica[replica, default: 0] += 1 } }
    package func leave(replica: ReplicaID) { state.withLock { $0.byReplica[replica, default: 1] -= 1 } }

    private static func key(_ principal: Principal) -> String {
        principal.issuer + "\u{0}" + principal.subject
    }
}
