extension PasswordRedaction {
    /// A parameter's value without passwords, read as a constant is; nil where it has none.
    package static func redact(value: Span<UInt8>) -> EditedText? {
        guard SQLText.endOfMention(value) != nil else { return nil }
        let edits = valueEdits(value, true, depth: 0)
        return edits.isEmpty ? nil : EditedText(value, edits)
    }

    /// Whether a statement has a parameter where a password stands, or is about roles and speaks of one: its parameters are not kept.
    ///
    /// The server takes none of that, but a client that sends Parse and Bind together has sent the value by then.
    package static func takesPassword(_ sql: Span<UInt8>) -> Bool {
        guard sql.count <= SQLText.lexedBytes, SQLText.mentionOfPassword(sql) != nil,
            SQLText.isQuicklyLexed(sql)
        else {
            return false
        }
        let list = SQLTokenList(sql, conformingStrings: true, values: .ofPasswords)
        var isBehind = false
        var words: [String] = []
        var speaksOfPassword = false
        for token in list.tokens where token.kind != .comment {
            if token.kind == .parameter, isBehind { return true }
            isBehind = isPasswordWord(token, sql)
            speaksOfPassword = speaksOfPassword || isBehind
            if words.count < 2 {
                words.append(String(decoding: folded(sql, token.range.prefix(8)), as: UTF8.self))
            }
        }
        return speaksOfPassword && words.count == 2 && ["create", "alter"].contains(words[0])
            && ["role", "user", "group"].contains(words[1])
    }
}
