/// SASLInitialResponse (`p`): the mechanism chosen, and its first message.
package struct SASLInitialResponse: Equatable, Sendable {
    /// Where the mechanism's name stands in the body, without its NUL.
    package let mechanism: Range<Int>
    /// Where the first message stands in the body; nil if there is none.
    package let response: Range<Int>?

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> SASLInitialResponse {
        var reader = MessageReader()
        let mechanism = try reader.string(body)
        let response = try reader.value(body)
        try reader.finish(body)
        return SASLInitialResponse(mechanism: mechanism, response: response)
    }

    package static func encode(
        mechanism: [UInt8], response: [UInt8]?, into bytes: inout [UInt8]
    ) throws(MessageError) {
        try MessageWriter.message(FrontendTag.password.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            try MessageWriter.append(string: mechanism, to: &bytes)
            try MessageWriter.append(value: response, to: &bytes)
        }
    }
}
