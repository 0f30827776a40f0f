/// The client's response of SASL OAUTHBEARER (RFC 7628 section 3.1), read as PostgreSQL 18 reads it and a little more
/// strictly: no key may stand twice, so that nobody can read another token out of it than the gateway does.
package struct OAuthBearerMessage: Equatable, Sendable {
    /// What stands under `auth`.
    package enum Authorization: Equatable, Sendable {
        /// Nothing: the client asks where tokens come from (RFC 7628 section 4.3).
        case none
        /// The token of `Bearer` (RFC 6750 section 2.1), never empty.
        case bearer([UInt8])
        /// Another scheme, or what is no token.
        case unusable
    }

    package let authorization: Authorization

    /// Ends each pair, and once more the message.
    static let separator: UInt8 = 0x01
    private static let scheme = Array("bearer".utf8)

    /// Reads a whole message. Keys other than `auth` are not looked at: `host` and `port` are what the client was told, and
    /// a gateway behind an address translation knows them not.
    package init(decoding bytes: [UInt8]) throws(OAuthBearerMistake) {
        var rest = try OAuthBearerMessage.pairs(of: bytes)
        var keys: [ArraySlice<UInt8>] = []
        var authorization: Authorization?
        while let first = rest.first, first != OAuthBearerMessage.separator {
            guard let end = rest.firstIndex(of: OAuthBearerMessage.separator) else { throw .unterminated }
            let (key, value) = try OAuthBearerMessage.pair(rest[..<end])
            guard keys.count < WireLimits.oauthPairs else { throw .tooManyKeys }
            guard !keys.contains(key) else { throw .repeatedKey }
            keys.append(key)
            if key.elementsEqual("auth".utf8) { authorization = OAuthBearerMessage.authorization(value) }
            rest = rest[(end + 1)...]
        }
        guard !rest.isEmpty else { throw .unterminated }
        guard rest.count == 1 else { throw .trailingBytes }
        guard let authorization else { throw .authorizationMissing }
        self.authorization = authorization
    }

    /// What lies behind the GS2 header (RFC 5801 section 4), whose channel binding and authorization identity are taken from
    /// nobody: there is no OAUTHBEARER-PLUS, and who somebody is says the token.
    private static func pairs(of bytes: [UInt8]) throws(OAuthBearerMistake) -> ArraySlice<UInt8> {
        guard let flag = bytes.first else { throw .empty }
        switch flag {
        case UInt8(ascii: "n"), UInt8(ascii: "y"): break
        case UInt8(ascii: "p"): throw .channelBinding
        default: throw .header
        }
        guard bytes.dropFirst().first == UInt8(ascii: ",") else { throw .header }
        let identity = bytes.dropFirst(2)
        if identity.first == UInt8(ascii: "a") { throw .authorizationIdentity }
        guard identity.first == UInt8(ascii: ","), identity.dropFirst().first == separator else {
            throw .header
        }
        return identity.dropFirst(2)
    }

    /// `key=value`: letters, then printable characters, tabs and line ends.
    private static func pair(
        _ bytes: ArraySlice<UInt8>
    ) throws(OAuthBearerMistake) -> (ArraySlice<UInt8>, ArraySlice<UInt8>) {
        guard let equals = bytes.firstIndex(of: UInt8(ascii: "=")) else { throw .pair }
        let key = bytes[..<equals]
        let value = bytes[(equals + 1)...]
        guard !key.isEmpty, key.allSatisfy({ isLetter($0) }) else { throw .pair }
        guard value.allSatisfy({ (0x20...0x7e).contains($0) || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d })
        else { throw .pair }
        return (key, value)
    }

    /// The scheme in any case, one or more spaces, the token (RFC 9110 section 11.4, RFC 6750 section 2.1).
    private static func authorization(_ value: ArraySlice<UInt8>) -> Authorization {
        guard !value.isEmpty else { return .none }
        let name = value.prefix(scheme.count).map { isLetter($0) ? $0 | 0x20 : $0 }
        guard name == scheme, value.dropFirst(scheme.count).first == 0x20 else { return .unusable }
        let token = value.dropFirst(scheme.count).drop { $0 == 0x20 }
        let body = token.prefix { isTokenByte($0) }
        guard !body.isEmpty, token.dropFirst(body.count).allSatisfy({ $0 == UInt8(ascii: "=") }) else {
            return .unusable
        }
        return .bearer(Array(token))
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || (0x30...0x39).contains(byte) || "-._~+/".utf8.contains(byte)
    }
}

/// Why a message of OAUTHBEARER cannot be read. The connection ends with it.
package enum OAuthBearerMistake: Error, Equatable, Sendable, CaseIterable {
    /// The frame itself is no SASLInitialResponse.
    case frame
    /// A mechanism that was not offered.
    case mechanism
    case empty
    case header
    case channelBinding
    case authorizationIdentity
    case pair
    case repeatedKey
    case tooManyKeys
    case unterminated
    case trailingBytes
    case authorizationMissing
    /// Behind an error something else than the one byte that acknowledges it.
    case acknowledgement
}
