/// One token of a statement, as PostgreSQL's lexer cuts it, as far as the console's dialect goes.
struct SQLToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// A key word or a name; its text is in lower case.
        case word
        /// A name in double quotes, without them.
        case quoted
        /// A string constant's content.
        case string
        case number
        /// `$1`
        case parameter
        case symbol
    }

    let kind: Kind
    let text: String
    /// Where it stands in the statement's bytes.
    let range: Range<Int>
    /// Something stands between it and the token before: white space or a comment.
    let isApart: Bool

    func isWord(_ word: String) -> Bool { kind == .word && text == word }
    func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }

    /// What a name is to the catalogue: folded unless it is quoted.
    var name: String? { kind == .word || kind == .quoted ? text : nil }
}

/// Cuts SQL into tokens.
struct SQLLexer {
    private let bytes: [UInt8]
    private var at = 0
    private var isApart = false

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Throws: 42601 for what has no end, and for characters that begin nothing.
    static func tokens(_ sql: [UInt8]) throws(ConsoleError) -> [SQLToken] {
        var lexer = SQLLexer(sql)
        var tokens: [SQLToken] = []
        while let token = try lexer.next() { tokens.append(token) }
        return tokens
    }

    private func byte(_ offset: Int = 0) -> UInt8 {
        bytes.indices.contains(at + offset) ? bytes[at + offset] : 0
    }

    private mutating func next() throws(ConsoleError) -> SQLToken? {
        isApart = false
        while try skipSpace() { isApart = true }
        guard at < bytes.count else { return nil }
        let start = at
        switch byte() {
        case UInt8(ascii: "'"): return try string(from: start, escapes: false)
        case UInt8(ascii: "\""): return try quoted(from: start)
        case UInt8(ascii: "$"):
            if SQLLexer.isDigit(byte(1)) {
                at += 1
                while SQLLexer.isDigit(byte()) { at += 1 }
                return token(.parameter, start)
            }
            return try dollarQuoted(from: start)
        case let first where SQLLexer.isDigit(first): return number(from: start)
        case UInt8(ascii: ".") where SQLLexer.isDigit(byte(1)): return number(from: start)
        case let first where SQLLexer.isNameStart(first):
            if (first | 0x20) == UInt8(ascii: "e"), byte(1) == UInt8(ascii: "'") {
                at += 1
                return try string(from: start, escapes: true)
            }
            while SQLLexer.isName(byte()) { at += 1 }
            return SQLToken(
                kind: .word, text: String(decoding: bytes[start..<at], as: UTF8.self).lowercased(),
                range: start..<at, isApart: isApart)
        default: return try symbol(from: start)
        }
    }

    private func token(_ kind: SQLToken.Kind, _ start: Int) -> SQLToken {
        SQLToken(
            kind: kind, text: String(decoding: bytes[start..<at], as: UTF8.self), range: start..<at,
            isApart: isApart)
    }

