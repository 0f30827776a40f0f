/// Names one timer of a loop. A cancelled or fired timer's name is never used again.
package struct TimerID: Hashable, Sendable {
    fileprivate let sequence: UInt64
}

/// One deadline of a queue.
private struct TimerEntry {
    let deadline: UInt64
    let sequence: UInt64
}

/// Deadlines in order: a binary heap, with cancelled entries dropped when they surface or outnumber the live ones. The
/// first entry is never a cancelled one, so that a loop's turn costs one comparison where nothing is due.
package struct TimerQueue<Payload> {
    private var heap: [TimerEntry] = []
    private var payloads: [UInt64: Payload] = [:]
    private var nextSequence: UInt64 = 0
    /// The earliest deadline, kept beside the heap: a loop asks for it twice a turn.
    ///
    /// Monotonic nanoseconds; nil where no timer is set.
    package private(set) var earliest: UInt64?

    package init() {}

    package var isEmpty: Bool { payloads.isEmpty }

    /// Adds a timer that is due at `deadline` (monotonic nanoseconds).
    package mutating func schedule(_ payload: Payload, at deadline: UInt64) -> TimerID {
        let sequence = nextSequence
        nextSequence &+= 1
        payloads[sequence] = payload
        heap.append(TimerEntry(deadline: deadline, sequence: sequence))
        siftUp(heap.count - 1)
        earliest = heap.first?.deadline
        return TimerID(sequence: sequence)
    }

    package mutating func cancel(_ id: TimerID) {
        guard payloads.removeValue(forKey: id.sequence) != nil else { return }
        if heap.first?.sequence == id.sequence { dropCancelled() }
        if heap.count > 64, heap.count > payloads.count * 2 { rebuild() }
    }

    /// Takes the earliest timer that is due at `now`, or nil.
    package mutating func popDue(now: UInt64) -> Payload? {
        guard let earliest, earliest <= now, let first = heap.first else { return nil }
        defer { dropCancelled() }
        return payloads.removeValue(forKey: first.sequence)
    }

    private mutating func dropCancelled() {
        while let first = heap.first, payloads[first.sequence] == nil { removeFirst() }
        earliest = heap.first?.deadline
    }

    private mutating func rebuild() {
        heap = heap.filter { payloads[$0.sequence] != nil }.sorted(by: TimerQueue.before)
        earliest = heap.first?.deadline
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    private static func before(_ left: TimerEntry, _ right: TimerEntry) -> Bool {
        (left.deadline, left.sequence) < (right.deadline, right.sequence)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard TimerQueue.before(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && TimerQueue.before(heap[child], heap[smallest]) {
                smallest = child
            }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
