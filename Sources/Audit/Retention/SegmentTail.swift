/// The last record of a segment, found from its end.
enum SegmentTail {
    private static let piece = 1 << 16

    /// - Returns: the line, with its number; nil where the segment holds none.
    static func last(of path: String) throws(AuditError) -> (seq: UInt64, line: [UInt8])? {
        let file = try ReadFile(path: path)
        let size = try file.size()
        // Backwards, in growing pieces, until a whole line with a number is found.
        var piece = SegmentTail.piece
        while true {
            let from = max(0, size - piece)
            var lines = LineReader(descriptor: file.descriptor, path: path, offset: from)
            var found: (UInt64, [UInt8])?
            while let line = try lines.next() {
                if let seq = RecordLine.seq(of: line) { found = (seq, Array(line)) }
            }
            if found != nil || from == 0 { return found }
            piece *= 4
        }
    }

    /// The time of the segment's newest record (microseconds since 1970); nil where it has none.
    static func newest(of path: String) throws(AuditError) -> Int64? {
        guard let (_, line) = try last(of: path), let head = RecordHead(line) else { return nil }
        return RecordClock.parse(String(decoding: line[head.time], as: UTF8.self))
    }
}
