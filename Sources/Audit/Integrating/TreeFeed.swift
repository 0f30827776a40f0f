import Synchronization

/// Durable records on their way from the log's writer to its tree: the very bytes that were written, as far as there is
/// room; the rest is read from the segments again.
final class TreeFeed: Sendable {
    /// Bytes of records in it.
    static let limit = 32 << 20
    /// Pieces below this many bytes are gathered, larger ones handed over as they are.
    fileprivate static let small = 64 << 10
    /// Bytes up to which pieces are gathered.
    fileprivate static let gathered = 1 << 20
    /// Pieces whose memory waits for the next ones, while there are any: as many as a round takes at most.
    fileprivate static let spares = TreeMachine.bytes / gathered

    /// Records `first..<end`, which stand in a segment from an offset on.
    struct Piece: Sendable {
        let segment: UInt64
        let offset: Int
        let first: UInt64
        var end: UInt64
        var bytes: [UInt8]
        /// The tree has it in hand: nothing is added to it any more.
        var isTaken = false
    }

    struct Waiting: Sendable {
        /// When the first of them became durable (monotonic microseconds); nil: none waits.
        var since: Int64?
        var bytes: Int
        var durable: UInt64
        var closing: Bool
    }

    fileprivate struct State {
        var pieces: [Piece] = []
        /// The memory of pieces that the tree has had: all empty. Fresh memory costs a page fault for each page of it.
        var spares: [[UInt8]] = []
        var bytes = 0
        var durable: UInt64
        var since: Int64?
        var sleeper = Sleeper.awake
        var closing = false
    }

    fileprivate enum Sleeper { case awake, timed, untilRecords }

    private let state: Mutex<State>
    let wakes = Wake()

    /// - Parameters:
    ///   - durable: one past the last durable record.
    ///   - since: when records that are there already began to wait (monotonic microseconds); nil: none does.
    init(durable: UInt64, since: Int64?) { state = Mutex(State(durable: durable, since: since)) }

    /// Records have become durable.
    ///
    /// - Parameter bytes: is empty afterwards, with or without its memory.
    func push(_ bytes: inout [UInt8], segment: UInt64, offset: Int, records: Range<UInt64>, now: Int64) {
        let wake = state.withLock { state -> Bool in
            state.durable = max(state.durable, records.upperBound)
            if state.since == nil { state.since = now }
            let before = state.bytes
            state.take(&bytes, segment: segment, offset: offset, records: records)
            let wakes: Bool
            switch state.sleeper {
            case .awake: wakes = false
            case .timed: wakes = before < TreeMachine.bytes && state.bytes >= TreeMachine.bytes
            case .untilRecords: wakes = true
            }
            if wakes { state.sleeper = .awake }
            return wakes
        }
        if wake { wakes.signal() }
    }

    var waiting: Waiting {
        state.withLock {
            Waiting(since: $0.since, bytes: $0.bytes, durable: $0.durable, closing: $0.closing)
        }
    }

    /// The piece that begins with a record; nil: it must be read from its segment.
    func piece(at seq: UInt64) -> Piece? {
        state.withLock { state in
            guard let at = state.pieces.firstIndex(where: { $0.first == seq }) else { return nil }
            state.pieces[at].isTaken = true
            return state.pieces[at]
        }
    }

    /// The first record behind another one of which the bytes are here.
    func firstPiece(behind seq: UInt64) -> UInt64? {
        state.withLock { $0.pieces.first { $0.first > seq }?.first }
    }

    /// The tree has the records below `end`.
    func consumed(to end: UInt64, now: Int64) {
        state.withLock { state in
            let before = state.pieces.count
            for at in state.pieces.indices where state.pieces[at].end <= end { state.keepMemory(of: at) }
            state.pieces.removeAll { $0.end <= end }
            // No more than this round had: after a burst that is less, while records still come.
            state.spares.removeLast(max(0, state.spares.count - (before - state.pieces.count)))
            state.bytes = state.pieces.reduce(0) { $0 + $1.bytes.count }
            state.since = end < state.durable ? now : nil
        }
    }

    /// The tree's thread is about to sleep. Returns false where it must not: records have come meanwhile, or the end.
    func sleeps(untilRecords: Bool, woken bytes: Int) -> Bool {
        state.withLock { state in
            if state.closing || (untilRecords && state.since != nil) { return false }
            if state.bytes > bytes, state.bytes >= TreeMachine.bytes { return false }
            state.sleeper = untilRecords ? .untilRecords : .timed
            if untilRecords { state.spares = [] }
            return true
        }
    }

    func awoke() { state.withLock { $0.sleeper = .awake } }

    func close() {
        state.withLock { $0.closing = true }
        wakes.signal()
    }
}

extension TreeFeed.State {
    /// A piece that the tree has had leaves its memory for another, unless it is more than a gathered one can have.
    fileprivate mutating func keepMemory(of piece: Int) {
        guard spares.count < TreeFeed.spares, pieces[piece].bytes.capacity <= 2 * TreeFeed.gathered else {
            return
        }
        var memory: [UInt8] = []
        swap(&memory, &pieces[piece].bytes)
        memory.removeAll(keepingCapacity: true)
        spares.append(memory)
    }

    fileprivate mutating func take(
        _ piece: inout [UInt8], segment: UInt64, offset: Int, records: Range<UInt64>
    ) {
        let count = piece.count
        guard count > 0, bytes + count <= TreeFeed.limit else {
            piece.removeAll(keepingCapacity: true)
            return
        }
        bytes += count
        let at = pieces.count - 1
        if count <= TreeFeed.small, at >= 0, !pieces[at].isTaken, pieces[at].segment == segment,
            pieces[at].end == records.lowerBound, pieces[at].offset + pieces[at].bytes.count == offset,
            pieces[at].bytes.count + count <= TreeFeed.gathered
        {
            pieces[at].bytes.append(contentsOf: piece)
            pieces[at].end = records.upperBound
            piece.removeAll(keepingCapacity: true)
            return
        }
        var kept = spares.popLast() ?? []
        if count <= TreeFeed.small {
            kept.append(contentsOf: piece)
            piece.removeAll(keepingCapacity: true)
        } else {
            swap(&kept, &piece)
        }
        pieces.append(
            TreeFeed.Piece(
                segment: segment, offset: offset, first: records.lowerBound, end: records.upperBound,
                bytes: kept))
    }
}
