import Synchronization

/// What the gateway counts, for `/metrics`. Labels come from the configuration alone (F-OPS-07).
package final class Counters: Sendable {
    package let connections = Atomic<Int>(0)
    package let sessionsStarted = Atomic<Int>(0)
    package let sessionsEnded = Atomic<Int>(0)
    /// Sessions that a revocation ended, or their issuer's word that the token is not active.
    package let sessionsRevoked = Atomic<Int>(0)
    package let statements = Atomic<Int>(0)
    /// Statements that were judged because something is forbidden to their sessions.
    package let judgedStatements = Atomic<Int>(0)
    /// Texts that were read and that the grammar does not take, or that are too much for it.
    package let unparsedTexts = Atomic<Int>(0)
    /// What workers remember of texts: how often it served and did not, texts that went, bytes now.
    package let textHits = Atomic<Int>(0)
    package let textMisses = Atomic<Int>(0)
    package let textEvictions = Atomic<Int>(0)
    package let textBytes = Atomic<Int>(0)
    /// How often something waited for its principal's budget of log bytes, and for how long altogether.
    package let budgetWaits = Atomic<Int>(0)
    package let budgetWaitMicroseconds = Atomic<Int>(0)
    /// How often something was read into a small piece of memory, since the buffers held what they may.
    package let bufferShortages = Atomic<Int>(0)
    /// Refused logins that are counted in a record and have none of their own.
    package let summedRefusals = Atomic<Int>(0)
    package let bytesIn = Atomic<Int>(0)
    package let bytesOut = Atomic<Int>(0)
    package let cancelsForwarded = Atomic<Int>(0)
    package let cancelsUnknown = Atomic<Int>(0)
    package let protocolViolations = Atomic<Int>(0)
    package let reloads = Atomic<Int>(0)
    package let reloadFailures = Atomic<Int>(0)
    /// Refused sessions by SQLSTATE: a closed set, see `Refusal.sqlstate`.
    private let refusals = Mutex<[String: Int]>([:])

    /// Refused statements by forbidden class, or by what else was wrong with them: a closed set, too.
    private let refusedStatements = Mutex<[String: Int]>([:])

    package init() {}

    func countRefusal(_ sqlstate: String) { refusals.withLock { $0[sqlstate, default: 0] += 1 } }
    func countRefusedStatement(_ classes: [String]) {
        refusedStatements.withLock { counts in
            for name in classes { counts[name, default: 0] += 1 }
        }
    }
    package var refusedStatementsByClass: [String: Int] { refusedStatements.withLock { $0 } }
    package var refusalsBySQLState: [String: Int] { refusals.withLock { $0 } }
}

extension Atomic where Value == Int {
    func increase(_ by: Int = 1) { wrappingAdd(by, ordering: .relaxed) }
    package var value: Int { load(ordering: .relaxed) }
}
