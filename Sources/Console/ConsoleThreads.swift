import Dispatch
import Foundation
import Glibc
import Synchronization

/// The threads that run SQLite for all console sessions, or that read logs for the admin endpoint, and the turns that wait for them. They have the lowest priority
/// there is, and there are few: whatever operators ask for, executors' sessions have the processors.
package final class ConsoleThreads: Sendable {
    private struct State {
        var turns: [@Sendable () -> Void] = []
        var started = 0
        var isStopped = false
        var sessions = 0
    }

    private let state = Mutex(State())
    private let waiting = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private let name: String
    private let places: Int

    /// - Parameters:
    ///   - name: that the threads' names begin with.
    ///   - places: who may be there at a time.
    package init(name: String = "console", places: Int = ConsoleLimits.sessions) {
        self.name = name
        self.places = places
    }

    /// Takes the place of a session; false where there are as many as may be.
    package func enter() -> Bool {
        state.withLock { state in
            guard state.sessions < places, !state.isStopped else { return false }
            state.sessions += 1
            return true
        }
    }

    package func leave() { state.withLock { $0.sessions -= 1 } }

    package var sessions: Int { state.withLock { $0.sessions } }

    /// Runs a turn as soon as a thread is free. Each session has one at most, so that the queue is bounded.
    package func run(_ turn: @escaping @Sendable () -> Void) {
        let starts = state.withLock { state -> Int? in
            guard !state.isStopped else { return nil }
            state.turns.append(turn)
            guard state.started < ConsoleLimits.threads else { return nil }
            state.started += 1
            return state.started
        }
        if let starts { start(starts) }
        waiting.signal()
    }

    private func start(_ number: Int) {
        let thread = Thread { [self] in
            _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
            while true {
                waiting.wait()
                let (turn, isStopped) = state.withLock { state in
                    (state.turns.isEmpty ? nil : state.turns.removeFirst(), state.isStopped)
                }
                if let turn { turn() } else if isStopped { break }
            }
            ended.signal()
        }
        thread.name = "\(name)-\(number)"
        // SQLite's parser and its expressions go deep before their limits end them.
        thread.stackSize = ConsoleLimits.stack
        thread.start()
    }

    /// Waits until the turns that were asked for are over; no more are taken.
    package func stop() {
        let started = state.withLock { state in
            state.isStopped = true
            return state.started
        }
        for _ in 0..<started { waiting.signal() }
        for _ in 0..<started { ended.wait() }
    }
}
