/// The authentication requests (`R`): what the sender wants before, or that it is satisfied.
package enum Authentication: Equatable, Sendable {
    case ok
    case cleartextPassword
    /// Four bytes of salt.
    case md5Password(salt: [UInt8])
    /// The mechanisms the sender takes, the one it likes best first.
    case sasl(mechanisms: [[UInt8]])
    case saslContinue([UInt8])
    case saslFinal([UInt8])
    /// One that the gateway does not do.
    case other(Unsupported)

    package enum Unsupported: Equatable, Sendable {
        case kerberosV5, gss, gssContinue, sspi
        case unknown(Int32)
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Authentication {
        var reader = MessageReader()
        let code = try reader.int32(body)
        let request: Authentication
        switch code {
        case 0: request = .ok
        case 2: request = .other(.kerberosV5)
        case 3: request = .cleartextPassword
        case 5: request = .md5Password(salt: body.bytes(in: try reader.bytes(4, body)))
        case 7: request = .other(.gss)
        case 8:
            _ = reader.rest(body)
            request = .other(.gssContinue)
        case 9: request = .other(.sspi)
        case 10: request = .sasl(mechanisms: try mechanisms(body, &reader))
        case 11: request = .saslContinue(body.bytes(in: reader.rest(body)))
        case 12: request = .saslFinal(body.bytes(in: reader.rest(body)))
        default:
            _ = reader.rest(body)
            request = .other(.unknown(code))
        }
        try reader.finish(body)
        return request
    }

    /// Names up to an empty one.
    private static func mechanisms(_ body: Span<UInt8>, _ reader: inout MessageReader) throws(MessageError)
        -> [[UInt8]]
    {
        var names: [[UInt8]] = []
        while true {
            let name = try reader.string(body)
            if name.isEmpty { return names }
            names.append(body.bytes(in: name))
        }
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.authentication.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            MessageWriter.append(code, to: &bytes)
            switch self {
            case .ok, .cleartextPassword, .other: break
            case .md5Password(let salt):
                guard salt.count == 4 else { throw .invalidCount(salt.count) }
                bytes.append(contentsOf: salt)
            case .sasl(let mechanisms):
                for mechanism in mechanisms {
                    guard !mechanism.isEmpty else { throw .unterminatedString }
                    try MessageWriter.append(string: mechanism, to: &bytes)
                }
                bytes.append(0)
            case .saslContinue(let data), .saslFinal(let data): bytes.append(contentsOf: data)
            }
        }
    }

    private var code: Int32 {
        switch self {
        case .ok: 0
        case .cleartextPassword: 3
        case .md5Password: 5
        case .sasl: 10
        case .saslContinue: 11
        case .saslFinal: 12
        case .other(.kerberosV5): 2
        case .other(.gss): 7
        case .other(.gssContinue): 8
        case .other(.sspi): 9
        case .other(.unknown(let code)): code
        }
    }
}
