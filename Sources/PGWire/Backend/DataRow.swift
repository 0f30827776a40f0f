/// DataRow (`D`): one row.
package struct DataRow: Equatable, Sendable {
    /// Where each value stands in the body; nil is NULL.
    package let values: [Range<Int>?]

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> DataRow {
        var reader = MessageReader()
        let count = Int(try reader.uint16(body))
        let values = try reader.values(count, body)
        try reader.finish(body)
        return DataRow(values: values)
    }

    package static func encode(values: [[UInt8]?], into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.dataRow.rawValue, into: &bytes) { (bytes) throws(MessageError) in
            MessageWriter.append(try MessageWriter.count(values.count), to: &bytes)
            for value in values { try MessageWriter.append(value: value, to: &bytes) }
        }
    }
}

extension MessageReader {
    /// `count` values, each behind its length. Memory is taken for those that can be there, four bytes each.
    mutating func values(_ count: Int, _ body: Span<UInt8>) throws(MessageError) -> [Range<Int>?] {
        guard count > 0 else { return [] }
        try checkRoom(forValues: count, body)
        var values: [Range<Int>?] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try value(body)) }
        return values
    }
}
