/// ErrorResponse (`E`): a statement, a message or the session failed.
package struct ErrorResponse: Equatable, Sendable {
    package let fields: DiagnosticFields

    package init(fields: DiagnosticFields) {
        self.fields = fields
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> ErrorResponse {
        ErrorResponse(fields: try DiagnosticFields.decode(body))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try fields.encode(as: .errorResponse, into: &bytes)
    }
}
