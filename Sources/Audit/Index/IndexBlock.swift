import Audit
import Glibc

/// Records that follow each other in one segment, and are read at once.
struct IndexBlock: Sendable, Equatable {
    var id: Int
    /// The number of the first one.
    var seq: UInt64
    var records: Int
    var segment: UInt64
    var offset: Int
    var bytes: Int
    /// Microseconds since 1970; of records without a time, the least and the greatest there are.
    var firstTime: Int64
    var lastTime: Int64
    var sum: UInt64

    init?(_ row: SQLiteStatement) {
        guard let id = Int(exactly: row.integer(0)), let seq = UInt64(exactly: row.integer(1)),
            let records = Int(exactly: row.integer(2)), let segment = UInt64(exactly: row.integer(3)),
            let offset = Int(exactly: row.integer(4)), let bytes = Int(exactly: row.integer(5)), id >= 0,
            records > 0, records <= IndexLimits.blockRecords, offset >= 0, bytes > 0,
            bytes <= IndexLimits.longestBlock, offset < Int.max - bytes
        else { return nil }
        (self.id, self.seq, self.records, self.segment) = (id, seq, records, segment)
        (self.offset, self.bytes) = (offset, bytes)
        (firstTime, lastTime) = (row.integer(6), row.integer(7))
        sum = UInt64(bitPattern: row.integer(8))
    }

    /// Its columns.
    var row: [Int64] {
        [
            Int64(id), Int64(clamping: seq), Int64(records), Int64(clamping: segment), Int64(offset),
            Int64(bytes), firstTime, lastTime, Int64(bitPattern: sum),
        ]
    }

    /// - Parameter lines: of one segment, at least one.
    init?(id: Int, lines: [RecordLine], segment: UInt64) {
        guard let first = lines.first, let last = lines.last, Int64(exactly: last.expected) != nil,
            Int64(exactly: segment) != nil
        else { return nil }
        self.id = id
        seq = first.expected
        records = lines.count
        self.segment = segment
        offset = first.offset
        bytes = last.offset + last.bytes.count + 1 - first.offset
        (firstTime, lastTime) = (.min, .max)
        var text: [UInt8] = []
        text.reserveCapacity(bytes)
        for line in lines {
            text.append(contentsOf: line.bytes)
            text.append(0x0a)
        }
        sum = ByteSum.of(text[...])
        guard text.count == bytes, bytes <= IndexLimits.longestBlock else { return nil }
    }

    /// Its records as they stand in the log, with their newlines; nil: something else stands there, or nothing.
    ///
    /// - Parameter text: takes them; what was in it before is gone.
    func read(from log: String, into text: inout [UInt8]) -> Bool {
        let file = open(log + "/segments/" + SegmentName.text(segment), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        if text.count > bytes {
            text.removeLast(text.count - bytes)
        } else if text.count < bytes {
            text.append(contentsOf: repeatElement(0, count: bytes - text.count))
        }
        var count = 0
        while count < bytes {
            // SAFETY: what is read goes between `count` and the end of the buffer, which lives for the call.
            let read = text.withUnsafeMutableBytes { buffer in
                pread(file, buffer.baseAddress.map { $0 + count }, bytes - count, off_t(offset + count))
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { return false }
            count += read
        }
        return text.last == 0x0a && ByteSum.of(text[...]) == sum
    }

    /// Gives each of its lines, of a text that was read.
    ///
    /// - Parameter wanted: whether a line is looked at at all; by its bytes.
    func forEachLine(
        of text: [UInt8], in log: String, where wanted: (ArraySlice<UInt8>) -> Bool = { _ in true },
        _ body: (RecordLine) throws -> Void
    ) rethrows {
        let path = log + "/segments/" + SegmentName.text(segment)
        var expected = seq
        var at = 0
        while at < text.count, let end = IndexBlock.newline(text, from: at) {
            let line = text[at..<end]
            let number = RecordLine.seq(of: line)
            if number == nil || wanted(line) {
                try body(
                    RecordLine(
                        expected: expected, seq: number, bytes: Array(line), path: path, offset: offset + at))
            }
            expected = (number.map { max($0, expected) } ?? expected) &+ 1
            at = end + 1
        }
    }

    private static func newline(_ text: [UInt8], from start: Int) -> Int? {
        // SAFETY: the pointer is used only inside the closure, for the bytes from `start` to the end.
        text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            return memchr(base + start, 0x0a, bytes.count - start).map { UnsafeRawPointer($0) - base }
        }
    }
}
