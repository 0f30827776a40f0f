import SQLText

/// Whether a text that is too long to be read may do what is refused to everybody. It is looked for among its names and
/// keywords, so that data may hold any word; where the text may run what its constants say, in them too.
package enum LongTextScan {
    private static let words = TextWords([
        "domicile", "set_config", "pg_terminate_backend", "pg_cancel_backend", "prepared", "grant", "revoke",
        "alter", "create", "drop", "reassign",
        "role", "user", "group", "owned", "database",
        "do", "function", "procedure", "routine", "execute",
    ])
    private static let alone = 0..<7
    private static let verbs = 7..<11
    private static let objects = 11..<16
    private static let running = 16..<21

    package static func mayDoForbidden(_ sql: Span<UInt8>, conformingStrings: Bool) -> Bool {
        guard QuickScan.needsReading(sql) else { return false }
        let found = words.find(in: sql, conformingStrings: conformingStrings)
        guard found.isWhole, !found.hidesNames else { return true }
        func isAny(_ range: Range<Int>) -> Bool { range.contains { found.isThere[$0] } }
        return isAny(alone) || isAny(verbs) && isAny(objects) || isAny(running)
    }
}
