/// Query (`Q`): the simple protocol's statement or statements. All in one string, run until one fails.
package struct Query: Equatable, Sendable {
    /// Where the text stands in the body, without its NUL.
    package let sql: Range<Int>

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Query {
        var reader = MessageReader()
        let sql = try reader.string(body)
        try reader.finish(body)
        return Query(sql: sql)
    }

    package static func encode(sql: [UInt8], into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(FrontendTag.query.rawValue, into: &bytes) { (bytes) throws(MessageError) in
            try MessageWriter.append(string: sql, to: &bytes)
        }
    }
}
