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
