import Gateway

/// An error as an executor would see it.
package struct ExecutorError: Codable, Sendable, Hashable {
    package var sqlstate: String
    package var message: String
    package var detail: String
    package var hint: String

    package init(_ refusal: Refusal) {
        sqlstate = refusal.sqlstate
        message = refusal.message
        detail = refusal.detail
        hint = refusal.hint
    }

    /// As text: three lines, the first behind `title`.
    package func lines(_ title: String = "decision") -> [String] {
        let margin = String(repeating: " ", count: 10)
        return [
            (title + margin).prefix(10) + "refused: \(sqlstate) \(message)", margin + detail, margin + hint,
        ]
    }
}
