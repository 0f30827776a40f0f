/// One direction of a TCP connection: segments in, in whatever order they came; pieces of the stream out, in the
/// stream's order. What was never captured is a piece too: how many bytes are missing is known, what they were is not.
struct StreamReassembly {
    /// A part of the stream.
    struct Piece: Equatable {
        enum Content: Equatable {
            /// Where the bytes stand in the file.
            case bytes(Range<Int>)
            case lost(Int)
            /// The sender has sent all it had.
            case end
        }
        let content: Content
        /// The packet with which this part, and all before it, was there.
        let packet: Int
    }

    private struct Segment {
        /// Where in the stream it begins.
        var start: Int
        var data: Range<Int>
        var packet: Int

        var end: Int { start &+ data.count }
    }

    private(set) var pieces: [Piece] = []
    /// The sequence number of the stream's first byte.
    private let first: UInt32
    /// Bytes of the stream that are in `pieces`.
    private var position = 0
    /// In the order of their starts; they may overlap.
    private var waiting: [Segment] = []
    /// Where the stream ends, if a FIN said so, and in which packet.
    private var finish: (position: Int, packet: Int)?
    /// The furthest byte that a packet told of, captured or not, and the first packet that told of it.
    private var furthest = (position: 0, packet: 0)
    private var latest = 0
    private(set) var isEnded = false

    init(first: UInt32) {
        self.first = first
    }

    /// How much of the stream was told of: a stream of 0 bytes has a SYN alone.
    var isEmpty: Bool { furthest.position == 0 && finish == nil }

    enum Outcome: Equatable { case taken, beyondWindow }

    mutating func received(_ segment: TCPSegment, packet: Int) -> Outcome {
        guard !isEnded else { return .taken }
        // A SYN takes the number before the first byte.
        let sequence = segment.flags.contains(.syn) ? segment.sequence &+ 1 : segment.sequence
        // Where it lies in the stream: as near to what is expected as 32 bits can say.
        let expected = first &+ UInt32(truncatingIfNeeded: position)
        let distance = Int(Int32(bitPattern: sequence &- expected))
        guard abs(distance) <= CaptureLimits.window else { return .beyondWindow }
        let start = position &+ distance
        let end = start &+ segment.dataLength
        if end > furthest.position { furthest = (end, packet) }
        if segment.flags.contains(.fin), finish == nil { finish = (end, packet) }
        if !segment.data.isEmpty, start &+ segment.data.count > position {
            insert(Segment(start: start, data: segment.data, packet: packet))
        }
        deliver()
        if waiting.count > CaptureLimits.waitingSegments { passGap() }
        return .taken
    }

    /// Nothing more was captured: what is missing is lost.
    mutating func captureEnded() {
        while !waiting.isEmpty { passGap() }
        let end = max(furthest.position, finish?.position ?? 0)
        if end > position {
            lose(end &- position, packet: furthest.packet)
            deliver()
        }
    }

    /// Behind those that begin at the same place: the first captured is taken.
    private mutating func insert(_ segment: Segment) {
        var low = 0
        var high = waiting.count
        while low < high {
            let middle = (low &+ high) / 2
            if waiting[middle].start <= segment.start { low = middle &+ 1 } else { high = middle }
        }
        waiting.insert(segment, at: low)
    }

    /// Moves what follows without a gap into the pieces.
    private mutating func deliver() {
        var count = 0
        while count < waiting.count, waiting[count].start <= position {
            let segment = waiting[count]
            count &+= 1
            guard segment.end > position else { continue }
            let known = position &- segment.start
            latest = max(latest, segment.packet)
            pieces.append(
                Piece(
                    content: .bytes(segment.data.lowerBound &+ known..<segment.data.upperBound),
                    packet: latest))
            position = segment.end
        }
        waiting.removeFirst(count)
        if let finish, finish.position <= position, !isEnded {
            latest = max(latest, finish.packet)
            pieces.append(Piece(content: .end, packet: latest))
            isEnded = true
            waiting = []
        }
    }

    private mutating func passGap() {
        guard let next = waiting.first else { return }
        if next.start > position { lose(next.start &- position, packet: next.packet) }
        deliver()
    }

    private mutating func lose(_ count: Int, packet: Int) {
        latest = max(latest, packet)
        pieces.append(Piece(content: .lost(count), packet: latest))
        position &+= count
    }
}
