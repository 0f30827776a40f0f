import GatewayConfiguration
import GatewayPolicy

/// The checks on a token's claims (RFC 7519 section 4.1, OpenID Connect Core section 3.1.3.7) under one issuer's entry,
/// each a function of its own: a login makes them in order and stops at the first that fails, `TokenTrace` makes all.
/// Time is a parameter.
struct ClaimChecks {
    private static let logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

    let claims: [String: ClaimValue]
    let issuer: Issuer
    private let allowed: Double
    private let clock: Double

    /// - Parameter now: Unix seconds.
    init(_ claims: [String: ClaimValue], issuer: Issuer, leeway: Duration, now: Int64) {
        self.claims = claims
        self.issuer = issuer
        allowed = leeway.inSeconds
        clock = Double(now)
    }

    func checkAudience() throws(TokenRefusal) {
        func ours(_ name: String) -> Bool {
            issuer.audience.contains { $0.utf8.elementsEqual(name.utf8) }
        }
        switch claims["aud"] {
        case .string(let name):
            guard ours(name) else { throw .audience }
        case .array(let values):
            var found = false
            for value in values {
                guard case .string(let name) = value else { throw .audience }
                found = found || ours(name)
            }
            guard found else { throw .audience }
        case nil, .null, .bool, .integer, .number, .object: throw .audience
        }
    }

    /// `exp`, in Unix seconds.
    func expiry() throws(TokenRefusal) -> Double {
        guard let expires = try time(.exp) else { throw .timeMissing(.exp) }
        guard clock < expires + allowed else { throw .expired }
        return expires
    }

    func checkStart() throws(TokenRefusal) {
        if let start = try time(.nbf), start > clock + allowed { throw .notYetValid }
    }

    /// `iat`, in Unix seconds.
    func issued() throws(TokenRefusal) -> Double? {
        let issued = try time(.iat)
        if let issued, issued > clock + allowed { throw .issuedInFuture }
        return issued
    }

    func checkKind() throws(TokenRefusal) {
        if case .object(let events) = claims["events"], events[Self.logoutEvent] != nil { throw .logoutToken }
    }

    func subject() throws(TokenRefusal) -> String {
        guard let subject = try name(.subject) else { throw .claim(.subject, .missing) }
        guard !subject.isEmpty else { throw .claim(.subject, .empty) }
        return subject
    }

    /// A name that goes into records, logs and settings: a bounded string of printable characters, in
    /// normalization form C, so that two subjects that print alike and compare as equal are the same bytes.
    /// Nil where absent.
    func name(_ claim: TokenRefusal.NamedClaim) throws(TokenRefusal) -> String? {
        switch value(of: claim) {
        case nil, .null: return nil
        case .string(let text):
            guard text.utf8.count <= TokenClaims.nameLimit else { throw .claim(claim, .tooLong) }
            guard TokenClaims.isPlain(text) else { throw .claim(claim, .unprintable) }
            return text
        case .bool, .integer, .number, .array, .object: throw .claim(claim, .notString)
        }
    }

    func narrowings() throws(TokenRefusal) -> [Narrowing] {
        do throws(AuthorizationDetailsMistake) {
            return try AuthorizationDetails.read(claims[AuthorizationDetails.claim])
        } catch {
            throw .authorizationDetails(error)
        }
    }

    func confirmation() throws(TokenRefusal) -> TokenConfirmation? {
        try TokenConfirmation.read(claims["cnf"])
    }

    private func value(of claim: TokenRefusal.NamedClaim) -> ClaimValue? {
        let all = ClaimValue.object(claims)
        switch claim {
        case .subject: return all.value(at: issuer.claims["subject"] ?? ["sub"])
        case .planner: return issuer.claims["planner"].flatMap(all.value(at:))
        case .task: return issuer.claims["task"].flatMap(all.value(at:))
        case .jti: return claims["jti"]
        }
    }

    /// A NumericDate (RFC 7519 section 2): a JSON number, a fraction allowed.
    private func time(_ claim: TokenRefusal.TimeClaim) throws(TokenRefusal) -> Double? {
        let seconds: Double
        switch claims[claim.rawValue] {
        case nil: return nil
        case .integer(let whole): seconds = Double(whole)
        case .number(let number): seconds = number
        case .null, .bool, .string, .array, .object: throw .timeMalformed(claim)
        }
        guard seconds >= 0, seconds <= Double(TokenClaims.timeLimit) else { throw .timeMalformed(claim) }
        return seconds
    }
}
