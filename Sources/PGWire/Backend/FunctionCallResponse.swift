/// FunctionCallResponse (`V`): what a function called by FunctionCall returned.
package struct FunctionCallResponse: Equatable, Sendable {
    /// Where the value stands in the body; nil is NULL.
    package let value: Range<Int>?

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> FunctionCallResponse {
        var reader = MessageReader()
        let value = try reader.value(body)
        try reader.finish(body)
        return FunctionCallResponse(value: value)
    }

    package static func encode(value: [UInt8]?, into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.functionCallResponse.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            try MessageWriter.append(value: value, to: &bytes)
        }
    }
}
