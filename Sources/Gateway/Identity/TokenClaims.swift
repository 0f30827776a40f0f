import Foundation
import GatewayPolicy

/// A token's claims, all of which have been checked. The issuer has been chosen by then.
struct TokenClaims {
    /// Bytes of a subject, planner, task or token id.
    static let nameLimit = 256
    /// The last second of the year 9999: what every date format can hold.
    static let timeLimit: Int64 = 253_402_300_799

    let principal: Principal
    let expires: Int64
    let issued: Int64?
    let confirmation: TokenConfirmation?

    /// Makes every check, in the order of `TokenTrace.Check`, up to the first that fails.
    init(_ checks: ClaimChecks) throws(TokenRefusal) {
        try checks.checkAudience()
        let expires = try checks.expiry()
        try checks.checkStart()
        let issued = try checks.issued()
        try checks.checkKind()
        let subject = try checks.subject()
        let planner = try checks.name(.planner)
        let task = try checks.name(.task)
        let tokenID = try checks.name(.jti)
        let narrowings = try checks.narrowings()
        confirmation = try checks.confirmation()
        principal = Principal(
            issuer: checks.issuer.issuer, subject: subject, planner: planner, task: task, tokenID: tokenID,
            claims: checks.claims, mapped: checks.issuer.claims, narrowings: narrowings)
        // In range: `time` lets nothing through that is negative or beyond the limit.
        self.expires = Int64(expires.rounded(.down))
        self.issued = issued.map { Int64($0.rounded(.down)) }
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
