import GatewayConfiguration
import GatewayPolicy

/// A JWS in compact form (RFC 7515 section 7.1), taken apart and read, nothing of it believed yet.
struct CompactToken {
    let header: TokenHeader
    let claims: [String: ClaimValue]
    /// What the signature covers: header, dot, payload, as they came (RFC 7515 section 5.2).
    let signingInput: ArraySlice<UInt8>
    let signature: [UInt8]
    /// Bytes of the whole token.
    let length: Int

    init(_ token: [UInt8], limit: Int) throws(TokenRefusal) {
        guard !token.isEmpty else { throw .missing }
        guard token.count <= limit else { throw .tooLong(limit: limit) }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        switch parts.count {
        case 3: break
        case ..<3: throw .truncated(bytes: token.count, .parts(found: parts.count))
        case 5: throw .malformed(.encrypted)
        default: throw .malformed(.tooManyParts)
        }
        header = try TokenHeader(Self.object(parts[0], .header))
        claims = try Self.object(parts[1], .payload)
        do {
            signature = try Base64URL.decode(parts[2])
        } catch {
            switch error {
            case .alphabet: throw .malformed(.encoding(.signature))
            case .cut: throw .truncated(bytes: token.count, .signature)
            }
        }
        signingInput = token[..<parts[1].endIndex]
        length = token.count
    }

    /// One part as a JSON object.
    static func object(
        _ text: ArraySlice<UInt8>, _ part: TokenRefusal.Part
    ) throws(TokenRefusal) -> [String: ClaimValue] {
        let bytes: [UInt8]
        do {
            bytes = try Base64URL.decode(text)
        } catch {
            throw .malformed(.encoding(part))
        }
        let value: ClaimValue
        do {
            value = try StrictJSON.parse(bytes)
        } catch {
            throw .malformed(.json(part, error))
        }
        guard case .object(let members) = value else { throw .malformed(.notAnObject(part)) }
        return members
    }
}

/// What is read of a JOSE header: `alg`, `kid` and `typ`. `jwk`, `jku`, `x5u`, `x5c` and whatever else an
/// enemy may write there are never looked at (RFC 8725 section 3.10).
struct TokenHeader {
    /// Bytes of a `kid`.
    static let keyIDLimit = 256

    /// `alg` as it came; nil where it is missing or no string.
    let algorithm: String?
    /// `kid` as bytes: only ever compared, byte for byte.
    let keyID: [UInt8]?
    /// `typ` in lower case without `application/`; nil where it is absent.
    let type: String?

    init(_ members: [String: ClaimValue]) throws(TokenRefusal) {
        guard members["crit"] == nil else { throw .critical }
        guard members["b64"] == nil, members["zip"] == nil else { throw .malformed(.transformed) }
        if case .string(let name) = members["alg"] { algorithm = name } else { algorithm = nil }
        switch members["kid"] {
        case nil: keyID = nil
        case .string(let name) where name.utf8.count <= Self.keyIDLimit: keyID = Array(name.utf8)
        case .some: throw .malformed(.keyID)
        }
        switch members["typ"] {
        case nil: type = nil
        case .string(let name): type = MediaType.normalized(name)
        case .some: throw .type
        }
        if case .string(let content) = members["cty"], MediaType.normalized(content) == "jwt" {
            throw .malformed(.nested)
        }
    }

    /// The configured algorithm that `alg` names exactly, if any (RFC 8725 section 3.1).
    func algorithm(among configured: [Algorithm]) -> Algorithm? {
        guard let algorithm else { return nil }
        return configured.first { $0.rawValue.utf8.elementsEqual(algorithm.utf8) }
    }

    /// Whether `typ` is one the issuer's entry accepts (RFC 8725 section 3.11, RFC 9068 section 2.1).
    func typeAccepted(by configured: [String]?) -> Bool {
        guard let configured else { return type == nil || type == "jwt" || type == "at+jwt" }
        guard let type else { return false }
        return configured.contains { MediaType.normalized($0).utf8.elementsEqual(type.utf8) }
    }
}

/// Media types as `typ` and `cty` shorten them (RFC 7515 section 4.1.9).
enum MediaType {
    static func normalized(_ name: String) -> String {
        let lower = name.utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 + 0x20 : $0 }
        let prefix = Array("application/".utf8)
        return String(
            decoding: lower.starts(with: prefix) ? lower.dropFirst(prefix.count) : lower[...], as: UTF8.self)
    }
}
