import Glibc
import Waiting

/// The clocks of a log's writer.
package struct LogClocks: Sendable {
    /// Microseconds since 1970, UTC.
    package var time: @Sendable () -> Int64
    /// Microseconds that never go back.
    package var monotonic: @Sendable () -> Int64

    package init(time: @escaping @Sendable () -> Int64, monotonic: @escaping @Sendable () -> Int64) {
        self.time = time
        self.monotonic = monotonic
    }

    package static let system = LogClocks(
        time: { micros(CLOCK_REALTIME) }, monotonic: { micros(CLOCK_MONOTONIC) })

    private static func micros(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }
}

/// A sleeping thread's bell: costs a system call only where somebody sleeps.
struct Wake: Sendable {
    private let semaphore = TimedSemaphore()

    func signal() { semaphore.signal() }

    /// Sleeps until `signal` or for `timeout` microseconds (nil: without end); a signal given before counts.
    func wait(timeout: Int64?) {
        guard let timeout else { return semaphore.wait() }
        _ = semaphore.wait(.microseconds(timeout))
    }
}
