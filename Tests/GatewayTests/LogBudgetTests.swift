import Foundation
import Gateway
import GatewayPolicy
import Testing

/// A virtual clock's nanoseconds.
private func seconds(_ time: Double) -> UInt64 {
    UInt64(time * 1_000_000_000)
}

/// A thousand bytes a second: the bucket holds 8,000, and a byte is a millisecond.
private let rate = 1_000

@Suite struct LogBudgetTests {
    @Test("The bucket holds eight seconds' worth; what is beyond waits exactly until it has come")
    func bucket() {
        let budget = LogBudget()
        #expect(budget.take(8_000, perSecond: rate, now: 0) == .granted)
        #expect(budget.take(1, perSecond: rate, now: 0) == .waits(1_000_000))
        // In the order in which it came: the second byte behind the first.
        #expect(budget.take(1, perSecond: rate, now: 0) == .waits(2_000_000))
        #expect(budget.take(1_000, perSecond: rate, now: seconds(1)) == .waits(2_000_000))
        #expect(!budget.isFull(now: seconds(9.001)))
        #expect(budget.isFull(now: seconds(9.002)))
        // Ages later it holds no more than at first.
        #expect(budget.take(8_000, perSecond: rate, now: seconds(100)) == .granted)
        #expect(budget.take(1, perSecond: rate, now: seconds(100)) == .waits(1_000_000))
    }

    @Test("What the bucket never holds is never granted; one byte less is")
    func tooLarge() {
        let budget = LogBudget()
        #expect(budget.take(8_001, perSecond: rate, now: 0) == .never)
        #expect(budget.isFull(now: 0))
        #expect(budget.take(8_000, perSecond: rate, now: 0) == .granted)
        #expect(LogBudget().take(.max, perSecond: 1, now: 0) == .never)
        #expect(LogBudget().take(.max, perSecond: 1 << 40, now: 0) == .never)
    }

    @Test("Nothing waits longer than ten seconds: at the limit it waits, one byte beyond nothing is taken")
    func longestWait() {
        let budget = LogBudget()
        #expect(budget.take(8_000, perSecond: rate, now: 0) == .granted)
        #expect(budget.take(8_000, perSecond: rate, now: 0) == .waits(seconds(8)))
        #expect(budget.take(2_001, perSecond: rate, now: 0) == .tooLong)
        #expect(budget.take(2_000, perSecond: rate, now: 0) == .waits(seconds(10)))
        #expect(budget.take(1, perSecond: rate, now: 0) == .tooLong)
        #expect(budget.take(1, perSecond: rate, now: seconds(0.001)) == .waits(seconds(10)))
    }

    @Test("What nothing holds up is owed, and no more than the longest wait pays")
    func charges() {
        let budget = LogBudget()
        #expect(budget.charge(8_000, perSecond: rate, now: 0) == 0)
        #expect(budget.charge(500, perSecond: rate, now: 0) == seconds(0.5))
        #expect(budget.charge(1_000_000, perSecond: rate, now: 0) == seconds(10))
        #expect(budget.charge(.max, perSecond: 1, now: 0) == seconds(10))
        #expect(!budget.isFull(now: seconds(17.999)))
        #expect(budget.isFull(now: seconds(18)))
        // A charge never gives back what others were granted later.
        #expect(budget.charge(1, perSecond: rate, now: 0) == seconds(10))
    }

    @Test("Where nothing may wait, what is there is taken and else nothing")
    func takeNow() {
        let budget = LogBudget()
        #expect(budget.takeNow(7_999, perSecond: rate, now: 0))
        #expect(!budget.takeNow(2, perSecond: rate, now: 0))
        #expect(budget.takeNow(1, perSecond: rate, now: 0))
        #expect(!budget.takeNow(1, perSecond: rate, now: 0))
        #expect(budget.takeNow(1, perSecond: rate, now: seconds(0.001)))
    }

    @Test("Of threads that take at once no byte is lost and none counted twice")
    func threads() {
        let budget = LogBudget()
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            for _ in 0..<1_000 { _ = budget.take(1, perSecond: rate, now: 0) }
        }
        #expect(budget.takeNow(4_000, perSecond: rate, now: 0))
        #expect(!budget.takeNow(1, perSecond: rate, now: 0))
    }

    @Test("In the long run a principal gets its rate and no more, however many sessions it has")
    func longRun() {
        let budget = LogBudget()
        var sessions = (0..<20).map { _ in LogAllowance() }
        var granted = 0
        for step in 0..<100_000 {
            let now = seconds(Double(step) / 1_000)
            let at = step % sessions.count
            guard sessions[at].ask(300, of: budget, perSecond: 50_000, now: now) == .goes else { continue }
            _ = sessions[at].spend(300, of: budget, perSecond: 50_000, now: now)
            granted += 300
        }
        // 300,000 bytes a second were asked for, for 100 s; the bucket held 400,000.
        #expect(granted <= 400_000 + 100 * 50_000)
        #expect(granted > 400_000 + 99 * 50_000 - 20 * 2_000)
    }
}

