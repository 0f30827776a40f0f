/// NoticeResponse (`N`): something to know; answers nothing and may come at any time.
package struct NoticeResponse: Equatable, Sendable {
    package let fields: DiagnosticFields

    package init(fields: DiagnosticFields) {
        self.fields = fields
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> NoticeResponse {
        NoticeResponse(fields: try DiagnosticFields.decode(body))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try fields.encode(as: .noticeResponse, into: &bytes)
    }
}
