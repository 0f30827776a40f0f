/// Finds passwords in what tells libpq how to connect: `password = 'x'` among settings, and addresses such as
/// `postgresql://user:x@host/db?sslpassword=y` (libpq, "Connection Strings"), as dblink, subscriptions and drivers have them.
enum ConnectionSecrets {
    /// In a value of its own: a constant's, a parameter's.
    static func edits(_ text: Span<UInt8>) -> [TextEdit] {
        let addresses = addresses(in: text, 0..<text.count)
        // Within an address `&` ends what is set: what the address says of it counts.
        let starts = Set(addresses.map(\.range.lowerBound))
        let adjacent = adjacentSettings(text).filter { !starts.contains($0.range.lowerBound) }
        return TextEdit.joined(addresses, TextEdit.joined(settings(text), adjacent))
    }

    // MARK: - Settings

    /// `password=…` without blanks, wherever it stands.
    private static func adjacentSettings(_ text: Span<UInt8>) -> [TextEdit] {
        var edits: [TextEdit] = []
        var from = 0
        while let mention = SQLText.mentionOfPassword(text, from: from) {
            from = mention + 1
            let start = mention + 9
            guard start < text.count, text[start - 1] == 0x3d else { continue }
            let end = endOfSetting(text, start)
            guard end > start else { continue }
            edits.append(TextEdit(range: start..<end, replacement: PasswordRedaction.mark))
            from = end
        }
        return edits
    }

    /// Settings as libpq reads them, blanks around `=` included, from the text's beginning on. What comes first may be the end of
    /// a setting of which SQL put the beginning before it.
    private static func settings(_ text: Span<UInt8>) -> [TextEdit] {
        var edits: [TextEdit] = []
        var isFirst = true
        var at = skipBlanks(text, 0)
        while at < text.count {
            let name = at
            while at < text.count, isNamePart(text[at]) { at += 1 }
            let nameEnd = at
            at = skipBlanks(text, at)
            guard nameEnd > name, at < text.count, text[at] == 0x3d else {
                guard isFirst else { break }
                isFirst = false
                at = nameEnd
                while at < text.count, !PasswordSearch.isBlank(text[at]) { at += 1 }
                at = skipBlanks(text, at)
                continue
            }
            isFirst = false
            let start = skipBlanks(text, at + 1)
            at = endOfSetting(text, start)
            if at > start, isSecret(PasswordRedaction.folded(text, name..<nameEnd)) {
                edits.append(TextEdit(range: start..<at, replacement: PasswordRedaction.mark))
            }
            at = skipBlanks(text, at)
        }
        return edits
    }

    /// Quoted or not, `\` takes the next character as it stands.
    private static func endOfSetting(_ text: Span<UInt8>, _ start: Int) -> Int {
        guard start < text.count else { return text.count }
        let isQuoted = text[start] == 0x27
        var end = isQuoted ? start + 1 : start
        while end < text.count, isQuoted ? text[end] != 0x27 : !PasswordSearch.isBlank(text[end]) {
            end += text[end] == 0x5c ? 2 : 1
        }
        return min(isQuoted ? end + 1 : end, text.count)
    }

    private static func skipBlanks(_ text: Span<UInt8>, _ start: Int) -> Int {
        var at = start
        while at < text.count, PasswordSearch.isBlank(text[at]) { at += 1 }
        return at
    }

    /// `password`, `sslpassword`.
    private static func isSecret(_ name: [UInt8]) -> Bool { name.suffix(8) == Array("password".utf8)[...] }

    // MARK: - Addresses

    /// The passwords in addresses.
    static func addresses(in text: Span<UInt8>, _ range: Range<Int>) -> [TextEdit] {
        var edits: [TextEdit] = []
        var from = range.lowerBound
        while let mention = SQLText.mentionOfAddress(text, from: from), mention + 3 <= range.upperBound {
            let address = Address(text, mention: mention, in: range, isFirst: from == range.lowerBound)
            edits += address.edits(text)
            from = max(mention + 3, address.range.upperBound)
        }
        return edits
    }

    private struct Address {
        /// From the scheme on.
        let range: Range<Int>
        /// Behind `://`.
        let start: Int
        /// It is one of PostgreSQL's: all that may be meant as one's password counts.
        let isOwn: Bool

        init(_ text: Span<UInt8>, mention: Int, in range: Range<Int>, isFirst: Bool) {
            start = mention + 3
            var scheme = mention
            while scheme > range.lowerBound, isNamePart(text[scheme - 1]) { scheme -= 1 }
            let name = PasswordRedaction.folded(text, scheme..<mention)
            isOwn = name == Array("postgresql".utf8) || name == Array("postgres".utf8)
            // Alone in its text, an address of PostgreSQL's may have blanks in it.
            let isAlone = isOwn && isFirst && skipBlanks(text, 0) == scheme
            var end = start
            while end < range.upperBound, isAlone || !Address.isEnd(text[end]) { end += 1 }
            self.range = scheme..<end
        }

        private static func isEnd(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == 0x27 || byte == 0x22 }

        func edits(_ text: Span<UInt8>) -> [TextEdit] {
            var edits: [TextEdit] = []
            let at = userEnd(text)
            if let at, let colon = first(0x3a, text, start..<at), colon + 1 < at {
                edits.append(TextEdit(range: (colon + 1)..<at, replacement: PasswordRedaction.mark))
            }
            guard let query = first(0x3f, text, (at ?? start)..<range.upperBound) else { return edits }
            var from = query + 1
            while from < range.upperBound {
                let end = first(0x26, text, from..<range.upperBound) ?? range.upperBound
                if let equals = first(0x3d, text, from..<end), equals + 1 < end,
                    isSecret(decoded(text, from..<equals))
                {
                    edits.append(TextEdit(range: (equals + 1)..<end, replacement: PasswordRedaction.mark))
                }
                from = end + 1
            }
            return edits
        }

        /// The `@` behind user and password.
        private func userEnd(_ text: Span<UInt8>) -> Int? {
            var last: Int?
            var at = start
            while at < range.upperBound, text[at] != 0x2f, text[at] != 0x3f, text[at] != 0x23 {
                if text[at] == 0x40 { last = at }
                at += 1
            }
            guard last == nil, isOwn, let colon = first(0x3a, text, start..<at) else { return last }
            // Its writer forgot to encode a `/` of the password: unless a port stands there.
            guard !((colon + 1)..<at).allSatisfy({ (0x30...0x39).contains(text[$0]) }) else { return nil }
            return first(0x40, text, at..<range.upperBound)
        }

        private func first(_ byte: UInt8, _ text: Span<UInt8>, _ range: Range<Int>) -> Int? {
            range.first { text[$0] == byte }
        }

        /// A name with its percent-encoded characters, in lower case.
        private func decoded(_ text: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
            var name: [UInt8] = []
            var at = range.lowerBound
            while at < range.upperBound {
                let isEscape = range.upperBound - at > 2 && text[at] == 0x25
                let digits = isEscape ? [text[at + 1], text[at + 2]] : []
                if let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                    name.append(byte)
                    at += 3
                } else {
                    name.append(text[at])
                    at += 1
                }
            }
            return PasswordRedaction.folded(name.span, 0..<name.count)
        }
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        byte == 0x5f || (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
    }
}
