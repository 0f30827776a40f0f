import GatewayPolicy

/// Why a token is refused: one case for each check. Nothing in it comes from the token but lengths, so that
/// its texts are safe wherever they go.
package enum TokenRefusal: Error, Sendable, Hashable {
    /// The parts of a compact JWS (RFC 7515 section 3.1).
    package enum Part: String, Sendable, Hashable, CaseIterable { case header, payload, signature }

    package enum Malformation: Sendable, Hashable {
        case tooManyParts
        /// Five parts: JWE.
        case encrypted
        /// `cty: JWT` (RFC 7519 section 5.2).
        case nested
        case encoding(Part)
        case json(Part, JSONMistake)
        case notAnObject(Part)
        case keyID
        /// `b64` (RFC 7797) or `zip`.
        case transformed
        /// `auth` of OAUTHBEARER is another scheme, or holds what no token can.
        case authorization
    }

    package enum Cut: Sendable, Hashable {
        case parts(found: Int)
        case signature
    }

    package enum TimeClaim: String, Sendable, Hashable, CaseIterable { case exp, nbf, iat }

    package enum NamedClaim: String, Sendable, Hashable, CaseIterable { case subject, planner, task, jti }

    package enum ClaimMistake: Sendable, Hashable, CaseIterable {
        case missing, notString, empty, tooLong, unprintable
    }

    /// No token at all.
    case missing
    case tooLong(limit: Int)
    /// What a token looks like of which only the first bytes came.
    case truncated(bytes: Int, Cut)
    case malformed(Malformation)
    /// `iss` is missing or names, byte for byte, none of the configuration's issuers.
    case unknownIssuer
    case algorithm
    case type
    case critical
    case audience
    case timeMissing(TimeClaim)
    case timeMalformed(TimeClaim)
    case expired
    case notYetValid
    case issuedInFuture
    case claim(NamedClaim, ClaimMistake)
    case logoutToken
    /// `authorization_details` cannot be read (RFC 9396).
    case authorizationDetails(AuthorizationDetailsMistake)
    /// `cnf` is no object, or its `x5t#S256` no thumbprint (RFC 7800 section 3.1, RFC 8705 section 3.1).
    case confirmation
    case unknownKey
    /// The key that `kid` names is not for the header's algorithm.
    case keyUnfit
    /// Several keys would do, and the token does not say which.
    case keyAmbiguous
    case signature
    /// The provider's fault, not the executor's: 08006 instead of 28P01.
    case keysUnavailable
    /// The issuer says that the token is not active (RFC 7662).
    case inactive
    /// The issuer was asked whether the token is active and did not say: 08006 instead of 28P01.
    case introspectionUnavailable

    /// True for what retrying may heal without a new token: SQLSTATE 08006.
    package var isProviderUnavailable: Bool { self == .keysUnavailable || self == .introspectionUnavailable }
}

extension TokenRefusal {
    /// A short, fixed name of the check that failed, for metrics and tests.
    package var check: String {
        switch self {
        case .missing: "missing"
        case .tooLong: "length"
        case .truncated: "truncated"
        case .malformed: "form"
        case .unknownIssuer: "iss"
        case .algorithm: "alg"
        case .type: "typ"
        case .critical: "crit"
        case .audience: "aud"
        case .timeMissing(let claim), .timeMalformed(let claim): claim.rawValue
        case .expired: "exp"
        case .notYetValid: "nbf"
        case .issuedInFuture: "iat"
        case .claim(let claim, _): claim.rawValue
        case .logoutToken: "events"
        case .authorizationDetails: AuthorizationDetails.claim
        case .confirmation: "cnf"
        case .unknownKey: "kid"
        case .keyUnfit, .keyAmbiguous: "key"
        case .signature: "signature"
        case .keysUnavailable: "keys"
        case .inactive, .introspectionUnavailable: "introspection"
        }
    }

