import Synchronization

/// What the gateway counts, for `/metrics`. Labels come from the configuration alone (F-OPS-07).
package final class Counters: Sendable {
    package let connections = Atomic<Int>(0)
    package let sessionsStarted = Atomic<Int>(0)
    package let sessionsEnded = Atomic<Int>(0)
    /// Sessions that a revocation ended, or their issuer's word that the token is not active.
    package let sessionsRevoked = Atomic<Int>(0)
    package let statements = Atomic<Int>(0)
    package let bytesIn = Atomic<Int>(0)
    package let bytesOut = Atomic<Int>(0)
    package let cancelsForwarded = Atomic<Int>(0)
    package let cancelsUnknown = Atomic<Int>(0)
    package let protocolViolations = Atomic<Int>(0)
    package let reloads = Atomic<Int>(0)
    package let reloadFailures = Atomic<Int>(0)
    /// Refused sessions by SQLSTATE: a closed set, see `Refusal.sqlstate`.
    private let refusals = Mutex<[String: Int]>([:])

    package init() {}

    func countRefusal(_ sqlstate: String) { refusals.withLock { $0[sqlstate, default: 0] += 1 } }
    package var refusalsBySQLState: [String: Int] { refusals.withLock { $0 } }
}

extension Atomic where Value == Int {
    func increase(_ by: Int = 1) { wrappingAdd(by, ordering: .relaxed) }
    package var value: Int { load(ordering: .relaxed) }
}
