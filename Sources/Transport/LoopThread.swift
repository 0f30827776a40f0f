import Synchronization
import Waiting

/// The thread that runs a loop, and another in its place where the kernel does not let the first one go on: a call to a disk
/// that hangs cannot be given up.
package final class LoopThread: Sendable {
    // SAFETY: called by one thread at a time, the one that `turn` says has the loop; what it did happens before the next one's
    // calls, by the exchanges of `turn`.
    private struct Body: @unchecked Sendable {
        let run: () -> Bool
    }

    private let name: String
    /// Even: a thread runs the loop. Odd: it is away in a call, and another may take its place.
    private let turn = Atomic<UInt64>(0)
    private let body = Mutex<Body?>(nil)
    private let hasEnded = TimedSemaphore()

    /// - Parameter name: of the threads, up to 15 bytes.
    package init(name: String) { self.name = name }

    /// - Parameter make: is called on the new thread, and returns what runs the loop from wherever it stands: that returns false
    ///   where another thread runs it by now.
    package func start(_ make: @escaping @Sendable () -> () -> Bool) throws(TransportError) {
        try Thread(name: name) { [self] in
            let made = Body(run: make())
            body.withLock { $0 = made }
            run(made)
        }.detach()
    }

    /// Makes a call that may not come back for long. On the loop's thread.
    /// - Returns: false where another thread runs the loop by now: the caller must touch nothing more of it.
    package func away(_ call: () -> Void) -> Bool {
        let (_, running) = turn.wrappingAdd(1, ordering: .acquiringAndReleasing)
        call()
        return turn.compareExchange(
            expected: running, desired: running &+ 1, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Where the loop's thread is away, another one goes on with the loop. From any thread.
    package func replace() {
        let away = turn.load(ordering: .acquiring)
        guard away & 1 == 1, let body = body.withLock({ $0 }) else { return }
        // Without a thread to be had the first one goes on when it comes back.
        try? Thread(name: name) { [self] in
            guard
                turn.compareExchange(
                    expected: away, desired: away &+ 1, ordering: .acquiringAndReleasing
                ).exchanged
            else { return }
            run(body)
        }.detach()
    }

    /// Waits until the loop has ended. A thread that was replaced may still be in its call then.
    package func join() {
        hasEnded.wait()
        hasEnded.signal()
    }

    private func run(_ body: Body) {
        guard body.run() else { return }
        self.body.withLock { $0 = nil }
        hasEnded.signal()
    }
}
