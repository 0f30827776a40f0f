import Synchronization

/// What all workers answer to one question, gathered for whoever asked. A worker that does not answer in time is not
/// waited for.
final class Gathering: Sendable {
    struct Answer: Sendable {
        var sessions: [SessionSummary]
        /// Every worker has answered.
        var isWhole: Bool
    }

    private struct State {
        var missing: Int
        var sessions: [SessionSummary] = []
        var completion: CheckedContinuation<Answer, Never>?
        var isOver = false
    }

    private let state: Mutex<State>

    /// - Parameter workers: how many answers to wait for.
    init(workers: Int) { state = Mutex(State(missing: workers)) }

    /// One worker's answer.
    func add(_ sessions: [SessionSummary]) {
        let completion = state.withLock { state -> (CheckedContinuation<Answer, Never>?, Answer)? in
            guard !state.isOver else { return nil }
            state.sessions += sessions
            state.missing -= 1
            return state.missing == 0 ? Gathering.end(&state) : nil
        }
        if let (continuation, answer) = completion { continuation?.resume(returning: answer) }
    }

    /// What came until now is the answer.
    func timeUp() {
        let completion = state.withLock { $0.isOver ? nil : Gathering.end(&$0) }
        if let (continuation, answer) = completion { continuation?.resume(returning: answer) }
    }

    /// Asks by `begin` and waits, at most `within`.
    func answer(within: Duration, _ begin: @Sendable () -> Void) async -> Answer {
        let timer = Task {
            guard (try? await Task.sleep(for: within)) != nil else { return }
            timeUp()
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { continuation in
            let early = state.withLock { state -> Answer? in
                guard !state.isOver else {
                    return Answer(sessions: state.sessions, isWhole: state.missing == 0)
                }
                state.completion = continuation
                return nil
            }
            if let early { return continuation.resume(returning: early) }
            begin()
        }
    }

    private static func end(_ state: inout State) -> (CheckedContinuation<Answer, Never>?, Answer) {
        state.isOver = true
        defer { state.completion = nil }
        return (state.completion, Answer(sessions: state.sessions, isWhole: state.missing == 0))
    }
}
