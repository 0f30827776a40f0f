/// Takes passwords out of texts that are about to be recorded: what stands behind `PASSWORD` in statements about roles,
/// behind `password` in the OPTIONS of user mappings and servers, and in settings and addresses of connections.
///
/// Found by PostgreSQL's own lexer, in string constants and dollar-quoted bodies too, which are read as SQL up to
/// `depthLimit`. What the lexer does not take, or may not be asked, is searched by `PasswordSearch`, which rather leaves
/// out too much.
package enum PasswordRedaction {
    /// Constants inside constants that are read.
    package static let depthLimit = 4

    static let mark = Array("[redacted]".utf8)

    /// The text without its passwords; nil where it has none.
    ///
    /// - Parameter isSafeEncoding: no byte of a character beyond ASCII looks like an ASCII one.
    package static func redact(
        _ sql: Span<UInt8>, strings: SQLText.Strings, isSafeEncoding: Bool
    ) -> EditedText? {
        guard let end = SQLText.endOfMention(sql) else { return nil }
        guard isSafeEncoding else {
            return EditedText(sql, [TextEdit(range: end..<sql.count, replacement: [0x20] + mark)])
        }
        let edits = edits(sql, strings)
        return edits.isEmpty ? nil : EditedText(sql, edits)
    }

    static func edits(_ sql: Span<UInt8>, _ strings: SQLText.Strings) -> [TextEdit] {
        guard SQLText.isQuicklyLexed(sql) else {
            return PasswordSearch.edits(sql)
        }
        switch strings {
        case .conforming: return lexedEdits(sql, true, depth: 0)
        case .escaping: return lexedEdits(sql, false, depth: 0)
        case .either:
            let edits = lexedEdits(sql, true, depth: 0)
            return edits == lexedEdits(sql, false, depth: 0) ? edits : PasswordSearch.edits(sql)
        }
    }

    private static func lexedEdits(_ sql: Span<UInt8>, _ conforming: Bool, depth: Int) -> [TextEdit] {
        let list = SQLTokenList(sql, conformingStrings: conforming, values: .ofPasswords)
        guard list.isWhole else { return PasswordSearch.edits(sql, takesAll: depth == 0) }
        var reader = Reader(conforming: conforming, depth: depth)
        for token in list.tokens { reader.take(token, sql) }
        guard depth == 0 else { return reader.edits }
        return TextEdit.joined(
            reader.edits, refusedEdits(sql, list.tokens, reader.edits, conforming))
    }

    /// Where the grammar does not take a text that speaks of a password, every constant behind the word may be one.
    private static func refusedEdits(
        _ sql: Span<UInt8>, _ tokens: [SQLToken], _ edits: [TextEdit], _ conforming: Bool
    ) -> [TextEdit] {
        guard let word = tokens.firstIndex(where: { isPasswordWord($0, sql) }) else { return [] }
        var found: [TextEdit] = []
        var next = 0
        for token in tokens[word...] {
            while next < edits.count, edits[next].range.upperBound <= token.range.lowerBound { next += 1 }
            if next < edits.count, edits[next].range.overlaps(token.range) { continue }
            switch token.kind {
            case .string, .unicodeString, .bits:
                found.append(TextEdit(range: token.range, replacement: [0x27] + mark + [0x27]))
            case .number: found.append(TextEdit(range: token.range, replacement: mark))
            case .name, .unicodeName, .parameter, .comment, .other: break
            }
        }
        guard !found.isEmpty, case .syntaxError = SQLText.read(sql, conformingStrings: conforming) else {
            return []
        }
        return found
    }

    static func isPasswordWord(_ token: SQLToken, _ sql: Span<UInt8>) -> Bool {
        switch token.kind {
        case .other: token.range.count == 8 && folded(sql, token.range) == Array("password".utf8)
        case .name, .unicodeName: namesPassword(token)
        case .string, .unicodeString, .bits, .number, .parameter, .comment: false
        }
    }

    /// What a constant's value becomes; nil where it stays.
    fileprivate static func redactedValue(_ value: [UInt8], _ conforming: Bool, depth: Int) -> [UInt8]? {
        let edits = valueEdits(value.span, conforming, depth: depth)
        return edits.isEmpty ? nil : EditedText(value.span, edits).bytes
    }

    static func valueEdits(_ value: Span<UInt8>, _ conforming: Bool, depth: Int) -> [TextEdit] {
        let connection = ConnectionSecrets.edits(value)
        guard depth < depthLimit, SQLText.isQuicklyLexed(value) else {
            return TextEdit.joined(PasswordSearch.edits(value), connection)
        }
        return TextEdit.resolved(lexedEdits(value, conforming, depth: depth + 1), connection)
    }

    /// Follows the tokens of one text.
    private struct Reader {
        let conforming: Bool
        let depth: Int
        var edits: [TextEdit] = []
        /// The token before was PASSWORD, or such an option's name.
        private var isBehindPassword = false
        /// The first two words of the statement, folded, and how many tokens it has so far.
        private var words: [[UInt8]] = []
        private var count = 0
        /// The end of a constant that ends in PASSWORD: what follows at once was meant to be in it.
        private var cutConstant = -1
        /// Bytes up to here are replaced already.
        private var replaced = 0

        init(conforming: Bool, depth: Int) {
            self.conforming = conforming
            self.depth = depth
        }

        mutating func take(_ token: SQLToken, _ sql: Span<UInt8>) {
            guard token.range.lowerBound >= replaced else { return }
            if token.range.lowerBound == cutConstant, PasswordRedaction.isWord(token, sql) {
                return replaceUpToQuote(token, sql)
            }
            let wasBehind = isBehindPassword
            switch token.kind {
            case .comment:
                // The end of a comment stays one.
                let isBlock = sql[token.range.lowerBound] == 0x2f
                let end = token.range.upperBound - (isBlock ? 2 : 0)
                edits += PasswordSearch.edits(sql, in: token.range.lowerBound..<end)
                return
            case .name, .unicodeName:
                isBehindPassword = PasswordRedaction.namesPassword(token)
                if wasBehind, isAboutRole { replace(token.range, with: mark) }
            case .string, .unicodeString, .bits:
                isBehindPassword = false
                wasBehind ? replaceWhole(token, sql) : redactInside(token, sql)
                return
            case .number:
                isBehindPassword = false
                if wasBehind, isAboutRole { replace(token.range, with: mark) }
            case .parameter: isBehindPassword = false
            case .other: takeOther(token, sql, wasBehind)
            }
            note(token, sql)
        }

        private mutating func takeOther(_ token: SQLToken, _ sql: Span<UInt8>, _ wasBehind: Bool) {
            let word = PasswordRedaction.folded(sql, token.range)
            // N'…' is two tokens.
            if wasBehind, word == Array("n".utf8) { return }
            isBehindPassword = word == Array("password".utf8)
            if word == [0x3b] {
                words = []
                count = 0
            }
        }

        private mutating func note(_ token: SQLToken, _ sql: Span<UInt8>) {
            let word = words.count < 2 ? PasswordRedaction.folded(sql, token.range.prefix(8)) : []
            guard word != [0x3b] else { return }
            if words.count < 2 { words.append(word) }
            count += 1
        }

        /// What stands behind PASSWORD can be nothing but one that its writer forgot to quote; the role itself, which
        /// comes third, may be called so.
        private var isAboutRole: Bool {
            guard words.count == 2, count > 3 else { return false }
            return ["create", "alter"].contains(String(decoding: words[0], as: UTF8.self))
                && ["role", "user", "group"].contains(String(decoding: words[1], as: UTF8.self))
        }

        private mutating func replaceWhole(_ token: SQLToken, _ sql: Span<UInt8>) {
            let prefix = token.kind == .unicodeString ? Array("U&".utf8) : []
            replace(token.range, with: prefix + [0x27] + mark + [0x27])
        }

        /// `'… PASSWORD 'x''`: somebody forgot to double the quotes.
        private mutating func replaceUpToQuote(_ token: SQLToken, _ sql: Span<UInt8>) {
            var end = token.range.upperBound
            while end < sql.count, sql[end] != 0x27 { end += 1 }
            replace(token.range.lowerBound..<end, with: mark)
            replaced = end
        }

        private mutating func redactInside(_ token: SQLToken, _ sql: Span<UInt8>) {
            if PasswordRedaction.endsInPassword(token.value) { cutConstant = token.range.upperBound }
            guard !token.value.isEmpty,
                let value = PasswordRedaction.redactedValue(token.value, conforming, depth: depth)
            else { return }
            replace(token.range, with: quoted(value, like: token, sql))
        }

        /// The value as a constant, in the way it was written.
        private func quoted(_ value: [UInt8], like token: SQLToken, _ sql: Span<UInt8>) -> [UInt8] {
            let first = sql[token.range.lowerBound]
            if first == 0x24 {
                var tag: [UInt8] = [0x24]
                for index in (token.range.lowerBound + 1)..<token.range.upperBound {
                    tag.append(sql[index])
                    if sql[index] == 0x24 { break }
                }
                return tag + value + tag
            }
            let isUnicode = token.kind == .unicodeString
            let doublesBackslash = !isUnicode && (first | 0x20 == 0x65 || !conforming)
            var out = isUnicode ? Array("U&'".utf8) : doublesBackslash ? Array("E'".utf8) : [0x27]
            for byte in value {
                if byte == 0x27 || (byte == 0x5c && doublesBackslash) { out.append(byte) }
                out.append(byte)
            }
            return out + [0x27]
        }

        private mutating func replace(_ range: Range<Int>, with replacement: [UInt8]) {
            edits.append(TextEdit(range: range, replacement: replacement))
        }
    }

    private static func namesPassword(_ token: SQLToken) -> Bool {
        let name = token.kind == .unicodeName ? UnicodeEscapes.decode(token.value) : token.value
        return folded(name.span, 0..<name.count).suffix(8) == Array("password".utf8)[...]
    }

    /// The value is `… PASSWORD ` and ends there.
    private static func endsInPassword(_ value: [UInt8]) -> Bool {
        guard let last = value.lastIndex(where: { $0 > 0x20 }), last < value.count - 1, last >= 7 else {
            return false
        }
        return folded(value.span, (last - 7)..<(last + 1)) == Array("password".utf8)
    }

    private static func isWord(_ token: SQLToken, _ sql: Span<UInt8>) -> Bool {
        switch token.kind {
        case .name, .unicodeName, .number: true
        case .other: (0x61...0x7a).contains(sql[token.range.lowerBound] | 0x20)
        case .string, .unicodeString, .bits, .parameter, .comment: false
        }
    }

    /// ASCII letters become lower case.
    static func folded(_ sql: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        range.map { (0x41...0x5a).contains(sql[$0]) ? sql[$0] | 0x20 : sql[$0] }
    }
}

/// `U&"…"` with its usual escape character, as far as ASCII goes (PostgreSQL, "Identifiers with Unicode escapes").
enum UnicodeEscapes {
    static func decode(_ written: [UInt8]) -> [UInt8] {
        var decoded: [UInt8] = []
        var at = 0
        while at < written.count {
            guard written[at] == 0x5c else {
                decoded.append(written[at])
                at += 1
                continue
            }
            let isLong = at + 1 < written.count && written[at + 1] == 0x2b
            let digits = written[(at + (isLong ? 2 : 1))...].prefix(isLong ? 6 : 4)
            guard digits.count == (isLong ? 6 : 4),
                let scalar = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
            else {
                at += 1
                continue
            }
            decoded.append(scalar < 0x80 ? UInt8(truncatingIfNeeded: scalar) : 0xff)
            at = digits.endIndex
        }
        return decoded
    }
}
