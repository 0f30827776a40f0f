/// A JSON text (RFC 8259), read strictly: no duplicate names, no raw controls, valid UTF-8, one value.
package enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    /// The number as it is written.
    case number(String)
    case string(String)
    case list([JSONValue])
    /// Members in their order.
    case object([Member])

    package struct Member: Sendable, Equatable {
        package let name: String
        package let value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// Deepest nesting that is read.
    static let depthLimit = 32

    /// Nil where the bytes are no JSON.
    package init?(_ bytes: some Collection<UInt8>) {
        var reader = Reader(bytes: Array(bytes))
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = value
    }

    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var unsigned: UInt64? {
        guard case .number(let text) = self else { return nil }
        return UInt64(text)
    }

    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    package var list: [JSONValue]? {
        guard case .list(let values) = self else { return nil }
        return values
    }
}

extension JSONValue {
    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool {
            mutating get {
                skipSpace()
                return at == bytes.count
            }
        }

        private mutating func skipSpace() {
            while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
        }

        private mutating func take(_ byte: UInt8) -> Bool {
            skipSpace()
            guard at < bytes.count, bytes[at] == byte else { return false }
            at += 1
            return true
        }

        private mutating func take(word: StaticString) -> Bool {
            let end = at + word.utf8CodeUnitCount
            guard end <= bytes.count, word.withUTF8Buffer({ $0.elementsEqual(bytes[at..<end]) }) else {
                return false
            }
            at = end
            return true
        }

        mutating func value(depth: Int) -> JSONValue? {
            skipSpace()
            guard depth < JSONValue.depthLimit, at < bytes.count else { return nil }
            switch bytes[at] {
            case 0x7b: return object(depth: depth)
            case 0x5b: return list(depth: depth)
            case 0x22: return text().map { .string($0) }
            case 0x74: return take(word: "true") ? .bool(true) : nil
            case 0x66: return take(word: "false") ? .bool(false) : nil
            case 0x6e: return take(word: "null") ? .null : nil
            default: return number()
            }
        }

        private mutating func object(depth: Int) -> JSONValue? {
            at += 1
            var members: [Member] = []
            var names: Set<String> = []
            if take(0x7d) { return .object([]) }
            repeat {
                skipSpace()
                guard let name = text(), names.insert(name).inserted, take(0x3a),
                    let value = value(depth: depth + 1)
                else { return nil }
                members.append(Member(name: name, value: value))
            } while take(0x2c)
            return take(0x7d) ? .object(members) : nil
        }

        private mutating func list(depth: Int) -> JSONValue? {
            at += 1
            var values: [JSONValue] = []
            if take(0x5d) { return .list([]) }
            repeat {
                guard let value = value(depth: depth + 1) else { return nil }
                values.append(value)
            } while take(0x2c)
            return take(0x5d) ? .list(values) : nil
        }

        private mutating func number() -> JSONValue? {
            let from = at
            if at < bytes.count, bytes[at] == 0x2d { at += 1 }
            let whole = digits()
            guard whole > 0, whole == 1 || bytes[at - whole] != 0x30 else { return nil }
            if at < bytes.count, bytes[at] == 0x2e {
                at += 1
                guard digits() > 0 else { return nil }
            }
            if at < bytes.count, bytes[at] | 0x20 == 0x65 {
                at += 1
                if at < bytes.count, bytes[at] == 0x2b || bytes[at] == 0x2d { at += 1 }
                guard digits() > 0 else { return nil }
            }
            return .number(String(decoding: bytes[from..<at], as: UTF8.self))
        }

        private mutating func digits() -> Int {
            let from = at
            while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
            return at - from
        }

        private mutating func text() -> String? {
            guard at < bytes.count, bytes[at] == 0x22 else { return nil }
            at += 1
            var out: [UInt8] = []
            var run = at
            while at < bytes.count {
                let byte = bytes[at]
                if byte == 0x22 {
                    out.append(contentsOf: bytes[run..<at])
                    at += 1
                    return String(validating: out, as: UTF8.self)
                }
                if byte == 0x5c {
                    out.append(contentsOf: bytes[run..<at])
                    guard let scalar = escape() else { return nil }
                    out.append(contentsOf: Array(String(Character(scalar)).utf8))
                    run = at
                } else {
                    guard byte >= 0x20 else { return nil }
                    at += 1
                }
            }
            return nil
        }

        private mutating func escape() -> Unicode.Scalar? {
            at += 1
            guard at < bytes.count else { return nil }
            let kind = bytes[at]
            at += 1
            switch kind {
            case 0x22, 0x5c, 0x2f: return Unicode.Scalar(kind)
            case 0x62: return "\u{08}"
            case 0x66: return "\u{0c}"
            case 0x6e: return "\n"
            case 0x72: return "\r"
            case 0x74: return "\t"
            case 0x75: break
            default: return nil
            }
            guard let first = hex() else { return nil }
            guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
            guard at + 1 < bytes.count, bytes[at] == 0x5c, bytes[at + 1] == 0x75 else { return nil }
            at += 2
            guard let second = hex(), (0xdc00..<0xe000).contains(second) else { return nil }
            return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        }

        private mutating func hex() -> UInt32? {
            guard at + 4 <= bytes.count else { return nil }
            var value: UInt32 = 0
            for byte in bytes[at..<(at + 4)] {
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
                value = value << 4 | UInt32(digit)
            }
            at += 4
            return value
        }
    }
}
