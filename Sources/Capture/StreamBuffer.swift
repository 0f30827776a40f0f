/// What has come of one direction and is not decoded yet: bytes up to the next place where some are missing, and what
/// lies behind that place. Remembers with which packet each byte was there.
struct StreamBuffer {
    /// What stands where the bytes end.
    enum Head: Equatable {
        case nothing
        case lost(Int, packet: Int)
        case end(packet: Int)
    }

    private enum Part {
        case bytes([UInt8], packet: Int)
        case head(Head)
    }

    /// Up to which of all bytes so far which packet brought them.
    private struct Mark {
        var end: Int
        var packet: Int
    }

    private var bytes: [UInt8] = []
    private var start = 0
    private var marks: [Mark] = []
    private var firstMark = 0
    private var taken = 0
    private var queue: [Part] = []
    private var firstPart = 0
    /// What is done with is given back when it is so much, and half of all: each byte moves once on average.
    private static let compaction = 1 << 12

    var count: Int { bytes.count &- start }

    var head: Head {
        guard firstPart < queue.count, case .head(let head) = queue[firstPart] else { return .nothing }
        return head
    }

    mutating func append(_ content: [UInt8], packet: Int) {
        guard !content.isEmpty else { return }
        guard firstPart == queue.count else { return queue.append(.bytes(content, packet: packet)) }
        add(content, packet: packet)
    }

    mutating func append(_ head: Head) {
        queue.append(.head(head))
    }

    private mutating func add(_ content: [UInt8], packet: Int) {
        bytes.append(contentsOf: content)
        let end = taken &+ count
        if marks.count > firstMark, marks[marks.count &- 1].packet == packet {
            marks[marks.count &- 1].end = end
        } else {
            marks.append(Mark(end: end, packet: packet))
        }
    }

    /// Takes away what stands where the bytes end, and brings up what lies behind it.
    mutating func passHead() {
        guard firstPart < queue.count, case .head = queue[firstPart] else { return }
        firstPart &+= 1
        while firstPart < queue.count, case .bytes(let content, let packet) = queue[firstPart] {
            add(content, packet: packet)
            firstPart &+= 1
        }
        if Self.isWorthCompacting(firstPart, of: queue.count) {
            queue.removeFirst(firstPart)
            firstPart = 0
        }
    }

    func with<R, E: Error>(_ read: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try read(bytes.span.extracting(start..<bytes.count))
    }

    /// The packet that brought the byte at `offset`, which must be there.
    func packet(at offset: Int) -> Int {
        let position = taken &+ offset
        var low = firstMark
        var high = marks.count
        while low < high {
            let middle = (low &+ high) / 2
            if marks[middle].end > position { high = middle } else { low = middle &+ 1 }
        }
        return low < marks.count ? marks[low].packet : marks.last?.packet ?? 0
    }

    /// Takes `count` bytes, which must be there.
    mutating func take(_ count: Int) -> [UInt8] {
        let content = Array(bytes[start..<start &+ count])
        pass(count)
        return content
    }

    /// Passes over `count` bytes, which must be there.
    mutating func pass(_ count: Int) {
        start &+= count
        taken &+= count
        // The last one stays, for what asks after the end.
        while firstMark &+ 1 < marks.count, marks[firstMark].end <= taken { firstMark &+= 1 }
        if Self.isWorthCompacting(firstMark, of: marks.count) {
            marks.removeFirst(firstMark)
            firstMark = 0
        }
        if Self.isWorthCompacting(start, of: bytes.count) {
            bytes.removeFirst(start)
            start = 0
        }
    }

    private static func isWorthCompacting(_ done: Int, of count: Int) -> Bool {
        done == count || done >= compaction && done >= count / 2
    }
}
