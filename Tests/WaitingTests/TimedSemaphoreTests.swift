import Foundation
import Glibc
import Synchronization
import Testing
import Waiting

@Suite struct TimedSemaphoreTests {
    @Test("A signal that was given before counts, one for each wait; without one a wait ends in time")
    func counts() {
        let semaphore = TimedSemaphore()
        #expect(!semaphore.wait(.zero))
        #expect(!semaphore.wait(.milliseconds(-1)))
        semaphore.signal()
        semaphore.signal()
        semaphore.wait()
        #expect(semaphore.wait(.seconds(Int64.max)))
        let start = ContinuousClock.now
        #expect(!semaphore.wait(.milliseconds(20)))
        #expect(ContinuousClock.now - start >= .milliseconds(20))
    }

    @Test("F-OPS-15: the wall clock has no say in how long a wait takes", arguments: [false, true])
    func clock(isDispatchs: Bool) throws {
        let id = Mutex<String?>(nil)
        let (semaphore, dispatchs) = (TimedSemaphore(), DispatchSemaphore(value: 0))
        let ended = TimedSemaphore()
        let thread = Thread {
            let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
            id.withLock { $0 = own }
            if isDispatchs {
                _ = dispatchs.wait(timeout: .now() + .seconds(60))
            } else {
                _ = semaphore.wait(.seconds(60))
            }
            ended.signal()
        }
        thread.start()
        var operation: Int?
        for _ in 0..<2_000 where operation == nil {
            operation = id.withLock { $0 }.flatMap(Self.futexOperation)
            usleep(1_000)
        }
        // futex(2): which clock the deadline is by. That a wait of Dispatch's is by the other shows that this is seen.
        let byWallClock = try #require(operation) & Self.byWallClock != 0
        #expect(byWallClock == isDispatchs)
        if isDispatchs { dispatchs.signal() } else { semaphore.signal() }
        #expect(ended.wait(.seconds(10)))
    }

    /// FUTEX_CLOCK_REALTIME.
    private static let byWallClock = 256
    #if arch(arm64)
        private static let futexCall = "98"
    #else
        private static let futexCall = "202"
    #endif

    /// What a thread that is in futex(2) asked for; nil where it is not there.
    ///
    /// - Parameter thread: as `/proc/thread-self` has it.
    private static func futexOperation(_ thread: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(thread)/syscall", encoding: .utf8)
        else { return nil }
        let fields = text.split(separator: " ")
        guard fields.count > 3, fields[0] == futexCall else { return nil }
        return Int(fields[2].dropFirst(2), radix: 16)
    }
}