    /// Whether there was some: a run of white space, or one comment.
    private mutating func skipSpace() throws(ConsoleError) -> Bool {
        let start = at
        while [0x20, 0x09, 0x0a, 0x0d, 0x0b, 0x0c].contains(byte()), at < bytes.count { at += 1 }
        if byte() == UInt8(ascii: "-"), byte(1) == UInt8(ascii: "-") {
            while at < bytes.count, byte() != 0x0a { at += 1 }
        } else if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
            let open = at
            var depth = 0
            repeat {
                if byte() == UInt8(ascii: "/"), byte(1) == UInt8(ascii: "*") {
                    depth += 1
                    at += 2
                } else if byte() == UInt8(ascii: "*"), byte(1) == UInt8(ascii: "/") {
                    depth -= 1
                    at += 2
                } else {
                    at += 1
                }
                guard at <= bytes.count, at < bytes.count || depth == 0 else {
                    throw ConsoleError(
                        "42601", "unterminated /* comment", position: SQLLexer.position(open, in: bytes))
                }
            } while depth > 0
        }
        return at > start
    }

    private mutating func string(from start: Int, escapes: Bool) throws(ConsoleError) -> SQLToken {
        at += 1
        var content: [UInt8] = []
        while at < bytes.count {
            let byte = byte()
            at += 1
            if byte == UInt8(ascii: "'") {
                guard self.byte() == UInt8(ascii: "'") else {
                    return SQLToken(
                        kind: .string, text: String(decoding: content, as: UTF8.self), range: start..<at,
                        isApart: isApart)
                }
                at += 1
                content.append(byte)
            } else if escapes, byte == UInt8(ascii: "\\"), at < bytes.count {
                content.append(SQLLexer.escaped(self.byte()))
                at += 1
            } else {
                content.append(byte)
            }
        }
        throw ConsoleError(
            "42601", "unterminated quoted string", position: SQLLexer.position(start, in: bytes))
    }

    private static func escaped(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        default: byte
        }
    }

    private mutating func quoted(from start: Int) throws(ConsoleError) -> SQLToken {
        at += 1
        var content: [UInt8] = []
        while at < bytes.count {
            let byte = byte()
            at += 1
            guard byte == UInt8(ascii: "\"") else {
                content.append(byte)
                continue
            }
            guard self.byte() == byte else {
                return SQLToken(
                    kind: .quoted, text: String(decoding: content, as: UTF8.self), range: start..<at,
                    isApart: isApart)
            }
            at += 1
            content.append(byte)
        }
        throw ConsoleError(
            "42601", "unterminated quoted identifier", position: SQLLexer.position(start, in: bytes))
    }

    private mutating func dollarQuoted(from start: Int) throws(ConsoleError) -> SQLToken {
        at += 1
        while SQLLexer.isName(byte()), byte() != UInt8(ascii: "$") { at += 1 }
        guard byte() == UInt8(ascii: "$") else {
            throw .syntax("$", position: SQLLexer.position(start, in: bytes))
        }
        at += 1
        let mark = Array(bytes[start..<at])
        let content = at
        while at + mark.count <= bytes.count {
            if bytes[at] == mark[0], bytes[at..<(at + mark.count)].elementsEqual(mark) {
                let text = String(decoding: bytes[content..<at], as: UTF8.self)
                at += mark.count
                return SQLToken(kind: .string, text: text, range: start..<at, isApart: isApart)
            }
            at += 1
        }
        throw ConsoleError(
            "42601", "unterminated dollar-quoted string", position: SQLLexer.position(start, in: bytes))
    }

    private mutating func number(from start: Int) -> SQLToken {
        while SQLLexer.isDigit(byte()) || byte() == UInt8(ascii: ".") { at += 1 }
        if (byte() | 0x20) == UInt8(ascii: "e") {
            let sign = byte(1) == UInt8(ascii: "-") || byte(1) == UInt8(ascii: "+") ? 1 : 0
            if SQLLexer.isDigit(byte(1 + sign)) {
                at += 1 + sign
                while SQLLexer.isDigit(byte()) { at += 1 }
            }
        }
        return token(.number, start)
    }

    /// Longer ones first.
    private static let symbols: [[UInt8]] = [
        "!~~*", "->>", "!~*", "!~~", "~~*", "::", "<=", ">=", "<>", "!=", "==", "||", "->", "!~", "~*", "~~",
        "<<",
        ">>",
    ].map { Array($0.utf8) }

    private mutating func symbol(from start: Int) throws(ConsoleError) -> SQLToken {
        let known = SQLLexer.symbols.first { bytes[at...].starts(with: $0) }
        if let known {
            at += known.count
            return token(.symbol, start)
        }
        guard (0x21...0x7e).contains(byte()), byte() != UInt8(ascii: "\\"), byte() != UInt8(ascii: "`") else {
            let shown = String(decoding: bytes[at..<min(bytes.count, at + 1)], as: UTF8.self)
            throw .syntax(shown, position: SQLLexer.position(start, in: bytes))
        }
        at += 1
        return token(.symbol, start)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20) || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    private static func isName(_ byte: UInt8) -> Bool {
        isNameStart(byte) || isDigit(byte) || byte == UInt8(ascii: "$")
    }

    /// The place of a byte in characters, from 1.
    static func position(_ at: Int, in bytes: [UInt8]) -> Int {
        bytes[..<min(max(0, at), bytes.count)].count { $0 & 0xc0 != 0x80 } + 1
    }
}
