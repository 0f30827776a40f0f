import PGWire

/// The severity and SQLSTATE of an ErrorResponse, read from its first bytes: they stand before everything that can be
/// long, and the rest may not have come yet.
package struct ErrorPeek {
    /// The session is over: FATAL or PANIC.
    package let isFatal: Bool
    package let sqlstate: String?

    package init(_ body: Span<UInt8>) {
        func text(_ code: DiagnosticFields.Code) -> String? {
            guard let range = try? DiagnosticFields.value(of: code, in: body) else { return nil }
            return String(decoding: body.bytes(in: range), as: UTF8.self)
        }
        let severity = text(.severity)
        isFatal = severity == "FATAL" || severity == "PANIC"
        sqlstate = text(.sqlstate)
    }
}
