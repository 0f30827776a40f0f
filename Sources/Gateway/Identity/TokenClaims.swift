import Foundation
import GatewayConfiguration
import GatewayPolicy

/// The checks on a token's claims (RFC 7519 section 4.1, OpenID Connect Core section 3.1.3.7): audience,
/// times, subject. The issuer has been chosen by then. Time is a parameter.
struct TokenClaims {
    /// Bytes of a subject, planner, task or token id.
    static let nameLimit = 256
    /// The last second of the year 9999: what every date format can hold.
    static let timeLimit: Int64 = 253_402_300_799
    private static let logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

    let principal: Principal
    let expires: Int64
    let issued: Int64?
    let confirmation: TokenConfirmation?

    init(_ claims: [String: ClaimValue], issuer: Issuer, leeway: Duration, now: Int64) throws(TokenRefusal) {
        try Self.checkAudience(claims["aud"], issuer.audience)
        let allowed = leeway.inSeconds
        let clock = Double(now)
        guard let expires = try Self.time(claims["exp"], .exp) else { throw .timeMissing(.exp) }
        guard clock < expires + allowed else { throw .expired }
        if let start = try Self.time(claims["nbf"], .nbf), start > clock + allowed { throw .notYetValid }
        let issued = try Self.time(claims["iat"], .iat)
        if let issued, issued > clock + allowed { throw .issuedInFuture }
        if case .object(let events) = claims["events"], events[Self.logoutEvent] != nil { throw .logoutToken }

        let all = ClaimValue.object(claims)
        guard let subject = try Self.name(all.value(at: issuer.claims["subject"] ?? ["sub"]), .subject) else {
            throw .claim(.subject, .missing)
        }
        guard !subject.isEmpty else { throw .claim(.subject, .empty) }
        let planner = try Self.name(issuer.claims["planner"].flatMap(all.value(at:)), .planner)
        let task = try Self.name(issuer.claims["task"].flatMap(all.value(at:)), .task)
        let tokenID = try Self.name(claims["jti"], .jti)
        let narrowings = try Self.narrowings(claims)
        confirmation = try TokenConfirmation.read(claims["cnf"])
        principal = Principal(
            issuer: issuer.issuer, subject: subject, planner: planner, task: task, tokenID: tokenID,
            claims: claims,
            mapped: issuer.claims, narrowings: narrowings)
        // In range: `time` lets nothing through that is negative or beyond the limit.
        self.expires = Int64(expires.rounded(.down))
        self.issued = issued.map { Int64($0.rounded(.down)) }
    }

    private static func narrowings(_ claims: [String: ClaimValue]) throws(TokenRefusal) -> [Narrowing] {
        do throws(AuthorizationDetailsMistake) {
            return try AuthorizationDetails.read(claims[AuthorizationDetails.claim])
        } catch {
            throw .authorizationDetails(error)
        }
    }

    private static func checkAudience(_ value: ClaimValue?, _ configured: [String]) throws(TokenRefusal) {
        func ours(_ name: String) -> Bool { configured.contains { $0.utf8.elementsEqual(name.utf8) } }
        switch value {
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

    /// A NumericDate (RFC 7519 section 2): a JSON number, a fraction allowed.
    private static func time(_ value: ClaimValue?, _ claim: TokenRefusal.TimeClaim) throws(TokenRefusal)
        -> Double?
    {
        let seconds: Double
        switch value {
        case nil: return nil
        case .integer(let whole): seconds = Double(whole)
        case .number(let number): seconds = number
        case .null, .bool, .string, .array, .object: throw .timeMalformed(claim)
        }
        guard seconds >= 0, seconds <= Double(timeLimit) else { throw .timeMalformed(claim) }
        return seconds
    }

    /// A name that goes into records, logs and settings: a bounded string of printable characters, in
    /// normalization form C, so that two subjects that print alike and compare as equal are the same bytes.
    /// Nil where absent.
    private static func name(
        _ value: ClaimValue?, _ claim: TokenRefusal.NamedClaim
    ) throws(TokenRefusal) -> String? {
        switch value {
        case nil, .null: return nil
        case .string(let text):
            guard text.utf8.count <= nameLimit else { throw .claim(claim, .tooLong) }
            guard isPlain(text) else { throw .claim(claim, .unprintable) }
            return text
        case .bool, .integer, .number, .array, .object: throw .claim(claim, .notString)
        }
    }

    /// Printable, and in normalization form C.
    static func isPlain(_ text: String) -> Bool {
        guard text.unicodeScalars.allSatisfy(isPrintable) else { return false }
        return text.precomposedStringWithCanonicalMapping.utf8.elementsEqual(text.utf8)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            false
        default: true
        }
    }
}
