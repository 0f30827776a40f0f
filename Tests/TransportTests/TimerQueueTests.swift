import Testing
import Transport

@Suite struct TimerQueueTests {
    @Test("Timers come in the order of their deadlines, those of one deadline in the order they were set")
    func order() {
        var timers = TimerQueue<String>()
        _ = timers.schedule("c", at: 30)
        _ = timers.schedule("a", at: 10)
        _ = timers.schedule("b1", at: 20)
        _ = timers.schedule("b2", at: 20)
        #expect(timers.earliest == 10)
        #expect(timers.popDue(now: 9) == nil)
        var fired: [String] = []
        while let payload = timers.popDue(now: 25) { fired.append(payload) }
        #expect(fired == ["a", "b1", "b2"])
        #expect(timers.popDue(now: 30) == "c")
        #expect(timers.isEmpty)
    }

    @Test("A cancelled timer never fires, also among thousands")
    func cancelled() {
        var timers = TimerQueue<Int>()
        let names = (0..<5_000).map { timers.schedule($0, at: UInt64(($0 * 7_919) % 5_000)) }
        for (index, name) in names.enumerated() where index % 3 != 0 { timers.cancel(name) }
        var fired: [Int] = []
        while let payload = timers.popDue(now: 5_000) { fired.append(payload) }
        let expected = (0..<5_000).filter { $0 % 3 == 0 }.sorted {
            ($0 * 7_919) % 5_000 < ($1 * 7_919) % 5_000
        }
        #expect(fired == expected)
        timers.cancel(names[0])
        #expect(timers.earliest == nil)
    }
}
