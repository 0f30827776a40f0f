import Synchronization

/// Whether a statement should go on: looked at while it runs, told from any thread.
package final class StatementWatch: Sendable {
    private let isCancelled = Atomic<Bool>(false)
    private let isEnded = Atomic<Bool>(false)
    /// Nanoseconds of computing that are left to the statement, and when its turn began; 0 where it has none.
    private let left = Atomic<UInt64>(0)
    private let began = Atomic<UInt64>(0)
    private let now: @Sendable () -> UInt64

    /// - Parameter now: monotonic nanoseconds.
    package init(now: @escaping @Sendable () -> UInt64) { self.now = now }

    /// A CancelRequest: ends the statement that is under way, and no later one.
    package func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// The session has ended: nothing of it goes on.
    package func end() { isEnded.store(true, ordering: .relaxed) }

    var isOver: Bool { isEnded.load(ordering: .relaxed) }

    /// A statement begins; what was cancelled before is not this one.
    func statementBegins() {
        isCancelled.store(false, ordering: .relaxed)
        let (seconds, attoseconds) = ConsoleLimits.time.components
        left.store(
            UInt64(clamping: seconds) * 1_000_000_000 + UInt64(clamping: attoseconds / 1_000_000_000),
            ordering: .relaxed)
        began.store(now(), ordering: .relaxed)
    }

    /// It goes on computing, after the operator has read what there was.
    func turnBegins() { began.store(now(), ordering: .relaxed) }

    func turnEnds() {
        let used = now() &- began.load(ordering: .relaxed)
        let before = left.load(ordering: .relaxed)
        left.store(before > used ? before - used : 0, ordering: .relaxed)
    }

    /// Monotonic nanoseconds.
    var time: UInt64 { now() }

    /// Why it must not go on; nil: it may.
    var reason: ConsoleError? {
        if isCancelled.load(ordering: .relaxed) || isOver { return .cancelled }
        let used = now() &- began.load(ordering: .relaxed)
        return used > left.load(ordering: .relaxed) ? .outOfTime : nil
    }
}
