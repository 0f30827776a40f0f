/// Finds passwords in a text that cannot be lexed for sure: a `password`, and behind it, after blanks and comments, a
/// constant. Wherever that is; where its end is in doubt, the later one counts. Linear: a text that has most of it looked
/// at again and again is left out from there on.
struct PasswordSearch {
    private static let word = 8

    /// Bytes behind mentions that may still be looked at.
    private var budget: Int

    private init(_ sql: Span<UInt8>) { budget = 4 * sql.count + 4096 }

    /// Settings and addresses of connections with passwords in them are found as well.
    ///
    /// - Parameters:
    ///   - range: what is searched, in bytes.
    ///   - takesAll: all constants behind the first mention go, since nobody knows what they were meant to be.
    static func edits(
        _ sql: Span<UInt8>, in range: Range<Int>? = nil, takesAll: Bool = false
    ) -> [TextEdit] {
        let range = range ?? 0..<sql.count
        var edits = words(sql, in: range)
        if takesAll, let mention = SQLText.mentionOfPassword(sql, from: range.lowerBound) {
            edits = TextEdit.joined(edits, constants(sql, behind: mention + word))
        }
        return TextEdit.joined(edits, ConnectionSecrets.addresses(in: sql, range))
    }

    private static func words(_ sql: Span<UInt8>, in range: Range<Int>) -> [TextEdit] {
        var search = PasswordSearch(sql)
        let end = range.upperBound
        var edits: [TextEdit] = []
        var from = range.lowerBound
        while let mention = SQLText.mentionOfPassword(sql, from: from), mention + word <= end {
            from = mention + 1
            // A U&"…" is a mention too; what may be in it is for the lexer.
            guard sql[mention + 1] != 0x26 else { continue }
            guard
                let constant = search.constant(in: sql, behind: mention + word, end)
                    ?? search.setting(in: sql, behind: mention + word, end)
            else { continue }
            // What seems to be a constant may lie between two, and the password behind it.
            if let last = edits.indices.last, constant.range.lowerBound < edits[last].range.upperBound {
                let until = max(constant.range.upperBound, edits[last].range.upperBound)
                edits[last].range = edits[last].range.lowerBound..<until
            } else {
                edits.append(constant)
            }
            if edits[edits.count - 1].range.upperBound == end { break }
        }
        return edits
    }

    /// All quoted constants from a place on, however they end.
    private static func constants(_ sql: Span<UInt8>, behind start: Int) -> [TextEdit] {
        var search = PasswordSearch(sql)
        var edits: [TextEdit] = []
        var at = start
        while at < sql.count {
            guard sql[at] == 0x27 || sql[at] == 0x24,
                let edit = search.constant(in: sql, behind: at, sql.count)
            else {
                at += 1
                continue
            }
            edits.append(edit)
            at = max(at + 1, edit.range.upperBound)
        }
        return edits
    }

    /// What is set by `=` behind a mention, quoted as often as it may be; nil where there is none.
    private mutating func setting(in sql: Span<UInt8>, behind mention: Int, _ end: Int) -> TextEdit? {
        var start = mention
        while start < end, PasswordSearch.isBlank(sql[start]) { start += 1 }
        guard start < end, sql[start] == 0x3d else { return nil }
        start += 1
        while start < end, PasswordSearch.isBlank(sql[start]) { start += 1 }
        budget -= start - mention
        guard budget > 0 else { return PasswordSearch.rest(mention, end) }
        var quote = start
        while quote < end, sql[quote] == 0x5c { quote += 1 }
        if quote < end, sql[quote] == 0x27 {
            guard
                let edit = quote > start
                    ? escapedConstant(in: sql, start, end) : constant(in: sql, behind: start, end)
            else { return nil }
            return TextEdit(range: start..<edit.range.upperBound, replacement: PasswordRedaction.mark)
        }
        var at = start
        while at < end, !PasswordSearch.isBlank(sql[at]), sql[at] != 0x27 { at += sql[at] == 0x5c ? 2 : 1 }
        at = min(at, end)
        budget -= at - start
        return at > start ? TextEdit(range: start..<at, replacement: PasswordRedaction.mark) : nil
    }

    /// The constant behind a mention; nil where there is none.
    private mutating func constant(in sql: Span<UInt8>, behind mention: Int, _ end: Int) -> TextEdit? {
        // A quoted name's end.
        var start = mention < end && sql[mention] == 0x22 ? mention + 1 : mention
        start = skipBlanks(sql, start, end)
        guard budget > 0 else { return PasswordSearch.rest(mention, end) }
        var quote = start
        if quote < end, PasswordSearch.isPrefix(sql[quote]) {
            quote += 1
            if quote < end, sql[quote] == 0x26 { quote += 1 }
        }
        if quote < end, sql[quote] == 0x5c {
            return escapedConstant(in: sql, quote, end)
        }
        if quote < end, sql[quote] == 0x27 {
            let run = PasswordSearch.runLength(sql, quote, end)
            let close = max(
                closing(sql, behind: quote + run, opening: run, escapes: false, end),
                closing(sql, behind: quote + run, opening: run, escapes: true, end))
            guard budget > 0 else { return PasswordSearch.rest(mention, end) }
            let quotes = [UInt8](repeating: 0x27, count: run)
            return TextEdit(range: quote..<close, replacement: quotes + PasswordRedaction.mark + quotes)
        }
        guard start < end, sql[start] == 0x24, let tag = PasswordSearch.dollarTag(sql, start, end) else {
            return nil
        }
        let close = closing(sql, behind: start + tag, tag: start..<(start + tag), end)
        guard budget > 0 else { return PasswordSearch.rest(mention, end) }
        return TextEdit(range: start..<close, replacement: [0x27] + PasswordRedaction.mark + [0x27])
    }

