import Seeded
import Testing
import Transport

@Suite struct TimerQueueTests {
    @Test("Timers come in the order of their deadlines, those of one deadline in the order they were set")
    func order() {
        var queue = TimerQueue<String>()
        _ = queue.schedule("c", at: 30)
        _ = queue.schedule("a", at: 10)
        _ = queue.schedule("b1", at: 20)
        _ = queue.schedule("b2", at: 20)
        var due: [String] = []
        while let payload = queue.popDue(now: 30) { due.append(payload) }
        #expect(due == ["a", "b1", "b2", "c"])
        #expect(queue.isEmpty)
        let earliest = queue.earliest
        #expect(earliest == nil)
    }

    @Test("A timer is due at its deadline and not one nanosecond before")
    func dueAtDeadline() {
        var queue = TimerQueue<Int>()
        _ = queue.schedule(1, at: 100)
        let before = queue.popDue(now: 99)
        let at = queue.popDue(now: 100)
        let again = queue.popDue(now: 100)
        #expect(before == nil)
        #expect(at == 1)
        #expect(again == nil)
    }

    @Test("A cancelled timer never comes, and the next one is the earliest")
    func cancel() {
        var queue = TimerQueue<Int>()
        let first = queue.schedule(1, at: 10)
        _ = queue.schedule(2, at: 20)
        queue.cancel(first)
        let earliest = queue.earliest
        let due = queue.popDue(now: 50)
        #expect(earliest == 20)
        #expect(due == 2)
    }

    @Test("Cancelling twice, or what has fired, touches no other timer")
    func cancelAgain() {
        var queue = TimerQueue<Int>()
        let first = queue.schedule(1, at: 10)
        _ = queue.popDue(now: 10)
        let second = queue.schedule(2, at: 10)
        queue.cancel(first)
        let due = queue.popDue(now: 10)
        queue.cancel(second)
        queue.cancel(second)
        #expect(due == 2)
        #expect(queue.isEmpty)
    }

    @Test("The largest deadline is in order too")
    func largestDeadline() {
        var queue = TimerQueue<Int>()
        _ = queue.schedule(2, at: .max)
        _ = queue.schedule(1, at: 0)
        let first = queue.popDue(now: 0)
        let none = queue.popDue(now: .max - 1)
        let last = queue.popDue(now: .max)
        #expect(first == 1)
        #expect(none == nil)
        #expect(last == 2)
    }

    @Test(
        "Thousands of random timers and cancellations come as from a sorted list",
        arguments: [1, 2, 3, 4] as [UInt64])
    func againstSortedModel(seed: UInt64) {
        struct Planned {
            let deadline: UInt64
            let number: Int
            let id: TimerID
        }
        var random = SeededGenerator(seed: seed)
        var queue = TimerQueue<Int>()
        var model: [Planned] = []
        var now: UInt64 = 0
        for number in 0..<6_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let deadline = now + UInt64.random(in: 0...500, using: &random)
                let id = queue.schedule(number, at: deadline)
                let place = model.firstIndex { $0.deadline > deadline } ?? model.count
                model.insert(Planned(deadline: deadline, number: number, id: id), at: place)
            case 6..<9:
                guard !model.isEmpty else { continue }
                queue.cancel(model.remove(at: Int.random(in: 0..<model.count, using: &random)).id)
            default:
                now += UInt64.random(in: 0...20, using: &random)
                var due: [Int] = []
                while let payload = queue.popDue(now: now) { due.append(payload) }
                let expected = model.prefix { $0.deadline <= now }.map(\.number)
                model.removeFirst(expected.count)
                #expect(due == expected, "seed \(seed), step \(number)")
            }
            let earliest = queue.earliest
            #expect(earliest == model.first?.deadline, "seed \(seed), step \(number)")
        }
    }
}
