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
    /// Asks the issuer about each token at login; nil: its signature and claims are enough.
    package var introspection: Introspection?
    /// Scopes that executors are told to ask for (RFC 6749 section 3.3).
    package var scope: String

    package init(
        issuer: String, audience: [String], algorithms: [Algorithm], keys: Keys, ca: String?,
        types: [String]?, claims: [String: [String]], keysMaxAge: Duration, keysRefresh: Duration,
        introspection: Introspection? = nil, scope: String = "openid"
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
        self.introspection = introspection
        self.scope = scope
    }
}

/// Token introspection (RFC 7662): how an issuer is asked whether a token is still active.
package struct Introspection: Sendable, Hashable {
    /// What an issuer that does not answer means for a login.
    package enum Failure: String, Sendable, Hashable, CaseIterable { case refuse, allow }
    /// An https URL, or http on loopback.
    package var endpoint: String
    /// What the gateway names itself with (HTTP Basic, RFC 6749 section 2.3.1).
    package var clientID: String
    package var clientSecret: Secret
    /// How long `active: true` is remembered; never beyond the token's `exp`. `Duration.zero`: not at all.
    package var cache: Duration
    package var onError: Failure

    package init(
        endpoint: String, clientID: String, clientSecret: Secret, cache: Duration, onError: Failure
    ) {
        self.endpoint = endpoint
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.cache = cache
        self.onError = onError
    }
}

extension Issuer {
    /// Where its discovery document lies: a closing slash is dropped, the rest appended (OpenID Connect Discovery section
    /// 4.1).
    package var discoveryDocument: String {
        (issuer.utf8.last == UInt8(ascii: "/") ? String(issuer.dropLast()) : issuer)
            + "/.well-known/openid-configuration"
    }
}

extension Configuration {
    /// The one that executors are sent to for a token: the first whose discovery document the gateway itself reads, else
    /// the first.
    package var discoveryIssuer: Issuer? { issuers.first { $0.keys == .discovery } ?? issuers.first }
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
