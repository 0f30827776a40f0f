/// FunctionCall (`F`): runs a function by its OID, past all SQL text.
package struct FunctionCall: Equatable, Sendable {
    package let function: UInt32
    package let argumentFormats: FormatCodes
    package let arguments: MessageValues
    package let resultFormat: Int16

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> FunctionCall {
        var reader = MessageReader()
        let function = try reader.uint32(body)
        let formats = try FormatCodes(body, &reader)
        let count = Int(try reader.uint16(body))
        guard formats.count <= 1 || formats.count == count else {
            throw .formatCount(formats: formats.count, values: count)
        }
        let arguments = try MessageValues(count, body, &reader)
        let resultFormat = try reader.int16(body)
        try reader.finish(body)
        return FunctionCall(
            function: function, argumentFormats: formats, arguments: arguments, resultFormat: resultFormat)
    }

    package static func encode(
        function: UInt32, argumentFormats: FormatCodes = .allText, arguments: [[UInt8]?] = [],
        resultFormat: Int16 = 0, into bytes: inout [UInt8]
    ) throws(MessageError) {
        try MessageWriter.message(FrontendTag.functionCall.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            MessageWriter.append(function, to: &bytes)
            try argumentFormats.append(to: &bytes)
            MessageWriter.append(try MessageWriter.count(arguments.count), to: &bytes)
            for argument in arguments { try MessageWriter.append(value: argument, to: &bytes) }
            MessageWriter.append(resultFormat, to: &bytes)
        }
    }
}
