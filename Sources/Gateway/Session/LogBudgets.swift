import GatewayPolicy
import Synchronization

/// The budgets of all principals (issuer + subject) that have sessions, or owe something. Bounded: beside those of live
/// sessions so many and no more.
package final class LogBudgets: Sendable {
    private struct Entry {
        let budget: LogBudget
        var sessions: Int
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var swept: UInt64?
    }

    /// Budgets at which those that nobody needs are forgotten.
    package static let remembered = 10_000
    private static let second: UInt64 = 1_000_000_000

    /// Of all who have not proved who they are together.
    package let unverified = LogBudget()
    private let state = Mutex(State())

    package init() {}

    /// Principals whose budgets are remembered.
    package var count: Int { state.withLock { $0.entries.count } }

    /// A session of the principal begins; `leave` ends it.
    package func enter(_ principal: Principal, now: UInt64) -> LogBudget {
        let key = LogBudgets.key(principal)
        return state.withLock { state in
            LogBudgets.sweep(&state, now)
            var entry = state.entries[key] ?? Entry(budget: LogBudget(), sessions: 0)
            entry.sessions += 1
            state.entries[key] = entry
            return entry.budget
        }
    }

    package func leave(_ principal: Principal, now: UInt64) {
        let key = LogBudgets.key(principal)
        state.withLock { state in
            guard var entry = state.entries[key] else { return }
            entry.sessions -= 1
            let isForgotten =
                entry.sessions <= 0
                && (entry.budget.isFull(now: now) || state.entries.count > LogBudgets.remembered)
            state.entries[key] = isForgotten ? nil : entry
        }
    }

    /// The budget for a refused login: the principal's own where it is known, else that of all others.
    package func forRefusal(of principal: Principal?, now: UInt64) -> LogBudget {
        guard let principal else { return unverified }
        let key = LogBudgets.key(principal)
        return state.withLock { state in
            if let entry = state.entries[key] { return entry.budget }
            LogBudgets.sweep(&state, now)
            guard state.entries.count < LogBudgets.remembered else { return unverified }
            let budget = LogBudget()
            state.entries[key] = Entry(budget: budget, sessions: 0)
            return budget
        }
    }

    /// Forgets full buckets without a session where there are many, at most once a second.
    private static func sweep(_ state: inout State, _ now: UInt64) {
        guard state.entries.count >= remembered else { return }
        if let swept = state.swept, now < swept &+ second { return }
        state.swept = now
        state.entries = state.entries.filter { $0.value.sessions > 0 || !$0.value.budget.isFull(now: now) }
    }

    private static func key(_ principal: Principal) -> String {
        principal.issuer + "\u{0}" + principal.subject
    }
}
