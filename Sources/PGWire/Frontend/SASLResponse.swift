/// SASLResponse (`p`): a further message of the mechanism, which is the whole body.
package struct SASLResponse: Equatable, Sendable {
    package let response: Range<Int>

    package static func decode(_ body: Span<UInt8>) -> SASLResponse {
        SASLResponse(response: 0..<body.count)
    }

    package static func encode(response: [UInt8], into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(FrontendTag.password.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            bytes.append(contentsOf: response)
        }
    }
}
