import GatewayPolicy

/// A claim's value as JSON again.
struct ClaimJSON: Encodable {
    let value: ClaimValue

    init(_ value: ClaimValue) { self.value = value }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch value {
        case .null: try container.encodeNil()
        case .bool(let bool): try container.encode(bool)
        case .integer(let number): try container.encode(number)
        case .number(let number): try container.encode(number)
        case .string(let text): try container.encode(text)
        case .array(let values): try container.encode(values.map(ClaimJSON.init))
        case .object(let members): try container.encode(members.mapValues(ClaimJSON.init))
        }
    }
}