    private static func rest(_ start: Int, _ end: Int) -> TextEdit {
        TextEdit(range: start..<end, replacement: [0x20] + PasswordRedaction.mark)
    }

    /// Where the constant ends that this many quotes opened, the parts that continue it included.
    ///
    /// Inside a constant each quote stands twice, inside one in that four times: a run that holds the opening an even
    /// number of times is a part of the value.
    private mutating func closing(
        _ sql: Span<UInt8>, behind start: Int, opening: Int, escapes: Bool, _ end: Int
    ) -> Int {
        var at = start
        defer { budget -= at - start }
        while at < end {
            guard sql[at] == 0x27 else {
                at += escapes && sql[at] == 0x5c ? 2 : 1
                continue
            }
            let run = PasswordSearch.runLength(sql, at, end)
            guard (run / opening) % 2 == 1 else {
                at += run
                continue
            }
            let close = at + run / opening * opening
            let next = skipBlanks(sql, close, end)
            guard next > close, next < end, PasswordSearch.runLength(sql, next, end) >= opening else {
                return close
            }
            at = next + opening
        }
        return end
    }

    /// `\'…\'` in a constant with escapes: up to a quote with no more backslashes before it.
    private mutating func escapedConstant(in sql: Span<UInt8>, _ start: Int, _ end: Int) -> TextEdit? {
        var quote = start
        while quote < end, sql[quote] == 0x5c { quote += 1 }
        guard quote < end, sql[quote] == 0x27 else { return nil }
        let opening = quote - start
        var at = quote + 1
        var backslashes = 0
        defer { budget -= at - quote }
        while at < end {
            if sql[at] == 0x27, backslashes <= opening { break }
            backslashes = sql[at] == 0x5c ? backslashes + 1 : 0
            at += 1
        }
        return TextEdit(range: (quote + 1)..<at, replacement: PasswordRedaction.mark)
    }

    private mutating func closing(
        _ sql: Span<UInt8>, behind start: Int, tag: Range<Int>, _ end: Int
    ) -> Int {
        var at = start
        defer { budget -= at - start }
        while at + tag.count <= end {
            if sql[at] == 0x24 {
                var length = 1
                while length < tag.count, sql[at + length] == sql[tag.lowerBound + length] { length += 1 }
                if length == tag.count { return at + length }
            }
            at += 1
        }
        return end
    }

    /// Bytes of `$…$`; nil where there is none.
    private static func dollarTag(_ sql: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var at = start + 1
        while at < end, at - start <= tagLimit {
            if sql[at] == 0x24 { return at + 1 - start }
            guard isNamePart(sql[at]) else { return nil }
            at += 1
        }
        return nil
    }

    /// Bytes of the longest dollar quote's tag that is looked for.
    private static let tagLimit = 1024

    private mutating func skipBlanks(_ sql: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var at = start
        defer { budget -= at - start }
        while at < end {
            let next = at + 1 < end ? sql[at + 1] : 0
            if PasswordSearch.isBlank(sql[at]) {
                at += 1
            } else if sql[at] == 0x2d, next == 0x2d {
                while at < end, sql[at] != 0x0a, sql[at] != 0x0d { at += 1 }
            } else if sql[at] == 0x2f, next == 0x2a {
                guard let behind = PasswordSearch.skipComment(sql, at, end) else {
                    // Open to the end: it may hold anything.
                    budget = 0
                    return end
                }
                at = behind
            } else {
                break
            }
        }
        return at
    }

    private static func skipComment(_ sql: Span<UInt8>, _ start: Int, _ end: Int) -> Int? {
        var at = start
        var depth = 0
        while at + 1 < end {
            if sql[at] == 0x2f, sql[at + 1] == 0x2a {
                depth += 1
                at += 2
            } else if sql[at] == 0x2a, sql[at + 1] == 0x2f {
                depth -= 1
                at += 2
                if depth == 0 { return at }
            } else {
                at += 1
            }
        }
        return nil
    }

    private static func runLength(_ sql: Span<UInt8>, _ start: Int, _ end: Int) -> Int {
        var at = start
        while at < end, sql[at] == 0x27 { at += 1 }
        return at - start
    }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }

    /// Of E'…', N'…', B'…', X'…', U&'…'.
    private static func isPrefix(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case 0x65, 0x6e, 0x62, 0x78, 0x75: true
        default: false
        }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == 0x5f || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
    }
}
