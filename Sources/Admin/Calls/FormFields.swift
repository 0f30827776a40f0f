/// Fields of a query or of a form's body: application/x-www-form-urlencoded, as the URL Standard has it.
package struct FormFields: Sendable, Hashable {
    /// Fields that are read; more is a mistake.
    package static let limit = 64

    /// By name. One that stands twice is a mistake: nobody can tell which is meant.
    package private(set) var values: [String: String] = [:]

    /// Nil where it is no such text: a wrong escape, no UTF-8, a name twice, too many fields.
    package init?(_ text: some StringProtocol) {
        for field in text.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard values.count < FormFields.limit, let name = FormFields.decoded(parts[0], isForm: true),
                let value = FormFields.decoded(parts.count > 1 ? parts[1] : "", isForm: true),
                values.updateValue(value, forKey: name) == nil
            else { return nil }
        }
    }

    package subscript(_ name: String) -> String? { values[name] }

    /// What an escaped text means; nil where it has a wrong escape, or is no UTF-8.
    ///
    /// - Parameter isForm: `+` is a space.
    package static func decoded(_ text: some StringProtocol, isForm: Bool = false) -> String? {
        var out: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case 0x25:
                guard let high = bytes.next().flatMap(digit), let low = bytes.next().flatMap(digit) else {
                    return nil
                }
                out.append(high << 4 | low)
            case 0x2b where isForm: out.append(0x20)
            default: out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    /// A text as it may stand in a query or a path's step: all but letters, digits and `-._` escaped.
    package static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f:
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                out += "%" + hex(byte >> 4) + hex(byte & 15)
            }
        }
        return out
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    private static func hex(_ value: UInt8) -> String { String(value, radix: 16, uppercase: true) }
}
