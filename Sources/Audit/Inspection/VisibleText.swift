/// Text as a person may safely see it on a terminal: controls, line and paragraph separators and
/// bidirectional controls are shown as escapes and do nothing.
package enum VisibleText {
    package static func of(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            case "\r": out += "\\r"
            default:
                if isHidden(scalar) {
                    out += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        return out
    }

    /// A line of JSON with what a terminal could take for an order escaped (inside strings it means the
    /// same).
    package static func ofJSON(_ line: [UInt8]) -> String {
        var out: [UInt8] = []
        for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
            if isHidden(scalar) {
                out.append(contentsOf: Array("\\u".utf8))
                for shift: UInt32 in [12, 8, 4, 0] {
                    out.append(JSONText.hexDigit(UInt8(truncatingIfNeeded: scalar.value >> shift & 0x0f)))
                }
            } else {
                out.append(contentsOf: Array(String(Character(scalar)).utf8))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// A control, a line or paragraph separator, or what changes the direction of a text.
    package static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f..<0xa0, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }
}
