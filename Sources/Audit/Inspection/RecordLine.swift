/// One line of a segment as it stands there.
package struct RecordLine: Sendable, Equatable {
    /// The number that must stand here.
    package let expected: UInt64
    /// The number that the line begins with; nil where it is no record.
    package let seq: UInt64?
    /// The line without its newline: the very bytes that were written.
    package let bytes: [UInt8]
    /// Where it stands: the segment's path, and the offset in it.
    package let path: String
    package let offset: Int

    package init(expected: UInt64, seq: UInt64?, bytes: [UInt8], path: String, offset: Int) {
        self.expected = expected
        self.seq = seq
        self.bytes = bytes
        self.path = path
        self.offset = offset
    }

    /// Whether it is the record that must stand here.
    package var isInSequence: Bool { seq == expected }

    /// The number at the beginning of a line, read from `{"seq":N,`.
    package static func seq(of line: ArraySlice<UInt8>) -> UInt64? {
        let head: StaticString = "{\"seq\":"
        guard line.count > 8, line.last == 0x7d, head.withUTF8Buffer({ line.starts(with: $0) }) else {
            return nil
        }
        var value: UInt64 = 0
        var at = line.startIndex + 7
        while at < line.endIndex, line[at] >= 0x30, line[at] <= 0x39 {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(line[at] - 0x30))
            if overflow || carry { return nil }
            value = sum
            at += 1
        }
        guard at > line.startIndex + 7, at < line.endIndex, line[at] == 0x2c else { return nil }
        return value < .max ? value : nil
    }
}
