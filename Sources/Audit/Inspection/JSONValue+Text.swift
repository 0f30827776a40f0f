extension JSONValue {
    /// The value as JSON text without spaces or line breaks, as records have it.
    package var compact: [UInt8] {
        var out: [UInt8] = []
        append(to: &out)
        return out
    }

    private func append(to out: inout [UInt8]) {
        switch self {
        case .null, .bool, .number, .string: append(to: &out, indent: 0)
        case .list(let values):
            out.append(0x5b)
            for (at, value) in values.enumerated() {
                if at > 0 { out.append(0x2c) }
                value.append(to: &out)
            }
            out.append(0x5d)
        case .object(let members):
            out.append(0x7b)
            for (at, member) in members.enumerated() {
                if at > 0 { out.append(0x2c) }
                JSONText.appendQuoted(member.name.utf8.span, to: &out)
                out.append(0x3a)
                member.value.append(to: &out)
            }
            out.append(0x7d)
        }
    }

    /// The value as JSON text for people: a member a line, two spaces a level.
    package var indented: [UInt8] {
        var out: [UInt8] = []
        append(to: &out, indent: 0)
        return out
    }

    private func append(to out: inout [UInt8], indent: Int) {
        switch self {
        case .null: JSONText.append(plain: "null", to: &out)
        case .bool(let value): JSONText.append(plain: value ? "true" : "false", to: &out)
        case .number(let text): out += Array(text.utf8)
        case .string(let text): JSONText.appendQuoted(text.utf8.span, to: &out)
        case .list(let values):
            JSONValue.append(values, 0x5b, 0x5d, to: &out, indent: indent) { value, out in
                value.append(to: &out, indent: indent + 2)
            }
        case .object(let members):
            JSONValue.append(members, 0x7b, 0x7d, to: &out, indent: indent) { member, out in
                JSONText.appendQuoted(member.name.utf8.span, to: &out)
                JSONText.append(plain: ": ", to: &out)
                member.value.append(to: &out, indent: indent + 2)
            }
        }
    }

    private static func append<Element>(
        _ elements: [Element], _ opening: UInt8, _ closing: UInt8, to out: inout [UInt8], indent: Int,
        append: (Element, inout [UInt8]) -> Void
    ) {
        out.append(opening)
        for (at, element) in elements.enumerated() {
            if at > 0 { out.append(0x2c) }
            newline(to: &out, indent: indent + 2)
            append(element, &out)
        }
        if !elements.isEmpty { newline(to: &out, indent: indent) }
        out.append(closing)
    }

    private static func newline(to out: inout [UInt8], indent: Int) {
        out.append(0x0a)
        out += [UInt8](repeating: 0x20, count: indent)
    }
}
