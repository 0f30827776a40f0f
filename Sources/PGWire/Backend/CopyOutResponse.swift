/// CopyOutResponse (`H`): a COPY begins, CopyData comes from the replica.
package struct CopyOutResponse: Equatable, Sendable {
    package let formats: CopyFormats

    package init(formats: CopyFormats) {
        self.formats = formats
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> CopyOutResponse {
        CopyOutResponse(formats: try CopyFormats.decode(body))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try formats.encode(as: .copyOutResponse, into: &bytes)
    }
}
