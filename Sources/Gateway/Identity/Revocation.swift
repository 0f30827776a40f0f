/// One revocation: whose tokens are not accepted any more. Issuers do not share names, so that each names one
/// (architecture.md, rule 10).
package struct Revocation: Sendable, Hashable {
    package enum Scope: Sendable, Hashable {
        /// Every token of the issuer.
        case issuer
        case subject(String)
        /// The token of this `jti`.
        case tokenID(String)
    }

    /// Bytes of an issuer's name.
    package static let issuerLimit = 2048

    package let issuer: String
    package let scope: Scope
    /// When it was said, Unix seconds. Tokens that say they were issued later stand, unless it is about a token id.
    package let time: Int64
    /// When the last token that it could match has expired, Unix seconds; nil where nobody can know.
    package let expires: Int64?

    /// Throws what is wrong with a name: no token has such a one, and so the revocation would be of nobody.
    package init(issuer: String, scope: Scope, time: Int64, expires: Int64? = nil) throws(RevocationMistake) {
        guard !issuer.isEmpty, issuer.utf8.count <= Self.issuerLimit, TokenClaims.isPlain(issuer) else {
            throw .name(.issuer)
        }
        switch scope {
        case .issuer: break
        case .subject(let name): try Self.check(name, .subject)
        case .tokenID(let name): try Self.check(name, .tokenID)
        }
        guard (0...TokenClaims.timeLimit).contains(time), expires.map({ $0 >= 0 }) ?? true else {
            throw .time
        }
        self.issuer = issuer
        self.scope = scope
        self.time = time
        self.expires = expires
    }

    private init(_ other: Revocation, expires: Int64) {
        issuer = other.issuer
        scope = other.scope
        time = other.time
        self.expires = expires
    }

    /// The same, known to be of no use any more from a time on. Only of a token is that known.
    package func expiring(at time: Int64) -> Revocation {
        switch scope {
        case .tokenID: Revocation(self, expires: max(0, time))
        case .issuer, .subject: self
        }
    }

    private static func check(_ name: String, _ what: RevocationMistake.Name) throws(RevocationMistake) {
        guard !name.isEmpty, name.utf8.count <= TokenClaims.nameLimit, TokenClaims.isPlain(name) else {
            throw .name(what)
        }
    }
}

/// Why something is no revocation.
package enum RevocationMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Name: String, Sendable, Hashable { case issuer, subject, tokenID = "token id" }
    case name(Name)
    case time

    package var description: String {
        switch self {
        case .name(let name):
            "no token has such a \(name.rawValue): expected 1 to "
                + "\(name == .issuer ? Revocation.issuerLimit : TokenClaims.nameLimit) bytes, printable and in "
                + "normalization form C"
        case .time: "the time is not between the years 1970 and 9999"
        }
    }
}
