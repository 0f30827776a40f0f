import SQLText

/// Whether a text could do what is refused to everybody: none of that can be written without one of these words. A
/// session that nothing else is forbidden to pays for no parse of the others.
package enum QuickScan {
    private static let words = WordSearch([
        "domicile", "set_config", "pg_terminate_backend", "pg_cancel_backend", "prepare", "alter", "drop",
        "reassign", "u&", "grant", "revoke", "create",
    ])

    /// With any of the second words, one of the first can do to roles and databases what nobody may.
    private static let verbs = WordSearch(["alter", "drop", "reassign"])
    private static let objects = WordSearch(["role", "user", "group", "owned", "database"])
    private static let forbidden = WordSearch([
        "domicile", "set_config", "pg_terminate_backend", "pg_cancel_backend", "prepared", "u&", "grant",
        "revoke",
    ])

    package static func needsReading(_ sql: Span<UInt8>) -> Bool { words.isIn(sql) }

    /// Whether a text that the grammar does not take may do what is refused to everybody: a server with a newer grammar
    /// would do it.
    package static func mayDoForbidden(_ sql: Span<UInt8>) -> Bool {
        guard needsReading(sql) else { return false }
        return forbidden.isIn(sql) || verbs.isIn(sql) && objects.isIn(sql)
    }

    /// Whether such a session's text is read: for what it could do, or for a run of operators that a server takes long
    /// for.
    package static func isRead(_ sql: Span<UInt8>) -> Bool {
        needsReading(sql) || SQLText.hasLongOperatorRun(sql)
    }
}
