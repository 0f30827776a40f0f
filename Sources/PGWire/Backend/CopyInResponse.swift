/// CopyInResponse (`G`): a COPY begins, the replica waits for the executor's CopyData.
package struct CopyInResponse: Equatable, Sendable {
    package let formats: CopyFormats

    package init(formats: CopyFormats) {
        self.formats = formats
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> CopyInResponse {
        CopyInResponse(formats: try CopyFormats.decode(body))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try formats.encode(as: .copyInResponse, into: &bytes)
    }
}
