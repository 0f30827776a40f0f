import Synchronization

/// The budget of record bytes of one principal: a bucket that fills up with so many bytes a second and holds what comes in
/// `burst`. Shared by all its sessions, whatever workers they are on; without a lock. Time is a parameter.
///
/// It is kept as one number, the time when all that was taken will have been paid for (the generic cell rate algorithm): the
/// bucket is full where that is past, empty where it is `burst` ahead. What is beyond waits in the order in which it came.
package final class LogBudget: Sendable {
    /// What the bucket holds, as the time in which that comes.
    package static let burst = Duration.seconds(8)
    /// The longest that anything waits for its turn.
    package static let longestWait = Duration.seconds(10)

    package enum Answer: Equatable, Sendable {
        case granted
        /// Granted so many nanoseconds from now.
        case waits(UInt64)
        /// It would have to wait longer than `longestWait`; nothing was taken.
        case tooLong
        /// More than the bucket ever holds; nothing was taken.
        case never
    }

    static let burstNanoseconds: UInt64 = 8_000_000_000
    static let longestWaitNanoseconds: UInt64 = 10_000_000_000
    /// No cost is taken for more than this, so that sums stay within their type; some 36 years.
    private static let mostNanoseconds: UInt64 = 1 << 60

    private let paid = Atomic<UInt64>(0)

    package init() {}

    /// Takes bytes, now or at a time from now on.
    ///
    /// - Parameters:
    ///   - perSecond: bytes that come in a second.
    ///   - now: monotonic nanoseconds.
    package func take(_ bytes: Int, perSecond: Int, now: UInt64) -> Answer {
        let cost = LogBudget.cost(bytes, perSecond: perSecond)
        guard cost <= LogBudget.burstNanoseconds else { return .never }
        var known = paid.load(ordering: .relaxed)
        while true {
            let next = max(known, now) &+ cost
            let limit = now &+ LogBudget.burstNanoseconds
            let wait = next > limit ? next &- limit : 0
            guard wait <= LogBudget.longestWaitNanoseconds else { return .tooLong }
            let (isExchanged, found) = paid.weakCompareExchange(
                expected: known, desired: next, ordering: .relaxed)
            if isExchanged { return wait == 0 ? .granted : .waits(wait) }
            known = found
        }
    }

    /// Takes bytes where the bucket has them now, else nothing.
    package func takeNow(_ bytes: Int, perSecond: Int, now: UInt64) -> Bool {
        let cost = LogBudget.cost(bytes, perSecond: perSecond)
        var known = paid.load(ordering: .relaxed)
        while true {
            let next = max(known, now) &+ cost
            guard next <= now &+ LogBudget.burstNanoseconds else { return false }
            let (isExchanged, found) = paid.weakCompareExchange(
                expected: known, desired: next, ordering: .relaxed)
            if isExchanged { return true }
            known = found
        }
    }

    /// Takes bytes of records that nothing holds up, such as outcomes. No more is owed than what the longest wait pays.
    ///
    /// - Returns: nanoseconds until what is owed is paid; 0: nothing is.
    @discardableResult
    package func charge(_ bytes: Int, perSecond: Int, now: UInt64) -> UInt64 {
        let cost = LogBudget.cost(bytes, perSecond: perSecond)
        let limit = now &+ LogBudget.burstNanoseconds
        var known = paid.load(ordering: .relaxed)
        while true {
            let next = max(known, min(max(known, now) &+ cost, limit &+ LogBudget.longestWaitNanoseconds))
            let (isExchanged, found) = paid.weakCompareExchange(
                expected: known, desired: next, ordering: .relaxed)
            if isExchanged { return next > limit ? next &- limit : 0 }
            known = found
        }
    }

    /// Whether the bucket ever has so many bytes.
    package static func holds(_ bytes: Int, perSecond: Int) -> Bool {
        cost(bytes, perSecond: perSecond) <= burstNanoseconds
    }

    /// The bucket is full: no different from a new one.
    package func isFull(now: UInt64) -> Bool { paid.load(ordering: .relaxed) <= now }

    /// Nanoseconds in which so many bytes come, rounded up.
    static func cost(_ bytes: Int, perSecond: Int) -> UInt64 {
        guard bytes > 0 else { return 0 }
        let rate = UInt64(max(1, perSecond))
        let product = UInt64(bytes).multipliedFullWidth(by: 1_000_000_000)
        guard product.high < rate else { return mostNanoseconds }
        let (quotient, remainder) = rate.dividingFullWidth(product)
        return min(mostNanoseconds, quotient) + (remainder > 0 ? 1 : 0)
    }
}
