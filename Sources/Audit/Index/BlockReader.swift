import Audit

/// Cuts a log into the index's blocks: whole ones only. What comes behind the last is read by each search itself.
struct BlockReader {
    struct Piece {
        let lines: [RecordLine]
        let segment: UInt64
        /// Behind it.
        let end: LogPlace
    }

    private let reader: AuditReader
    /// Read, and of the next block.
    private var ahead: (line: RecordLine, position: UInt64)?
    private var path = ""
    private var segment: UInt64 = 0

    init(log: String, from place: LogPlace) throws(AuditError) {
        reader = try AuditReader(folder: log, at: place)
    }

    /// The next block; nil: there is no whole one.
    mutating func next() throws(AuditError) -> Piece? {
        var lines: [RecordLine] = []
        lines.reserveCapacity(IndexLimits.blockRecords)
        var bytes = 0
        var position: UInt64 = 0
        while true {
            var read = ahead
            ahead = nil
            if read == nil, let line = try reader.next() { read = (line, reader.position) }
            guard let (line, after) = read else { return nil }
            if let first = lines.first, line.path != first.path {
                // The writer ended that segment before it began this one.
                ahead = (line, after)
                return piece(lines, position)
            }
            lines.append(line)
            position = after
            bytes += line.bytes.count + 1
            if lines.count == IndexLimits.blockRecords || bytes >= IndexLimits.blockBytes {
                return piece(lines, position)
            }
        }
    }

    private mutating func piece(_ lines: [RecordLine], _ position: UInt64) -> Piece? {
        guard let last = lines.last else { return nil }
        if last.path != path {
            path = last.path
            guard let name = path.split(separator: "/").last, let first = SegmentName.first(of: String(name))
            else { return nil }
            segment = first
        }
        return Piece(
            lines: lines, segment: segment,
            end: LogPlace(
                position: position, segment: segment, offset: last.offset + last.bytes.count + 1))
    }
}
