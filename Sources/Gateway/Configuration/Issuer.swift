/// An OpenID provider whose tokens are accepted.
package struct Issuer: Sendable, Hashable {
    package enum Keys: Sendable, Hashable {
        /// OIDC Discovery: `issuer` + `/.well-known/openid-configuration`.
        case discovery
        case url(String)
        case file(String)
    }
    /// `iss`, compared byte for byte.
    package var issuer: String
    package var audience: [String]
    package var algorithms: [Algorithm]
    package var keys: Keys
    /// PEM file of the CA that signed the provider's TLS certificate; nil: the system's.
    package var ca: String?
    /// Accepted `typ` values in lower case; default `jwt`, `at+jwt`. An absent `typ` is accepted with the
    /// default.
    package var types: [String]?
    /// Names to claim paths; at least `subject`.
    package var claims: [String: [String]]
    /// How long known keys serve while the provider cannot be reached; how old they get before a refresh.
    package var keysMaxAge: Duration
    package var keysRefresh: Duration

    package init(
        issuer: String, audience: [String], algorithms: [Algorithm], keys: Keys, ca: String?,
        types: [String]?, claims: [String: [String]], keysMaxAge: Duration, keysRefresh: Duration
    ) {
        self.issuer = issuer
        self.audience = audience
        self.algorithms = algorithms
        self.keys = keys
        self.ca = ca
        self.types = types
        self.claims = claims
        self.keysMaxAge = keysMaxAge
        self.keysRefresh = keysRefresh
    }
}

/// JWS algorithms (RFC 7518 section 3.1, RFC 8037).
package enum Algorithm: String, Sendable, Hashable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"
}
