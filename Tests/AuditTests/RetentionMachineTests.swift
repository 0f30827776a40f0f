import Audit
import Testing

@Suite struct RetentionMachineTests {
    private let hour: Int64 = 3_600_000_000
    private func machine() -> RetentionMachine {
        RetentionMachine(age: .seconds(3600))
    }

    /// Segments of 10 records whose newest are so many hours old; the last one is the one that is written.
    private func sight(
        _ hours: [Int64?], covered: UInt64 = 1000, anchored: UInt64? = 1000, heldBack: UInt64? = nil
    ) -> RetentionMachine.Sight {
        let now = 1_700_000_000_000_000 as Int64
        return RetentionMachine.Sight(
            segments: hours.enumerated().map { at, age in
                .init(first: UInt64(at) * 10, newest: age.map { now - $0 * hour })
            }, covered: covered, anchored: anchored, heldBack: heldBack, now: now)
    }

    @Test func `segments go whose records are all older, never one behind a younger one, and never the last`()
    {
        let machine = machine()
        #expect(machine.next(sight([9, 8, 2, 0])) == .check(segments: [0, 10, 20], end: 30))
        #expect(machine.next(sight([9, 1, 8, 0])) == .check(segments: [0], end: 10))
        #expect(machine.next(sight([9, nil, 8, 0])) == .check(segments: [0], end: 10))
        #expect(machine.next(sight([9, 9])) == .check(segments: [0], end: 10))
        #expect(machine.next(sight([9])) == .rest)
        #expect(machine.next(sight([1, 0, 0])) == .rest)
        #expect(machine.next(sight([])) == .rest)
        #expect(machine.isOld(newest: 0, now: .min) == false)
    }

    @Test func `of many segments so many go at once, and the next ones in the next step`() {
        let limit = RetentionMachine.stepLimit
        let machine = machine()
        for count in [limit, limit + 1] {
            let all = sight(Array(repeating: 9, count: count) + [0])
            #expect(
                machine.next(all)
                    == .check(segments: (0..<limit).map { UInt64($0) * 10 }, end: UInt64(limit) * 10))
        }
    }

    @Test func `F-AUD-20: nothing goes that is not covered, not anchored everywhere, or still needed`() {
        let machine = machine()
        let ages: [Int64?] = [9, 8, 7, 0]
        #expect(machine.next(sight(ages, anchored: nil)) == .wait)
        #expect(machine.next(sight(ages, anchored: 9)) == .wait)
        #expect(machine.next(sight(ages, anchored: 10)) == .check(segments: [0], end: 10))
        #expect(machine.next(sight(ages, covered: 29)) == .check(segments: [0, 10], end: 20))
        #expect(machine.next(sight(ages, heldBack: 0)) == .wait)
        #expect(machine.next(sight(ages, heldBack: 25)) == .check(segments: [0, 10], end: 20))
        #expect(machine.next(sight(ages, heldBack: 30)) == .check(segments: [0, 10, 20], end: 30))
    }

    @Test func `what is checked is recorded, and removed once a checkpoint covers the record`() {
        var machine = machine()
        let ages: [Int64?] = [9, 8, 7, 0]
        machine.checked(first: 0, end: 20)
        #expect(machine.next(sight(ages)) == .record(first: 0, end: 20))
        machine.recorded(seq: 40)
        #expect(machine.next(sight(ages, covered: 40)) == .wait)
        #expect(machine.next(sight(ages, covered: 41)) == .remove(segments: [0, 10], end: 20))
        machine.removed()
        #expect(machine.next(sight([0, 0])) == .rest)
    }

    @Test func `what failed begins anew`() {
        var machine = machine()
        machine.checked(first: 0, end: 20)
        machine.recorded(seq: 40)
        machine.failed()
        #expect(machine.next(sight([9, 0])) == .check(segments: [0], end: 10))
        machine.checked(first: 0, end: 0)
        #expect(machine.next(sight([9, 0])) == .check(segments: [0], end: 10))
    }
}
