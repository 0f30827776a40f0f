/// What the three COPY responses say of the data that follows.
package struct CopyFormats: Equatable, Sendable {
    /// Whether the data is binary; else it is text, a line a row.
    package let isBinary: Bool
    /// A code for each column: 0 text, 1 binary.
    package let columns: [Int16]

    package init(isBinary: Bool, columns: [Int16]) {
        self.isBinary = isBinary
        self.columns = columns
    }

    static func decode(_ body: Span<UInt8>) throws(MessageError) -> CopyFormats {
        var reader = MessageReader()
        let format = try reader.uint8(body)
        let count = Int(try reader.uint16(body))
        let list = body.extracting(try reader.bytes(count &* 2, body))
        try reader.finish(body)
        guard format <= 1 else { throw .invalidCode(Int(format)) }
        var listReader = MessageReader()
        var columns: [Int16] = []
        columns.reserveCapacity(count)
        for _ in 0..<count { columns.append(try listReader.int16(list)) }
        return CopyFormats(isBinary: format == 1, columns: columns)
    }

    func encode(as tag: BackendTag, into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(tag.rawValue, into: &bytes) { (bytes) throws(MessageError) in
            bytes.append(isBinary ? 1 : 0)
            MessageWriter.append(try MessageWriter.count(columns.count), to: &bytes)
            for column in columns { MessageWriter.append(column, to: &bytes) }
        }
    }
}
