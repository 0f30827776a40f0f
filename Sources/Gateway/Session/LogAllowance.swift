/// One session's hand on its principal's budget of log bytes: takes from it by the piece, so that sessions seldom meet there,
/// and says of each message whether it may go on, waits or is refused. Pure: time is a parameter.
package struct LogAllowance: Sendable {
    package enum Answer: Equatable, Sendable {
        case goes
        /// To be asked again at this time (monotonic nanoseconds).
        case waits(until: UInt64)
        case refused(Reason)
    }

    package enum Reason: Equatable, Sendable {
        /// Its records are more than the budget ever holds at once.
        case tooLarge
        /// It has waited for `LogBudget.longestWait`, and there is still no room.
        case noRoom
    }

    /// What the record of a refused message takes.
    package static let refusalBytes = 1024
    /// The most that is taken beyond what is needed.
    private static let pieceBytes = 16 << 10
    /// Bytes of records from one piece of a replica's answers beyond which they count as a flood.
    private static let floodBytes = 64 << 10

    /// Bytes that were taken and not used.
    package private(set) var credit = 0
    private var until: UInt64 = 0
    /// The message that is asked for has waited as long as one may.
    private var hasWaited = false

    package init() {}

    /// Asks for the records of the message that is next, before anything of it is recorded or forwarded. What is granted
    /// stays until it is spent, so that it may be asked again.
    package mutating func ask(
        _ bytes: Int, of budget: LogBudget, perSecond: Int, now: UInt64
    ) -> Answer {
        guard now >= until else { return .waits(until: until) }
        guard credit < bytes else { return .goes }
        // Whatever of it is there already.
        guard LogBudget.holds(bytes, perSecond: perSecond) else {
            // The record that says so has to be paid, too: refusals are no way to fill the log.
            switch ask(LogAllowance.refusalBytes, of: budget, perSecond: perSecond, now: now) {
            case .waits(let until): return .waits(until: until)
            case .goes, .refused: return .refused(.tooLarge)
            }
        }
        let amount = max(bytes - credit, LogAllowance.piece(perSecond: perSecond))
        switch budget.take(amount, perSecond: perSecond, now: now) {
        case .granted:
            credit += amount
            hasWaited = false
            return .goes
        case .waits(let nanoseconds):
            credit += amount
            hasWaited = false
            until = now &+ nanoseconds
            return .waits(until: until)
        case .tooLong, .never:
            guard hasWaited else {
                hasWaited = true
                until = now &+ LogBudget.longestWaitNanoseconds
                return .waits(until: until)
            }
            hasWaited = false
            return .refused(.noRoom)
        }
    }

    /// Records were made, those that nothing holds up included.
    ///
    /// - Returns: nanoseconds for which no more answers of the replica should be read, which would make more of them.
    package mutating func spend(
        _ bytes: Int, of budget: LogBudget, perSecond: Int, now: UInt64
    ) -> UInt64 {
        guard bytes > credit else {
            credit -= bytes
            return 0
        }
        let amount = max(bytes - credit, LogAllowance.piece(perSecond: perSecond))
        credit = credit + amount - bytes
        let owed = budget.charge(amount, perSecond: perSecond, now: now)
        // Others of its principal may owe more than this session did.
        guard bytes < LogAllowance.floodBytes else { return owed }
        return min(owed, LogBudget.cost(amount, perSecond: perSecond))
    }

    /// A small part of what the budget holds, so that no session keeps much from the others.
    private static func piece(perSecond: Int) -> Int {
        min(pieceBytes, perSecond / 32)
    }
}