@Suite struct LogAllowanceTests {
    @Test("What was granted stays until it is spent, so that a message may be asked for again")
    func asksAgain() {
        let budget = LogBudget()
        var allowance = LogAllowance()
        #expect(allowance.ask(4_000, of: budget, perSecond: rate, now: 0) == .goes)
        #expect(allowance.ask(4_000, of: budget, perSecond: rate, now: 0) == .goes)
        #expect(allowance.spend(3_000, of: budget, perSecond: rate, now: 0) == 0)
        #expect(allowance.credit == 1_000)
        #expect(budget.takeNow(4_000, perSecond: rate, now: 0))
        #expect(!budget.takeNow(1, perSecond: rate, now: 0))
        #expect(allowance.ask(1_000, of: budget, perSecond: rate, now: 0) == .goes)
    }

    @Test("A message that waits has its place, and goes when its time has come, not before")
    func waits() {
        let budget = LogBudget()
        budget.charge(8_000, perSecond: rate, now: 0)
        var (first, second) = (LogAllowance(), LogAllowance())
        #expect(first.ask(500, of: budget, perSecond: rate, now: 0) == .waits(until: seconds(0.5)))
        #expect(second.ask(100, of: budget, perSecond: rate, now: 0) == .waits(until: seconds(0.6)))
        #expect(
            first.ask(500, of: budget, perSecond: rate, now: seconds(0.499)) == .waits(until: seconds(0.5)))
        #expect(first.ask(500, of: budget, perSecond: rate, now: seconds(0.5)) == .goes)
        #expect(second.ask(100, of: budget, perSecond: rate, now: seconds(0.6)) == .goes)
    }

    @Test(
        "Who would wait too long waits the longest, asks once more, and is refused where there is still no room"
    )
    func noRoom() {
        let budget = LogBudget()
        budget.charge(1_000_000, perSecond: rate, now: 0)
        var (patient, refused) = (LogAllowance(), LogAllowance())
        #expect(patient.ask(100, of: budget, perSecond: rate, now: 0) == .waits(until: seconds(10)))
        #expect(refused.ask(100, of: budget, perSecond: rate, now: 0) == .waits(until: seconds(10)))
        // What was owed is paid by then, but for what is in the bucket's way.
        #expect(
            patient.ask(100, of: budget, perSecond: rate, now: seconds(10)) == .waits(until: seconds(10.1)))
        #expect(patient.ask(100, of: budget, perSecond: rate, now: seconds(10.1)) == .goes)
        budget.charge(1_000_000, perSecond: rate, now: seconds(10.1))
        #expect(refused.ask(100, of: budget, perSecond: rate, now: seconds(10.1)) == .refused(.noRoom))
        // Each message has a wait of its own: refusals come no faster than one in ten seconds.
        #expect(
            refused.ask(100, of: budget, perSecond: rate, now: seconds(10.1))
                == .waits(until: seconds(20.1)))
    }

    @Test("A message larger than the bucket is refused, and the refusal's own record has to be paid before")
    func tooLarge() {
        let budget = LogBudget()
        var allowance = LogAllowance()
        #expect(allowance.ask(8_001, of: budget, perSecond: rate, now: 0) == .refused(.tooLarge))
        #expect(allowance.credit == LogAllowance.refusalBytes)
        _ = allowance.spend(LogAllowance.refusalBytes, of: budget, perSecond: rate, now: 0)
        budget.charge(8_000 - LogAllowance.refusalBytes, perSecond: rate, now: 0)
        #expect(
            allowance.ask(8_001, of: budget, perSecond: rate, now: 0) == .waits(until: seconds(1.024)))
        #expect(allowance.ask(8_001, of: budget, perSecond: rate, now: seconds(1.024)) == .refused(.tooLarge))
    }

    @Test(
        "Outcomes are refused to nobody; a flood of them is read as fast as it is paid, a few wait for their own"
    )
    func outcomes() {
        let budget = LogBudget()
        var (flood, few) = (LogAllowance(), LogAllowance())
        // 80 bytes a millisecond: the bucket holds 640,000.
        #expect(flood.spend(600_000, of: budget, perSecond: 80_000, now: 0) == 0)
        #expect(flood.spend(120_000, of: budget, perSecond: 80_000, now: 0) == seconds(1))
        #expect(flood.spend(80_000, of: budget, perSecond: 80_000, now: 0) == seconds(2))
        // What 2,500 bytes cost, the piece that is taken at once, and not what the other session owes.
        #expect(few.spend(200, of: budget, perSecond: 80_000, now: 0) == 31_250_000)
        #expect(few.spend(2_300, of: budget, perSecond: 80_000, now: 0) == 0)
    }

    @Test(
        "Pieces are taken so that sessions seldom meet: 16 KiB of the default budget, exactly what is needed of a small one"
    )
    func pieces() {
        var allowance = LogAllowance()
        #expect(allowance.ask(300, of: LogBudget(), perSecond: 10 << 20, now: 0) == .goes)
        #expect(allowance.credit == 16 << 10)
        allowance = LogAllowance()
        #expect(allowance.ask(300, of: LogBudget(), perSecond: 1 << 10, now: 0) == .goes)
        #expect(allowance.credit == 300)
    }
}

