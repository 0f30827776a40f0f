import SQLText

/// Whether a text could do what is refused to everybody: none of that can be written without one of these words. A
/// session that nothing else is forbidden to pays for no parse of the others.
package enum QuickScan {
    private static let words: [[UInt8]] = [
        "domicile", "set_config", "pg_terminate_backend", "pg_cancel_backend", "prepare",
        "alter",
        "drop", "reassign", "u&", "grant", "revoke", "create",
    ].map { Array($0.utf8) }

    /// With any of the second words, one of the first can do to roles and databases what nobody may.
    private static let verbs: [[UInt8]] = ["alter", "drop", "reassign"].map { Array($0.utf8) }
    private static let objects: [[UInt8]] = ["role", "user", "group", "owned", "database"].map {
        Array($0.utf8)
    }
    private static let forbidden: [[UInt8]] = [
        "domicile", "set_config", "pg_terminate_backend", "pg_cancel_backend", "prepared", "u&",
    ].map { Array($0.utf8) }

    private static let firsts: [Bool] = {
        var firsts = [Bool](repeating: false, count: 256)
        for word in words {
            firsts[Int(word[0])] = true
            firsts[Int(word[0] & ~0x20)] = true
        }
        return firsts
    }()

    package static func needsReading(_ sql: Span<UInt8>) -> Bool {
        for start in 0..<sql.count where firsts[Int(sql[start])] {
            if words.contains(where: { matches($0, sql, at: start) }) { return true }
        }
        return false
    }

    /// Whether a text that the grammar does not take may do what is refused to everybody: a server with a newer grammar
    /// would do it.
    package static func mayDoForbidden(_ sql: Span<UInt8>) -> Bool {
        guard needsReading(sql) else { return false }
        return holds(forbidden, sql) || holds(verbs, sql) && holds(objects, sql)
    }

    private static func holds(_ words: [[UInt8]], _ sql: Span<UInt8>) -> Bool {
        for start in 0..<sql.count where words.contains(where: { matches($0, sql, at: start) }) {
            return true
        }
        return false
    }

    /// Whether such a session's text is read: for what it could do, or for a run of operators that a server takes long
    /// for.
    package static func isRead(_ sql: Span<UInt8>) -> Bool {
        needsReading(sql) || SQLText.hasLongOperatorRun(sql)
    }

    private static func matches(_ word: [UInt8], _ sql: Span<UInt8>, at start: Int) -> Bool {
        guard sql.count - start >= word.count else { return false }
        for index in 0..<word.count {
            let byte = sql[start + index]
            let folded = (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
            if folded != word[index] { return false }
        }
        return true
    }
}
