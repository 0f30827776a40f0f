import GatewayPolicy

/// What a session's own records cost its principal (architecture, rule 11); its messages' are `Relay+Budget.swift`'s.
extension Session {
    /// What a session's start, and its end, are taken to be when it logs in: nobody is kept from ending. What they are
    /// beyond that is charged with them.
    static let ownRecord = 1024

    private var logBytesPerSecond: Int { generation.configuration.limits.logBytesPerSecondPerSubject }

    /// A login does not wait: what its records owe, the first statement pays. Where more is owed than may wait, it is refused.
    func takeLogBudget(of principal: Principal) throws(Refusal) {
        let now = worker.loop.now
        let budget = context.logBudgets.enter(principal, now: now)
        logBudget = budget
        switch budget.take(2 * Session.ownRecord, perSecond: logBytesPerSecond, now: now) {
        case .granted, .waits: return
        case .tooLong, .never: throw .overLogBudget(perSecond: logBytesPerSecond)
        }
    }

    /// The budget that has room for a refusal's record; nil where there is none: it is only counted.
    func budgetForRefusal() -> LogBudget? {
        let now = worker.loop.now
        let budget = logBudget ?? context.logBudgets.forRefusal(of: identity.principal, now: now)
        let isThere = budget.takeNow(LogAllowance.refusalBytes, perSecond: logBytesPerSecond, now: now)
        return isThere ? budget : nil
    }

    func charge(_ bytes: Int, to budget: LogBudget?) {
        budget?.charge(bytes, perSecond: logBytesPerSecond, now: worker.loop.now)
    }
}
