/// Cuts the text of a procedure into tokens, as PostgreSQL's scanner does (`scan.l`, "Lexical Structure") where the
/// text is unambiguous. What depends on settings, or would have to be decoded, cannot be read.
struct BodyTokens {
    enum Token: Equatable {
        /// Folded to lower case and cut as the server cuts it.
        case word(String)
        case quoted(String)
        /// A string, with its text where it is written as it reads.
        case string(String?)
        /// A number's digits, or a parameter: `$1`.
        case number
        case `operator`(String)
        /// One of `;` `,` `(` `)` `[` `]` `.` `:`.
        case mark(Character)
    }

    /// Bytes of a name (`NAMEDATALEN - 1`).
    private static let nameBytes = 63

    private let bytes: [UInt8]
    private var place = 0

    /// All tokens; nil where the text cannot be read.
    static func tokens(of text: String) -> [Token]? {
        var reader = BodyTokens(bytes: Array(text.utf8))
        var found: [Token] = []
        while true {
            guard reader.skipSpace() else { return nil }
            guard reader.place < reader.bytes.count else { return found }
            guard let token = reader.next() else { return nil }
            found.append(token)
        }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func byte(_ ahead: Int = 0) -> UInt8? {
        place + ahead < bytes.count ? bytes[place + ahead] : nil
    }

    private func isNext(_ first: Character, _ second: Character) -> Bool {
        byte() == first.asciiValue && byte(1) == second.asciiValue
    }

    /// White space and comments, which nest. False where a comment does not end.
    private mutating func skipSpace() -> Bool {
        while let next = byte() {
            if next == 0x20 || (0x09...0x0d).contains(next) {
                place += 1
            } else if isNext("-", "-") {
                while let next = byte(), next != 0x0a, next != 0x0d { place += 1 }
            } else if isNext("/", "*") {
                guard skipComment() else { return false }
            } else {
                return true
            }
        }
        return true
    }

    private mutating func skipComment() -> Bool {
        var depth = 0
        while place < bytes.count {
            if isNext("/", "*") {
                depth += 1
                place += 2
            } else if isNext("*", "/") {
                depth -= 1
                place += 2
                if depth == 0 { return true }
            } else {
                place += 1
            }
        }
        return false
    }

    private mutating func next() -> Token? {
        guard let first = byte() else { return nil }
        switch first {
        case UInt8(ascii: "'"): return string(escapes: false)
        case UInt8(ascii: "\""): return quoted()
        case UInt8(ascii: "$"): return dollar()
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            while let digit = byte(), BodyTokens.isDigit(digit) { place += 1 }
            return .number
        case UInt8(ascii: ";"), UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "."), UInt8(ascii: ":"):
            place += 1
            return .mark(Character(UnicodeScalar(first)))
        default:
            if BodyTokens.startsName(first) { return word() }
            return BodyTokens.isOperator(first) ? operatorRun() : nil
        }
    }

    /// Without `E` a backslash before a quote ends the string or does not, by `standard_conforming_strings`.
    private mutating func string(escapes: Bool) -> Token? {
        place += 1
        let start = place
        var isPlain = !escapes
        while let next = byte() {
            if next == UInt8(ascii: "\\") {
                if !escapes, byte(1) == UInt8(ascii: "'") { return nil }
                place += escapes ? 2 : 1
                isPlain = false
            } else if next == UInt8(ascii: "'") {
                if byte(1) != UInt8(ascii: "'") {
                    place += 1
                    return .string(
                        isPlain ? String(decoding: bytes[start..<place - 1], as: UTF8.self) : nil)
                }
                isPlain = false
                place += 2
            } else {
                place += 1
            }
        }
        return nil
    }

    private mutating func quoted() -> Token? {
        place += 1
        var name: [UInt8] = []
        while let next = byte() {
            if next == UInt8(ascii: "\"") {
                if byte(1) != UInt8(ascii: "\"") {
                    place += 1
                    return BodyTokens.cut(name).map { .quoted($0) }
                }
                place += 1
            }
            name.append(next)
            place += 1
        }
        return nil
    }

    /// `$1`, or a string in dollar quotes.
    private mutating func dollar() -> Token? {
        if let next = byte(1), BodyTokens.isDigit(next) {
            place += 1
            while let digit = byte(), BodyTokens.isDigit(digit) { place += 1 }
            return .number
        }
        var end = place + 1
        while end < bytes.count, bytes[end] != UInt8(ascii: "$") {
            guard end == place + 1 ? BodyTokens.startsName(bytes[end]) : BodyTokens.continuesName(bytes[end])
            else { return nil }
            end += 1
        }
        guard end < bytes.count else { return nil }
        let tag = bytes[place...end]
        var start = end + 1
        while start + tag.count <= bytes.count {
            if bytes[start] == UInt8(ascii: "$"), bytes[start..<start + tag.count].elementsEqual(tag) {
                place = start + tag.count
                return .string(nil)
            }
            start += 1
        }
        return nil
    }

    private mutating func word() -> Token? {
        let start = place
        while let next = byte(), BodyTokens.continuesName(next) || next == UInt8(ascii: "$") { place += 1 }
        let name = bytes[start..<place].map { byte in
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        if name == [UInt8(ascii: "e")], byte() == UInt8(ascii: "'") { return string(escapes: true) }
        // U&"…" would have to be decoded, by an escape that follows it.
        if name == [UInt8(ascii: "u")], byte() == UInt8(ascii: "&"),
            byte(1) == UInt8(ascii: "\"") || byte(1) == UInt8(ascii: "'")
        {
            return nil
        }
        return BodyTokens.cut(name).map { .word($0) }
    }

    /// The whole run: PostgreSQL may give some of its end back, never a part of its middle.
    private mutating func operatorRun() -> Token? {
        let start = place
        while let next = byte(), BodyTokens.isOperator(next), !isNext("-", "-"), !isNext("/", "*") {
            place += 1
        }
        guard place > start, place - start <= CatalogLimits.operatorRun else { return nil }
        return .operator(String(decoding: bytes[start..<place], as: UTF8.self))
    }

    /// At most 63 bytes. Where the server cuts another text depends on its encoding.
    private static func cut(_ name: [UInt8]) -> String? {
        guard name.count > nameBytes else { return String(decoding: name, as: UTF8.self) }
        guard name.allSatisfy({ $0 < 0x80 }) else { return nil }
        return String(decoding: name.prefix(nameBytes), as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func startsName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x80
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func continuesName(_ byte: UInt8) -> Bool { startsName(byte) || isDigit(byte) }

    private static func isOperator(_ byte: UInt8) -> Bool { operatorBytes.contains(byte) }

    private static let operatorBytes = Set("+-*/<>=~!@#%^&|`?".utf8)
}