    /// One sentence for DETAIL that names the check.
    package var detail: String {
        switch self {
        case .missing: "No token was given as the password."
        case .tooLong(let limit): "The token is longer than \(limit) bytes (limits.token)."
        case .truncated(let bytes, .parts(let found)):
            "The token of \(bytes) bytes has \(found == 1 ? "one part" : "two parts") instead of three."
        case .truncated(let bytes, .signature): "The signature of the token of \(bytes) bytes is not whole."
        case .malformed(let malformation): malformation.detail
        case .unknownIssuer: "The token's issuer (iss) is none of those configured."
        case .algorithm: "The token's algorithm (alg) is none of those configured for its issuer."
        case .type: "The token's type (typ) is none of those accepted from its issuer."
        case .critical: "The token's header demands extensions (crit) that are not supported."
        case .audience: "The token's audience (aud) does not hold the one configured for its issuer."
        case .timeMissing(let claim): "The token has no \(claim.rawValue) claim."
        case .timeMalformed(let claim):
            "The token's \(claim.rawValue) claim is not a number of seconds between the years 1970 and 9999."
        case .expired: "The token has expired (exp)."
        case .notYetValid: "The token is not valid yet (nbf)."
        case .issuedInFuture: "The token says it was issued in the future (iat)."
        case .claim(let claim, let mistake): "The token's \(claim.rawValue) \(mistake.detail)."
        case .logoutToken: "The token is a logout token (events), which is no proof of identity."
        case .authorizationDetails(let mistake): "The token's authorization_details \(mistake.detail)."
        case .confirmation:
            "The token's confirmation (cnf) is not an object, or its x5t#S256 is not the digest of a certificate."
        case .unknownKey: "The token's issuer does not publish the key that would have signed it (kid)."
        case .keyUnfit: "The key that the token names (kid) is not for its algorithm (alg)."
        case .keyAmbiguous:
            "Several keys of the token's issuer fit its algorithm, and the token names none of them (kid)."
        case .signature: "The token's signature does not match the issuer's key."
        case .keysUnavailable: "The identity provider's keys cannot be had, so the token cannot be verified."
        case .inactive: "The token's issuer says that it is not active (introspection)."
        case .introspectionUnavailable:
            "The token's issuer does not say whether it is active (introspection)."
        }
    }

    /// One sentence for HINT that says what to do.
    package var hint: String {
        switch self {
        case .missing:
            "Give the OIDC token as the password: PGPASSWORD, .pgpass, or the driver's password callback."
        case .truncated:
            "Something on the way may have cut the token: usual limits are 990 bytes (odbc.ini), 996, 1023 and "
                + "2047 (other poolers, older libraries) and 4095 (terminal prompts). Use PGPASSWORD, .pgpass, or "
                + "the driver's password callback."
        case .tooLong: "Ask the identity provider for a token with fewer claims, or raise limits.token."
        case .malformed: "Give the signed token (JWS, three parts joined by dots) as the provider issued it."
        case .expired, .inactive: "Get a new token and connect again."
        case .notYetValid, .issuedInFuture: "Compare the clocks of the gateway and the identity provider."
        case .keysUnavailable: "Try again in a moment; if it persists, see the gateway's /readyz."
        case .introspectionUnavailable: "Try again in a moment; if it persists, tell the operator."
        case .audience: "Ask the identity provider for a token meant for this gateway."
        case .unknownKey:
            "Get a new token from the configured issuer; if this one is new, try again in 30 s: keys are fetched "
                + "no oftener."
        case .signature:
            "Get a new token from the configured issuer; its keys may have changed since this one was signed."
        case .authorizationDetails:
            "Entries of type domicile may have databases, regions, roles, access and forbid, as docs/policy.md says."
        case .unknownIssuer, .algorithm, .type, .critical, .timeMissing, .timeMalformed, .claim, .logoutToken,
            .keyUnfit, .keyAmbiguous, .confirmation:
            "Compare the token's header and claims with the issuer's entry in the gateway's configuration."
        }
    }

    /// Whether the hint speaks of a token that was cut.
    package var suggestsTruncation: Bool {
        if case .truncated = self { true } else { false }
    }
}

extension TokenRefusal.Malformation {
    package var detail: String {
        switch self {
        case .tooManyParts: "The token has more than three parts."
        case .encrypted: "The token is encrypted (JWE)."
        case .nested: "The token holds another token (cty)."
        case .encoding(let part): "The token's \(part.rawValue) is not base64url without padding."
        case .json(let part, let mistake):
            "The token's \(part.rawValue) is refused: its JSON \(mistake.description)."
        case .notAnObject(let part): "The token's \(part.rawValue) is not a JSON object."
        case .keyID: "The token's key name (kid) is not a string of at most \(TokenHeader.keyIDLimit) bytes."
        case .authorization: "The auth value of OAUTHBEARER is not Bearer and a token."
        case .transformed: "The token's header asks for an encoding (b64, zip) that is not supported."
        }
    }
}

extension AuthorizationDetailsMistake {
    fileprivate var detail: String {
        switch self {
        case .notAList: "are not a list"
        case .tooManyEntries: "have more than \(AuthorizationDetails.entryLimit) entries"
        case .untyped: "have an entry that is no object with a type"
        case .unknownMember: "have an entry of type domicile with a member that is not known"
        case .value(let member):
            "have an entry of type domicile whose \(member.rawValue) \(member == .access ? "is" : "are") none that can be "
                + "understood"
        }
    }
}

extension TokenRefusal.ClaimMistake {
    fileprivate var detail: String {
        switch self {
        case .missing: "is missing"
        case .notString: "is not a string"
        case .empty: "is empty"
        case .tooLong: "is longer than \(TokenClaims.nameLimit) bytes"
        case .unprintable:
            "holds characters that cannot be printed, or is not in Unicode normalization form C"
        }
    }
}
