/// What an operator is told in place of an answer, as an ErrorResponse says it.
package struct ConsoleError: Error, Sendable, Equatable {
    /// The five characters of PostgreSQL's appendix A.
    package var sqlstate: String
    package var message: String
    package var detail: String?
    package var hint: String?
    /// In characters of the statement's text, from 1; nil where it is about no place in it.
    package var position: Int?

    package init(
        _ sqlstate: String, _ message: String, detail: String? = nil, hint: String? = nil,
        position: Int? = nil
    ) {
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail
        self.hint = hint
        self.position = position
    }

    package static func syntax(_ near: String, position: Int? = nil) -> ConsoleError {
        ConsoleError("42601", "syntax error at or near \"\(near)\"", position: position)
    }

    package static let aborted = ConsoleError(
        "25P02", "current transaction is aborted, commands ignored until end of transaction block")

    package static let cancelled = ConsoleError("57014", "canceling statement due to user request")

    package static let outOfTime = ConsoleError(
        "57014", "canceling statement due to statement timeout",
        detail:
            "A statement of the database domicile may compute \(ConsoleLimits.time.components.seconds) s.",
        hint: "Ask for a shorter time (WHERE time >= …) or a range of seq.")

    package static let outOfMemory = ConsoleError(
        "53200", "out of memory",
        detail:
            "All statements of the database domicile together may take \(ConsoleLimits.memory >> 20) MiB.",
        hint: "Sort and group less: ORDER BY seq and ORDER BY time of records need no memory.")

    package static func readOnly(_ what: String) -> ConsoleError {
        ConsoleError(
            "25006", "cannot execute \(what) in the database domicile: it is read-only",
            hint: "Its commands are SELECT, SHOW, KILL, REVOKE and RELOAD.")
    }

    /// A text that should say a time.
    static func noTime(_ text: [UInt8]) -> ConsoleError {
        ConsoleError(
            "22007",
            "invalid input syntax for type timestamp with time zone: \"\(String(decoding: text.prefix(64), as: UTF8.self))\"",
            hint: "Give a time as 2026-11-27 15:58:05+00, its beginning as 2026-11-27T15, today or yesterday."
        )
    }

    package static func unsupported(_ what: String) -> ConsoleError {
        ConsoleError("0A000", "\(what) is not supported in the database domicile")
    }

    package static let statementTooLong = ConsoleError(
        "54000", "statement too long", detail: "The limit is \(ConsoleLimits.statement) bytes.")
}
