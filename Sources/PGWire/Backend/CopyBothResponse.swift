/// CopyBothResponse (`W`): a COPY begins, CopyData goes both ways, for replication.
package struct CopyBothResponse: Equatable, Sendable {
    package let formats: CopyFormats

    package init(formats: CopyFormats) {
        self.formats = formats
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> CopyBothResponse {
        CopyBothResponse(formats: try CopyFormats.decode(body))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try formats.encode(as: .copyBothResponse, into: &bytes)
    }
}
