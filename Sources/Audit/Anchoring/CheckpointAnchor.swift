import AuditTree
import Synchronization

/// Sends a log's signed checkpoints to one place elsewhere. What was cut off the log's end, or rewritten under its own key, is
/// found by `verify --against` what is kept there.
///
/// A thread of its own: wherever the place is, and however long a write takes there, records, checkpoints and other anchors
/// go on. What cannot be written is tried again; where too many wait, the oldest are left out, since the newest says all that
/// they said.
package final class CheckpointAnchor: Sendable {
    /// What became of it.
    package struct Status: Sendable, Equatable {
        /// Records that the newest checkpoint there covers, as far as this process wrote it; 0: it wrote none yet.
        package var anchored: UInt64 = 0
        /// Why nothing can be written there at the moment.
        package var trouble: AuditError?

        package init(anchored: UInt64 = 0, trouble: AuditError? = nil) {
            self.anchored = anchored
            self.trouble = trouble
        }
    }

    private struct State {
        var status = Status()
        var waiting: [SignedNote] = []
        var closing = false
        var pause: GrowingPause
        /// Until the next try; nil: until something comes.
        var rest: Duration?
    }

    /// The pauses between tries.
    package static let firstPause: Duration = .seconds(1)
    package static let longestPause: Duration = .seconds(60)

    package let sink: any AnchorSink
    private let state: Mutex<State>
    private let wakes = Wake()
    private let ended = Wake()

    package init(
        _ sink: any AnchorSink,
        pause: GrowingPause = GrowingPause(
            first: CheckpointAnchor.firstPause, longest: CheckpointAnchor.longestPause)
    ) {
        self.sink = sink
        state = Mutex(State(pause: pause))
    }

    package var status: Status { state.withLock { $0.status } }

    /// - Parameter tell: hears why nothing can be written, once, and nil when it can be again; on the anchor's thread.
    func start(name: String, tell: @escaping @Sendable (AuditError?) -> Void) {
        LogThread.start(name) { [self] in
            var told = false
            while true {
                let goesOn = turn()
                let (trouble, rest) = state.withLock { ($0.status.trouble, $0.rest) }
                if told != (trouble != nil) {
                    told = trouble != nil
                    tell(trouble)
                }
                guard goesOn else { break }
                wakes.wait(timeout: rest?.micros)
            }
            ended.signal()
        }
    }

    /// Takes checkpoints that are to be written. Never waits.
    package func offer(_ notes: [SignedNote]) {
        guard !notes.isEmpty else { return }
        let limit = sink.limit
        let wakes = state.withLock { state in
            state.waiting = (state.waiting + notes).suffix(limit)
            return state.status.trouble == nil
        }
        if wakes { self.wakes.signal() }
    }

    /// No more will come: what waits is written as far as that goes at once.
    func close() {
        state.withLock { $0.closing = true }
        wakes.signal()
    }

    /// Waits for the end of what `close` began.
    /// - Parameter patience: how long a write that hangs is waited for.
    func waitForEnd(patience: Duration) { ended.wait(timeout: patience.micros) }

    /// One try to write what waits.
    /// - Returns: whether there will be more.
    package func turn() -> Bool {
        let (notes, isRetry) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.status.trouble != nil)
        }
        var failure: AuditError?
        if !notes.isEmpty {
            do throws(AuditError) {
                try sink.write(notes, isRetry: isRetry)
            } catch {
                failure = error
            }
        }
        return state.withLock { state in
            state.status.trouble = failure
            state.rest = nil
            if failure != nil {
                state.waiting = (notes + state.waiting).suffix(sink.limit)
                state.rest = state.pause.failed()
            } else if let last = notes.last {
                state.pause.succeeded()
                state.status.anchored = Checkpoint(text: last.text)?.size ?? state.status.anchored
            }
            return !state.closing || (failure == nil && !state.waiting.isEmpty)
        }
    }
}
