import CLinux
import Glibc

/// A counting semaphore whose timed waits are by the monotonic clock. On Linux those of `DispatchSemaphore` are by the wall
/// clock: where it is put back an hour, they take an hour longer (F-OPS-15).
package final class TimedSemaphore: Sendable {
    // SAFETY: made by `init`, destroyed and freed by `deinit`, when nobody can wait any more; the calls on a sem_t may be made
    // from any thread (sem_overview(7)).
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    package init() {
        semaphore = .allocate(capacity: 1)
        let made = sem_init(semaphore, 0, 0)
        precondition(made == 0, "sem_init refuses only a value that is too large")
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    /// Lets one go who waits, or the next one who does.
    package func signal() { sem_post(semaphore) }

    package func wait() { _ = clinux_semaphore_wait(semaphore, -1) }

    /// - Returns: false where nobody signalled in time.
    package func wait(_ patience: Duration) -> Bool {
        let (seconds, attoseconds) = patience.components
        guard patience > .zero else { return clinux_semaphore_wait(semaphore, 0) }
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, whole < Int64.max / 2 else { return clinux_semaphore_wait(semaphore, .max / 2) }
        return clinux_semaphore_wait(semaphore, whole + attoseconds / 1_000_000_000)
    }
}
