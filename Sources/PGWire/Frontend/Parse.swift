/// Parse (`P`): a statement to prepare under a name; the empty name is the unnamed statement.
package struct Parse: Equatable, Sendable {
    /// Where the name stands in the body, without its NUL. PostgreSQL goes by its first 63 bytes.
    package let name: Range<Int>
    /// Where the text stands in the body, without its NUL.
    package let sql: Range<Int>
    /// The types that are told of the first parameters; 0 leaves one to the server.
    package let parameterTypes: [UInt32]

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Parse {
        var reader = MessageReader()
        let name = try reader.string(body)
        let sql = try reader.string(body)
        let count = Int(try reader.uint16(body))
        var types: [UInt32] = []
        if count > 0 {
            let range = try reader.bytes(count &* 4, body)
            var types32 = MessageReader()
            let list = body.extracting(range)
            types.reserveCapacity(count)
            for _ in 0..<count { types.append(try types32.uint32(list)) }
        }
        try reader.finish(body)
        return Parse(name: name, sql: sql, parameterTypes: types)
    }

    package static func encode(
        name: [UInt8], sql: [UInt8], parameterTypes: [UInt32] = [], into bytes: inout [UInt8]
    ) throws(MessageError) {
        try MessageWriter.message(FrontendTag.parse.rawValue, into: &bytes) { (bytes) throws(MessageError) in
            try MessageWriter.append(string: name, to: &bytes)
            try MessageWriter.append(string: sql, to: &bytes)
            MessageWriter.append(try MessageWriter.count(parameterTypes.count), to: &bytes)
            for type in parameterTypes { MessageWriter.append(type, to: &bytes) }
        }
    }
}
