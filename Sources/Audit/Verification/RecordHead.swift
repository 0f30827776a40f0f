/// Where the parts that every record begins with stand in its line: `{"seq":N,"salt":"…","time":"…","type":"…"`.
package struct RecordHead {
    /// The time's 27 characters.
    package let time: Range<Int>
    private let typeRange: Range<Int>
    /// Behind the type.
    let end: Int

    /// - Returns: nil where the line does not begin so.
    package init?(_ line: [UInt8]) {
        var at = 7
        while at < line.count, (0x30...0x39).contains(line[at]) { at += 1 }
        let time = at + RecordBatch.timeOffset
        self.time = time..<(time + RecordClock.width)
        let type = self.time.upperBound + 10
        guard type < line.count, RecordHead.stands(",\"salt\":\"", in: line, at: at),
            RecordHead.stands("\"type\":\"", in: line, at: type - 8),
            let quote = line[type...].firstIndex(of: 0x22)
        else { return nil }
        typeRange = type..<quote
        end = quote + 1
    }

    package func type(in line: [UInt8]) -> String { String(decoding: line[typeRange], as: UTF8.self) }

    /// Whether the record is about the log itself.
    func isOfLog(in line: [UInt8]) -> Bool { line[typeRange].starts(with: "log.".utf8) }

    /// The session's name with its bytes as they stand, where it stands behind the type.
    package func session(in line: [UInt8]) -> ArraySlice<UInt8>? {
        let key: StaticString = ",\"session\":\""
        guard RecordHead.stands(key, in: line, at: end) else { return nil }
        let start = end + key.utf8CodeUnitCount
        guard let quote = line[start...].firstIndex(of: 0x22) else { return nil }
        return line[start..<quote]
    }

    private static func stands(_ text: StaticString, in line: [UInt8], at: Int) -> Bool {
        guard at >= 0, at + text.utf8CodeUnitCount <= line.count else { return false }
        return text.withUTF8Buffer { line[at..<(at + $0.count)].elementsEqual($0) }
    }

    /// The number behind the first place where a text stands.
    static func number(behind text: [UInt8], in line: [UInt8], from: Int) -> UInt64? {
        guard var at = RecordSearch.offset(of: text, in: line, from: from) else { return nil }
        at += text.count
        let start = at
        var value: UInt64 = 0
        while at < line.count, (0x30...0x39).contains(line[at]), at - start < 19 {
            value = value * 10 + UInt64(line[at] - 0x30)
            at += 1
        }
        return at > start ? value : nil
    }
}
