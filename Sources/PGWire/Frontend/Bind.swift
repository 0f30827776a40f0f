/// Bind (`B`): values for a prepared statement's parameters, giving a portal. The empty names are the unnamed
/// ones.
package struct Bind: Equatable, Sendable {
    /// Where the names stand in the body, without their NULs. PostgreSQL goes by their first 63 bytes.
    package let portal: Range<Int>
    package let statement: Range<Int>
    package let parameterFormats: FormatCodes
    package let parameters: MessageValues
    package let resultFormats: FormatCodes

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Bind {
        var reader = MessageReader()
        let portal = try reader.string(body)
        let statement = try reader.string(body)
        let formats = try FormatCodes(body, &reader)
        let count = Int(try reader.uint16(body))
        guard formats.count <= 1 || formats.count == count else {
            throw .formatCount(formats: formats.count, values: count)
        }
        let parameters = try MessageValues(count, body, &reader)
        let resultFormats = try FormatCodes(body, &reader)
        try reader.finish(body)
        return Bind(
            portal: portal, statement: statement, parameterFormats: formats, parameters: parameters,
            resultFormats: resultFormats)
    }

    /// Where the name of the statement stands in a body of which nothing else is looked at, without its NUL.
    package static func statement(of body: Span<UInt8>) throws(MessageError) -> Range<Int> {
        var reader = MessageReader()
        _ = try reader.string(body)
        return try reader.string(body)
    }

    package static func encode(
        portal: [UInt8], statement: [UInt8], parameterFormats: FormatCodes = .allText,
        parameters: [[UInt8]?] = [],
        resultFormats: FormatCodes = .allText, into bytes: inout [UInt8]
    ) throws(MessageError) {
        try MessageWriter.message(FrontendTag.bind.rawValue, into: &bytes) { (bytes) throws(MessageError) in
            try MessageWriter.append(string: portal, to: &bytes)
            try MessageWriter.append(string: statement, to: &bytes)
            try parameterFormats.append(to: &bytes)
            MessageWriter.append(try MessageWriter.count(parameters.count), to: &bytes)
            for parameter in parameters { try MessageWriter.append(value: parameter, to: &bytes) }
            try resultFormats.append(to: &bytes)
        }
    }
}
