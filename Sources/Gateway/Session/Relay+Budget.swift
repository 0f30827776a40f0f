import PGWire

/// Nobody fills the log for others (architecture, rule 11): a principal's records come out of its budget. A message that is
/// over it waits before it is recorded, and nothing behind it is read; nothing goes on without its record.
extension Relay {
    /// What a record has beside what its message holds, the identity included.
    private static let beside = 512
    /// The record of an Execute.
    private static let briefRecord = 256

    /// Bytes that the records of a message will take, as far as its length tells; what escapes add is paid behind it. Nil
    /// where it has none.
    func recordBytes(_ header: FrameHeader, _ tag: FrontendTag) -> Int? {
        switch tag {
        case .query, .parse:
            let beside = tag == .query ? 1 : Relay.parseFrame
            // What is too long is refused, and not recorded.
            guard header.bodyLength - beside <= statementLimit else { return LogAllowance.refusalBytes }
            return header.bodyLength + Relay.beside
        case .bind, .functionCall: return min(header.bodyLength, recordLimit) + Relay.briefRecord
        case .execute: return Relay.briefRecord
        case .describe, .close, .copyData, .copyDone, .copyFail, .sync, .flush, .terminate, .password:
            return nil
        }
    }

    func askBudget(_ bytes: Int) -> LogAllowance.Answer {
        let now = worker.loop.now
        let answer = allowance.ask(bytes, of: budget, perSecond: logBytesPerSecond, now: now)
        if case .waits(let until) = answer, until != executorRests {
            executorRests = until
            wake(at: until, from: now)
        }
        return answer
    }

    /// Records were made since the batch had so many bytes.
    ///
    /// - Returns: nanoseconds for which the replica should not be read.
    @discardableResult
    func spendBudget(since before: Int) -> UInt64 {
        let bytes = region.batch.byteCount - before + longBytes
        longBytes = 0
        guard bytes > 0 else { return 0 }
        return allowance.spend(bytes, of: budget, perSecond: logBytesPerSecond, now: worker.loop.now)
    }

    /// A text of many statements has as many outcomes, which are refused to nobody: their answers are read no faster than
    /// the budget pays for them.
    func restUpstream(_ wait: UInt64) {
        guard wait > 0 else { return }
        let now = worker.loop.now
        upstreamRests = now &+ wait
        wake(at: upstreamRests, from: now)
    }

    private func wake(at time: UInt64, from now: UInt64) {
        let counters = worker.context.counters
        counters.budgetWaits.increase()
        counters.budgetWaitMicroseconds.increase(Int(clamping: (time &- now) / 1000))
        _ = worker.loop.schedule(.session(token: session.token, .budget), at: time)
    }

    func refusal(_ reason: LogAllowance.Reason) -> Refusal {
        switch reason {
        case .tooLarge: .beyondLogBudget(perSecond: logBytesPerSecond)
        case .noRoom: .overLogBudget(perSecond: logBytesPerSecond)
        }
    }
}
