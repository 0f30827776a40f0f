import CPGQuery

/// One of PostgreSQL's own tokens, or a comment.
package struct SQLToken: Sendable, Equatable {
    package typealias Kind = SQLTokenKind

    package var kind: Kind
    /// Bytes of the text.
    package var range: Range<Int>
    /// Of a parameter: 1 for `$1`.
    package var number: Int
    /// What a name or string stands for, where it was asked for; of `U&` ones what is between their quotes.
    package var value: [UInt8]
}

/// A text as PostgreSQL's own lexer cuts it.
package struct SQLTokenList: Sendable {
    package enum Values: Sendable {
        /// Of strings and names that mention passwords, or hold addresses in which one may be.
        case ofPasswords
        case all
    }

    package var tokens: [SQLToken] = []
    /// The lexer took all of it.
    package var isWhole: Bool
    /// Where it stopped, in bytes; what comes behind may be a part of anything.
    package var end: Int

    /// - Parameter sql: without a long run of operator characters (`SQLText.hasLongOperatorRun`), which takes quadratic
    ///   time.
    package init(_ sql: Span<UInt8>, conformingStrings: Bool, values: Values) {
        var lexed = SQLText.withText(sql) { sqltext_lex($0, conformingStrings) }
        defer { sqltext_lex_end(&lexed) }
        isWhole = lexed.isWhole
        end = lexed.isWhole ? sql.count : Int(lexed.end)
        tokens.reserveCapacity(Int(lexed.count))
        for token in UnsafeBufferPointer(start: lexed.tokens, count: Int(lexed.count)) {
            let start = Int(token.start)
            tokens.append(
                SQLToken(
                    kind: token.kind, range: start..<(start + Int(token.length)), number: Int(token.number),
                    value: SQLTokenList.value(of: token, values)))
        }
    }

    private static func value(of token: CPGQuery.SQLToken, _ values: Values) -> [UInt8] {
        guard let value = token.value else { return [] }
        switch values {
        case .all: break
        case .ofPasswords:
            guard
                token.kind == .unicodeName
                    || sqltext_find_password(value, Int64(token.valueLength), 0) >= 0
                    || sqltext_find_address(value, Int64(token.valueLength), 0) >= 0
            else { return [] }
        }
        // SAFETY: the lexer's memory lives until sqltext_lex_end, and the value has this length.
        return UnsafeRawBufferPointer(start: value, count: Int(token.valueLength)).map { $0 }
    }
}

/// Words that are looked for among a text's names and keywords, by PostgreSQL's own lexer: constants and comments are passed
/// over.
package struct TextWords: Sendable {
    /// At most 64, in lower case.
    private let words: [StaticString]

    package init(_ words: [StaticString]) {
        precondition(words.count <= 64)
        self.words = words
    }

    package struct Found: Sendable {
        /// Of each word, in their order, whether it is there.
        package let isThere: [Bool]
        /// Names with Unicode escapes are there, which may be any.
        package let hidesNames: Bool
        /// The lexer took all of the text.
        package let isWhole: Bool
    }

    /// - Parameter sql: without a long run of operator characters (`SQLText.hasLongOperatorRun`).
    package func find(in sql: Span<UInt8>, conformingStrings: Bool) -> Found {
        let pointers = words.map { UnsafeRawPointer($0.utf8Start).assumingMemoryBound(to: CChar.self) }
        let found = SQLText.withText(sql) { text in
            // SAFETY: the words are static and end in NUL; the list lives as long as the call.
            pointers.withUnsafeBufferPointer {
                sqltext_words(
                    text, conformingStrings, $0.baseAddress.unsafelyUnwrapped, UInt32(words.count))
            }
        }
        return Found(
            isThere: words.indices.map { found.found & (1 << UInt64($0)) != 0 },
            hidesNames: found.hidesNames, isWhole: found.isWhole)
    }
}

extension SQLText {
    /// Bytes of the longest text that is lexed where a session waits for it: a millisecond or two.
    package static let lexedBytes = 64 << 10

    /// Whether the lexer may be asked where a session waits.
    static func isQuicklyLexed(_ sql: Span<UInt8>) -> Bool {
        sql.count <= lexedBytes && operatorRuns(sql) == .cheap
    }

    /// How `\` in a plain string constant is read.
    package enum Strings: Sendable {
        /// As it stands (standard_conforming_strings is on).
        case conforming
        case escaping
        /// A change of the setting may be on its way.
        case either
    }

    /// Where the text mentions passwords, or a name in which that may hide, at `start` or behind it.
    static func mentionOfPassword(_ sql: Span<UInt8>, from start: Int = 0) -> Int? {
        sql.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let first = text.baseAddress else { return nil }
                let found = sqltext_find_password(first, Int64(text.count), Int64(start))
                return found < 0 ? nil : Int(found)
            }
        }
    }

    /// Where the `://` of an address that may hold a password stands, at `start` or behind it.
    static func mentionOfAddress(_ sql: Span<UInt8>, from start: Int = 0) -> Int? {
        sql.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                guard let first = text.baseAddress else { return nil }
                let found = sqltext_find_address(first, Int64(text.count), Int64(start))
                return found < 0 ? nil : Int(found)
            }
        }
    }

    /// Where the first of both kinds of mentions ends: what is behind it may be a password.
    static func endOfMention(_ sql: Span<UInt8>) -> Int? {
        let word = mentionOfPassword(sql).map { min($0 + 8, sql.count) }
        let address = mentionOfAddress(sql).map { $0 + 3 }
        guard let word, let address else { return word ?? address }
        return min(word, address)
    }

    /// Hands the text on with a NUL behind it.
    static func withText<Result>(_ sql: Span<UInt8>, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: sql.count + 1) { text in
            for index in 0..<sql.count { text[index] = CChar(bitPattern: sql[index]) }
            text[sql.count] = 0
            // SAFETY: it has at least one element, the NUL.
            return body(UnsafePointer(text.baseAddress.unsafelyUnwrapped))
        }
    }
}
