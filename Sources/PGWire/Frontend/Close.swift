/// Close (`C`): forget a prepared statement or a portal; it is no error if there is none.
package struct Close: Equatable, Sendable {
    package let subject: StatementOrPortal
    /// Where the name stands in the body, without its NUL.
    package let name: Range<Int>

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Close {
        var reader = MessageReader()
        let subject = try reader.uint8(body)
        let name = try reader.string(body)
        try reader.finish(body)
        guard let known = StatementOrPortal(rawValue: subject) else { throw .invalidSubtype(subject) }
        return Close(subject: known, name: name)
    }

    package static func encode(
        _ subject: StatementOrPortal, name: [UInt8], into bytes: inout [UInt8]
    ) throws(MessageError) {
        try MessageWriter.message(FrontendTag.close.rawValue, into: &bytes) { (bytes) throws(MessageError) in
            bytes.append(subject.rawValue)
            try MessageWriter.append(string: name, to: &bytes)
        }
    }
}
