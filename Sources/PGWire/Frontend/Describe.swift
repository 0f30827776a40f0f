/// Describe (`D`): ask for the parameters and columns of a prepared statement, or the columns of a portal.
package struct Describe: Equatable, Sendable {
    package let subject: StatementOrPortal
    /// Where the name stands in the body, without its NUL.
    package let name: Range<Int>

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Describe {
        var reader = MessageReader()
        let subject = try reader.uint8(body)
        let name = try reader.string(body)
        try reader.finish(body)
        guard let known = StatementOrPortal(rawValue: subject) else { throw .invalidSubtype(subject) }
        return Describe(subject: known, name: name)
    }

    package static func encode(
        _ subject: StatementOrPortal, name: [UInt8], into bytes: inout [UInt8]
    ) throws(MessageError) {
        try MessageWriter.message(FrontendTag.describe.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            bytes.append(subject.rawValue)
            try MessageWriter.append(string: name, to: &bytes)
        }
    }
}
