import AuditTree
import Synchronization

/// A log's tree: a thread of its own puts records under it when they are durable, never in the way of those who append.
package final class TreeWriter: Sendable {
    let feed: TreeFeed
    private let work: Mutex<TreeWork>
    private let clocks: LogClocks
    /// Where checkpoints go besides.
    package let anchors: [CheckpointAnchor]
    private let anchorChanged: @Sendable (String, AuditError?) -> Void
    private let state = Mutex(Status())
    private let ended = Wake()

    private struct Status {
        var head: Checkpoint?
        var trouble: AuditError?
        var hasThread = false
        /// The log was told that it must not take records.
        var holds = false
        /// Turns of the end that did nothing.
        var idleEnds = 0
    }

    init(
        _ work: TreeWork, feed: TreeFeed, clocks: LogClocks,
        anchorChanged: @escaping @Sendable (String, AuditError?) -> Void
    ) {
        let head = work.head
        anchors = work.anchors
        work.anchorHead()
        self.anchorChanged = anchorChanged
        self.work = Mutex(work)
        self.feed = feed
        self.clocks = clocks
        state.withLock { $0.head = head }
    }

    /// The last checkpoint signed.
    package var head: Checkpoint? { state.withLock { $0.head } }

    /// Why the tree cannot be written at the moment; nil where it can. The log may take records all the same.
    package var trouble: AuditError? { state.withLock { $0.trouble } }

    /// What must be recorded where another key is to sign; nil: it is the one that does.
    func rotation(to next: SigningKey) -> Rotation? {
        work.withLock { $0.rotation(to: next) }
    }

    /// The record that names the next key stands at `record`.
    func changesKey(to key: SigningKey, record: UInt64) {
        work.withLock { $0.successor = TreeWork.Successor(key: key, record: record) }
    }

    /// - Parameter tell: hears that the log must not take records, and why; and with nil that it may again.
    func start(region: String, tell: @escaping @Sendable (AuditError?) -> Void) {
        state.withLock { $0.hasThread = true }
        for anchor in anchors {
            anchor.start(name: "anchor \(region)") { [anchorChanged] in
                anchorChanged(anchor.sink.name, $0)
            }
        }
        LogThread.start("tree \(region)") { [self] in
            while let pause = turn(tell: tell) {
                if pause != 0 { sleep(pause) }
            }
            ended.signal()
        }
    }

    private func sleep(_ pause: Int64) {
        let bytes = feed.waiting.bytes
        guard feed.sleeps(untilRecords: pause < 0, woken: bytes) else { return }
        feed.wakes.wait(timeout: pause < 0 ? nil : pause)
        feed.awoke()
    }

    /// One turn: what is due now.
    /// - Returns: microseconds to sleep (0: go on at once; below 0: until records come), or nil at the end.
    func turn(tell: (AuditError?) -> Void) -> Int64? {
        let now = clocks.monotonic()
        let closing = feed.waiting.closing
        let (head, trouble, verdict, worked) = work.withLock { work in
            let worked = work.turn(now: now, closing: closing)
            return (work.head, work.machine.trouble, work.machine.verdict(now: now), worked)
        }
        let changed = state.withLock { state in
            state.head = head
            state.trouble = trouble
            defer { state.holds = verdict != nil }
            return state.holds != (verdict != nil)
        }
        if changed { tell(verdict) }
        if closing { return isAtEnd(worked) ? nil : 0 }
        return work.withLock { work in
            let waiting = feed.waiting
            return work.machine.pause(since: waiting.since, bytes: waiting.bytes, now: clocks.monotonic())
        }
    }

    /// A round that fails at the end is tried twice more; what is not signed then is at the next start.
    private func isAtEnd(_ worked: Bool) -> Bool {
        guard trouble != nil || feed.waiting.since != nil else { return true }
        return state.withLock { state in
            state.idleEnds = worked ? 0 : state.idleEnds + 1
            return state.idleEnds >= 3
        }
    }

    /// How long anchors that hang are waited for at the end, all together.
    private static let anchorPatience: Duration = .seconds(2)

    private func closeAnchors() {
        for anchor in anchors { anchor.close() }
        let deadline = ContinuousClock.now + TreeWriter.anchorPatience
        for anchor in anchors { anchor.waitForEnd(patience: max(.zero, deadline - .now)) }
    }

    /// Puts what is durable under the tree, and ends.
    func close() {
        feed.close()
        if state.withLock({ $0.hasThread }) {
            ended.wait(timeout: nil)
            closeAnchors()
        } else {
            while turn(tell: { _ in }) != nil {}
        }
        work.withLock { $0.close() }
    }
}
