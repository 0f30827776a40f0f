import Glibc
import Synchronization
import Testing
import Transport

@Suite struct LoopThreadTests {
    /// What a loop does, by thread.
    private final class Ground: Sendable {
        let thread = LoopThread(name: "loop")
        let isAway = Semaphore()
        let mayReturn = Semaphore()
        let notes = Mutex<[String]>([])

        func note(_ text: String) { notes.withLock { $0.append(text) } }
    }

    private final class Semaphore: Sendable {
        private let count = Mutex<Int>(0)
        func signal() { count.withLock { $0 += 1 } }
        func wait() {
            while !count.withLock({ count in
                guard count > 0 else { return false }
                count -= 1
                return true
            }) {
                sched_yield()
            }
        }
    }

    /// A loop whose first call does not come back before it is let go.
    private func start(_ ground: Ground) throws {
        try ground.thread.start {
            let isFirst = Atomic<Bool>(true)
            return {
                guard isFirst.exchange(false, ordering: .sequentiallyConsistent) else {
                    ground.note("the other goes on")
                    return true
                }
                let isOurs = ground.thread.away {
                    ground.isAway.signal()
                    ground.mayReturn.wait()
                }
                ground.note(isOurs ? "back in time" : "back too late")
                if !isOurs { ground.isAway.signal() }
                return isOurs
            }
        }
        ground.isAway.wait()
    }

    @Test("F-AUD-03: another thread takes the place of one that is away, which finds that when it comes back")
    func replaced() throws {
        let ground = Ground()
        try start(ground)
        ground.thread.replace()
        ground.thread.join()
        #expect(ground.notes.withLock { $0 } == ["the other goes on"])
        ground.mayReturn.signal()
        ground.isAway.wait()
        #expect(ground.notes.withLock { $0 } == ["the other goes on", "back too late"])
        ground.thread.join()
    }

    @Test("A thread that is back, or never left, is not replaced")
    func notReplaced() throws {
        let ground = Ground()
        ground.thread.replace()
        try start(ground)
        ground.mayReturn.signal()
        ground.thread.join()
        ground.thread.replace()
        #expect(ground.notes.withLock { $0 } == ["back in time"])
    }

    @Test("Of several that are to take its place one does")
    func once() throws {
        let ground = Ground()
        try start(ground)
        for _ in 0..<20 { ground.thread.replace() }
        ground.thread.join()
        ground.mayReturn.signal()
        ground.isAway.wait()
        #expect(ground.notes.withLock { $0 } == ["the other goes on", "back too late"])
    }
}
