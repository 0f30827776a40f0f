import GatewayPolicy

/// What a JSON text did wrong.
package enum JSONMistake: Error, Hashable, Sendable {
    case syntax
    case duplicateName
    /// Bytes that are not UTF-8, a lone surrogate, or a raw control character in a string.
    case text
    case tooDeep
    case number
    case trailingBytes

    /// A half sentence that goes behind "its JSON …".
    package var description: String {
        switch self {
        case .syntax: "does not follow RFC 8259"
        case .duplicateName: "names a member twice"
        case .text: "holds text that is not valid Unicode"
        case .tooDeep: "is nested deeper than \(StrictJSON.depthLimit) levels"
        case .number: "holds a number that is out of range"
        case .trailingBytes: "is followed by further bytes"
        }
    }
}

/// A JSON reader (RFC 8259) for texts that an enemy may have written: two parsers that disagree about the
/// same bytes are how a token gets to mean two things, so everything ambiguous is refused: names given twice,
/// invalid UTF-8, lone surrogates, numbers that no Int64 or Double holds, bytes after the value. Nesting is
/// bounded.
package struct StrictJSON {
    /// Arrays and objects inside each other, the outermost counted.
    package static let depthLimit = 16
    /// Bytes of one number; the longest a Double needs are 24.
    package static let numberLimit = 64

    private let bytes: [UInt8]
    private var position = 0

    /// One JSON value and nothing behind it.
    package static func parse(_ bytes: [UInt8]) throws(JSONMistake) -> ClaimValue {
        // With the whole text known to be UTF-8, any stretch between ASCII delimiters is as well.
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .text }
        var reader = StrictJSON(bytes: bytes)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw .trailingBytes }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONMistake) -> ClaimValue {
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some(let byte) where byte == UInt8(ascii: "-") || Self.isDigit(byte): return try number()
        case .some, .none: throw .syntax
        }
    }

    private mutating func word(_ text: StaticString, _ value: ClaimValue) throws(JSONMistake) -> ClaimValue {
        for byte in text.description.utf8 {
            guard take(byte) else { throw .syntax }
        }
        return value
    }

    private mutating func object(depth: Int) throws(JSONMistake) -> ClaimValue {
        guard depth <= Self.depthLimit else { throw .tooDeep }
        position += 1
        var members: [String: ClaimValue] = [:]
        skipSpace()
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw .syntax }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw .syntax }
            skipSpace()
            let value = try value(depth: depth)
            // Names that are only canonically equivalent count as the same: Swift's dictionary could not hold
            // both.
            guard members.updateValue(value, forKey: name) == nil else { throw .duplicateName }
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw .syntax }
        }
    }

    private mutating func array(depth: Int) throws(JSONMistake) -> ClaimValue {
        guard depth <= Self.depthLimit else { throw .tooDeep }
        position += 1
        var values: [ClaimValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return .array(values) }
        while true {
            skipSpace()
            values.append(try value(depth: depth))
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(values) }
            guard take(UInt8(ascii: ",")) else { throw .syntax }
        }
    }

    private mutating func string() throws(JSONMistake) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw .text
            default: text.append(byte)
            }
        }
        throw .syntax
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONMistake) {
        guard let byte = next else { throw .syntax }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let first = try hexadecimal()
            var code = first
            if (0xd800..<0xdc00).contains(first) {
                guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw .text }
                let second = try hexadecimal()
                guard (0xdc00..<0xe000).contains(second) else { throw .text }
                code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            // A low surrogate that nothing preceded is no scalar.
            guard let scalar = Unicode.Scalar(code) else { throw .text }
            text.append(contentsOf: String(Character(scalar)).utf8)
        default: throw .syntax
        }
    }

    private mutating func hexadecimal() throws(JSONMistake) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw .syntax }
            position += 1
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                code = code << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                code = code << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw .syntax
            }
        }
        return code
    }

    private mutating func number() throws(JSONMistake) -> ClaimValue {
        let start = position
        var whole = true
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) {
            whole = false
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            whole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        guard position - start <= Self.numberLimit else { throw .number }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if whole {
            guard let integer = Int64(text) else { throw .number }
            return .integer(integer)
        }
        guard let number = Double(text), number.isFinite else { throw .number }
        return .number(number)
    }

    private mutating func digits() throws(JSONMistake) {
        guard let first = next, Self.isDigit(first) else { throw .syntax }
        while let byte = next, Self.isDigit(byte) { position += 1 }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
