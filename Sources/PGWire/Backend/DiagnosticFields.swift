/// The fields of ErrorResponse and NoticeResponse, in the order they came. Fields of unknown types are kept:
/// new ones may come (protocol, "Error and Notice Message Fields").
package struct DiagnosticFields: Equatable, Sendable {
    /// The types that the protocol defines.
    package enum Code: UInt8, Sendable {
        /// In the session's language.
        case localizedSeverity = 0x53  // S
        /// Never translated.
        case severity = 0x56  // V
        case sqlstate = 0x43  // C
        case message = 0x4d  // M
        case detail = 0x44  // D
        case hint = 0x48  // H
        case position = 0x50  // P
        case internalPosition = 0x70  // p
        case internalQuery = 0x71  // q
        case context = 0x57  // W
        case schema = 0x73  // s
        case table = 0x74  // t
        case column = 0x63  // c
        case dataType = 0x64  // d
        case constraint = 0x6e  // n
        case file = 0x46  // F
        case line = 0x4c  // L
        case routine = 0x52  // R
    }

    package struct Field: Equatable, Sendable {
        package let code: UInt8
        package let value: [UInt8]

        package init(code: UInt8, value: [UInt8]) {
            self.code = code
            self.value = value
        }

        package init(_ code: Code, _ text: String) {
            self.init(code: code.rawValue, value: Array(text.utf8))
        }
    }

    package let fields: [Field]

    package init(fields: [Field]) {
        self.fields = fields
    }

    /// What the gateway itself says. Texts are cut at a NUL, which no string of the protocol can hold.
    package init(
        severity: String, sqlstate: String, message: String, detail: String? = nil, hint: String? = nil
    ) {
        var fields = [
            Field(.localizedSeverity, severity), Field(.severity, severity), Field(.sqlstate, sqlstate),
            Field(.message, message),
        ]
        if let detail { fields.append(Field(.detail, detail)) }
        if let hint { fields.append(Field(.hint, hint)) }
        self.fields = fields.map { Field(code: $0.code, value: Array($0.value.prefix { $0 != 0 })) }
    }

    /// The value of the first field of this type.
    package subscript(code: Code) -> [UInt8]? {
        fields.first { $0.code == code.rawValue }?.value
    }

    /// The field as text, with bytes that are no UTF-8 replaced. From a replica: nothing to show before it is
    /// trusted.
    package func text(_ code: Code) -> String? {
        self[code].map { String(decoding: $0, as: UTF8.self) }
    }

    /// Where the value of the first field of this type stands in a body, without decoding the others; nil if
    /// none does.
    package static func value(of code: Code, in body: Span<UInt8>) throws(MessageError) -> Range<Int>? {
        var reader = MessageReader()
        while true {
            let found = try reader.uint8(body)
            if found == 0 { return nil }
            let value = try reader.string(body)
            if found == code.rawValue { return value }
        }
    }

    static func decode(_ body: Span<UInt8>) throws(MessageError) -> DiagnosticFields {
        var reader = MessageReader()
        var fields: [Field] = []
        while true {
            let code = try reader.uint8(body)
            if code == 0 { break }
            fields.append(Field(code: code, value: body.bytes(in: try reader.string(body))))
        }
        try reader.finish(body)
        return DiagnosticFields(fields: fields)
    }

    func encode(as tag: BackendTag, into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(tag.rawValue, into: &bytes) { (bytes) throws(MessageError) in
            for field in fields {
                // A type of 0 would end the list.
                guard field.code != 0 else { throw .embeddedNUL }
                bytes.append(field.code)
                try MessageWriter.append(string: field.value, to: &bytes)
            }
            bytes.append(0)
        }
    }
}
