import CLinux
import Glibc

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

/// A sleeping thread's bell: eventfd(2).
struct Wake: ~Copyable, Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    static func make() throws(AuditError) -> Wake {
        let descriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .system(operation: "eventfd", path: "", code: errno) }
        return Wake(descriptor: descriptor)
    }

    deinit { close(descriptor) }

    func signal() { eventfd_write(descriptor, 1) }

    /// Sleeps until `signal` or for `timeout` microseconds (nil: without end); a signal given before counts.
    func wait(timeout: Int64?) {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let milliseconds = timeout.map { Int32(clamping: ($0 + 999) / 1000) } ?? -1
        while poll(&wanted, 1, milliseconds) < 0 && errno == EINTR {}
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
    }
}