@Suite struct LogBudgetsTests {
    private func principal(_ subject: String, issuer: String = "https://id.example.com") -> Principal {
        Principal(
            issuer: issuer, subject: subject, planner: nil, task: nil, tokenID: nil, claims: [:], mapped: [:])
    }

    @Test(
        "A principal's sessions share one budget; another subject, and the same subject of another issuer, have theirs"
    )
    func sharing() {
        let budgets = LogBudgets()
        let ann = budgets.enter(principal("ann"), now: 0)
        #expect(budgets.enter(principal("ann"), now: 0) === ann)
        #expect(budgets.forRefusal(of: principal("ann"), now: 0) === ann)
        #expect(budgets.enter(principal("bob"), now: 0) !== ann)
        #expect(budgets.enter(principal("ann", issuer: "https://other.example.com"), now: 0) !== ann)
        #expect(budgets.forRefusal(of: nil, now: 0) === budgets.unverified)
        #expect(budgets.count == 3)
    }

    @Test("Who leaves owing finds what is owed again; who owes nothing is forgotten")
    func debts() {
        let budgets = LogBudgets()
        let ann = budgets.enter(principal("ann"), now: 0)
        ann.charge(8_000, perSecond: rate, now: 0)
        budgets.leave(principal("ann"), now: 0)
        #expect(budgets.enter(principal("ann"), now: 0) === ann)
        budgets.leave(principal("ann"), now: seconds(8))
        #expect(budgets.count == 0)
    }

    @Test(
        "However many principals are refused, so many budgets are remembered; the others' refusals share one")
    func bounded() {
        let budgets = LogBudgets()
        for number in 0..<LogBudgets.remembered {
            budgets.forRefusal(of: principal("p\(number)"), now: 0).charge(1, perSecond: rate, now: 0)
        }
        #expect(budgets.count == LogBudgets.remembered)
        #expect(budgets.forRefusal(of: principal("late"), now: 0) === budgets.unverified)
        // A session gets its own all the same, and its end leaves nothing behind.
        let late = budgets.enter(principal("late"), now: 0)
        late.charge(8_000, perSecond: rate, now: 0)
        #expect(late !== budgets.unverified && budgets.count == LogBudgets.remembered + 1)
        budgets.leave(principal("late"), now: 0)
        #expect(budgets.count == LogBudgets.remembered)
        // A second later what is paid is forgotten.
        #expect(budgets.forRefusal(of: principal("late"), now: seconds(1.001)) !== budgets.unverified)
        #expect(budgets.count == 1)
    }
}

@Suite struct RefusalSumsTests {
    @Test("Refusals are summed by address and SQLSTATE, the largest first, and begin anew once taken")
    func sums() {
        var sums = RefusalSums()
        for _ in 0..<3 { sums.add(address: "10.0.0.1", sqlstate: "28P01") }
        sums.add(address: "10.0.0.1", sqlstate: "53300")
        for _ in 0..<2 { sums.add(address: "10.0.0.2", sqlstate: "28P01") }
        #expect(
            sums.take() == [
                .init(address: "10.0.0.1", sqlstate: "28P01", count: 3),
                .init(address: "10.0.0.2", sqlstate: "28P01", count: 2),
                .init(address: "10.0.0.1", sqlstate: "53300", count: 1),
            ])
        #expect(sums.isEmpty && sums.take().isEmpty)
    }

    @Test("So many sums name an address; the refusals of all others are counted together, and none is lost")
    func bounded() {
        var sums = RefusalSums()
        for number in 0..<1_000 {
            sums.add(address: "10.0.\(number / 250).\(number % 250)", sqlstate: "28P01")
        }
        let taken = sums.take()
        #expect(taken.count == RefusalSums.most + 1)
        #expect(taken.first == .init(address: nil, sqlstate: "28P01", count: 1_000 - RefusalSums.most))
        #expect(taken.reduce(0) { $0 + $1.count } == 1_000)
    }
}
