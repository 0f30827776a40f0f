/// A text without its constants, as `capture.literals: hash` and `drop` record it.
package struct MaskedText: Sendable {
    /// A constant that gave way to `$n`.
    package struct Literal: Sendable, Equatable {
        /// What it stands for; empty for a password.
        package var value: [UInt8]
        /// A password of a role statement: of it nothing is kept in any way.
        package var isPassword: Bool
    }

    package var bytes: [UInt8]
    package var literals: [Literal]
    /// Passwords that were left out.
    package var redacted: Int
}

/// Takes all constants out of a text: strings of every kind, numbers and bit strings become parameters numbered from
/// behind the highest of the text, as pg_stat_statements does it, and comments lose what is in them. Found by
/// PostgreSQL's own lexer.
package enum LiteralMasking {
    /// - Parameter isSafeEncoding: no byte of a character beyond ASCII looks like an ASCII one.
    /// - Returns: nil where it cannot be told for sure what is a constant: the lexer does not take the text, or takes it
    ///   in two ways, or may not be asked (`SQLText.lexedBytes`, `SQLText.operatorRunLimit`).
    package static func mask(
        _ sql: Span<UInt8>, strings: SQLText.Strings, isSafeEncoding: Bool
    ) -> MaskedText? {
        guard isSafeEncoding, SQLText.isQuicklyLexed(sql) else { return nil }
        let list = SQLTokenList(sql, conformingStrings: strings != .escaping, values: .all)
        guard list.isWhole else { return nil }
        if strings == .either {
            let other = SQLTokenList(sql, conformingStrings: false, values: .all)
            guard other.isWhole, other.tokens == list.tokens else { return nil }
        }
        let passwords =
            SQLText.endOfMention(sql) == nil ? [] : PasswordRedaction.edits(sql, strings)
        var masker = Masker(tokens: list.tokens, passwords: passwords)
        return masker.mask(sql)
    }

    private struct Masker {
        let tokens: [SQLToken]
        let passwords: [TextEdit]
        private var edits: [TextEdit] = []
        private var literals: [MaskedText.Literal] = []
        private var number: Int
        private var nextPassword = 0

        init(tokens: [SQLToken], passwords: [TextEdit]) {
            self.tokens = tokens
            self.passwords = passwords
            number = tokens.reduce(0) { max($0, $1.number) }
        }

        mutating func mask(_ sql: Span<UInt8>) -> MaskedText {
            var index = 0
            while index < tokens.count {
                let token = tokens[index]
                switch token.kind {
                case .string, .bits, .number: replace(token, token.range, sql)
                case .unicodeString:
                    let escape = escapeClause(behind: index, sql)
                    replace(token, token.range.lowerBound..<(escape ?? token).range.upperBound, sql)
                    while let escape, index + 1 < tokens.count,
                        tokens[index + 1].range.upperBound <= escape.range.upperBound
                    {
                        index += 1
                    }
                case .comment:
                    let isBlock = sql[token.range.lowerBound] == 0x2f
                    edits.append(
                        TextEdit(range: token.range, replacement: Array((isBlock ? "/**/" : "--").utf8)))
                case .name, .unicodeName, .parameter, .other: maskUnquoted(token)
                }
                index += 1
            }
            let text = EditedText(sql, edits)
            return MaskedText(bytes: text.bytes, literals: literals, redacted: passwords.count)
        }

        /// To be asked for tokens in their order.
        private mutating func isPassword(_ token: SQLToken) -> Bool {
            while nextPassword < passwords.count,
                passwords[nextPassword].range.upperBound <= token.range.lowerBound
            {
                nextPassword += 1
            }
            return nextPassword < passwords.count && passwords[nextPassword].range.overlaps(token.range)
        }

        /// A password that somebody forgot to quote.
        private mutating func maskUnquoted(_ token: SQLToken) {
            guard isPassword(token) else { return }
            edits.append(TextEdit(range: token.range, replacement: PasswordRedaction.mark))
        }

        private mutating func replace(_ token: SQLToken, _ range: Range<Int>, _ sql: Span<UInt8>) {
            number &+= 1
            var start = range.lowerBound
            // N'…' is two tokens.
            if start > 0, token.kind == .string, sql[start - 1] | 0x20 == 0x6e,
                start == 1 || !LiteralMasking.isNamePart(sql[start - 2])
            {
                start -= 1
            }
            var text = Array("$\(number)".utf8)
            // date'…' must not become a name.
            if start > 0, LiteralMasking.isNamePart(sql[start - 1]) { text.insert(0x20, at: 0) }
            if range.upperBound < sql.count, LiteralMasking.isNamePart(sql[range.upperBound]) {
                text.append(0x20)
            }
            edits.append(TextEdit(range: start..<range.upperBound, replacement: text))
            let isPassword = isPassword(token)
            let written = token.range.map { sql[$0] }
            let value: [UInt8]
            switch token.kind {
            case .string, .unicodeString: value = token.value
            case .bits, .number: value = written
            case .name, .unicodeName, .parameter, .comment, .other: value = []
            }
            literals.append(MaskedText.Literal(value: isPassword ? [] : value, isPassword: isPassword))
        }

        /// The constant of `UESCAPE '…'` behind a U&'…'.
        private func escapeClause(behind index: Int, _ sql: Span<UInt8>) -> SQLToken? {
            let next = Array(tokens[(index + 1)...].lazy.filter { $0.kind != .comment }.prefix(2))
            guard next.count == 2, let word = next.first, let constant = next.last, word.kind == .other,
                constant.kind == .string,
                PasswordRedaction.folded(sql, word.range) == Array("uescape".utf8)
            else { return nil }
            return constant
        }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == 0x5f || byte == 0x24 || (0x30...0x39).contains(byte)
            || (0x61...0x7a).contains(byte | 0x20)
    }
}
