import Foundation

/// The monotonic clock of who talks to servers, in nanoseconds.
package enum ServerClock {
    package static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Waits until the descriptor shows one of the `poll` conditions or the deadline passes. True where it showed one.
    package static func wait(_ descriptor: Int32, for conditions: Int32, until deadline: Int64) -> Bool {
        var entries = [pollfd(fd: descriptor, events: Int16(conditions), revents: 0)]
        return wait(&entries, until: deadline)
    }

    /// The same for several descriptors; `revents` says which. A signal does not end the wait.
    package static func wait(_ entries: inout [pollfd], until deadline: Int64) -> Bool {
        while true {
            let left = max(0, deadline - now())
            // Rounded up: a wait that ends early would turn the loop once more for nothing.
            let milliseconds = Int32(clamping: (left + 999_999) / 1_000_000)
            let ready = poll(&entries, nfds_t(entries.count), milliseconds)
            if ready > 0 { return true }
            if ready == 0, now() >= deadline { return false }
            if ready < 0, errno != EINTR { return false }
        }
    }
}
