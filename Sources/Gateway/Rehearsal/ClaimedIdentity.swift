import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy

/// Who somebody with these claims would be. Nothing is verified: it is for rehearsals, and no session comes of it.
package enum ClaimedIdentity {
    /// - Throws: why a token with these claims would be refused.
    package static func principal(
        claims: [String: ClaimValue], issuers: [Issuer]
    ) throws(ClaimedIdentityMistake) -> Principal {
        guard case .string(let name)? = claims["iss"] else { throw .issuerMissing }
        guard let issuer = issuers.first(where: { $0.issuer.hasSameBytes(as: name) }) else {
            throw .unknownIssuer(name, known: issuers.map(\.issuer))
        }
        func text(_ mapped: String) -> String? {
            guard let path = issuer.claims[mapped] else { return nil }
            switch ClaimValue.object(claims).value(at: path) {
            case .string(let text): return text
            case .integer(let number): return String(number)
            case .bool, .number, .array, .object, .null, nil: return nil
            }
        }
        guard let subject = text("subject"), !subject.isEmpty else {
            throw .subjectMissing(claim: issuer.claims["subject"]?.joined(separator: ".") ?? "sub")
        }
        let narrowings: [Narrowing]
        do throws(AuthorizationDetailsMistake) {
            narrowings = try AuthorizationDetails.read(claims[AuthorizationDetails.claim])
        } catch {
            throw .authorizationDetails(error)
        }
        var tokenID: String?
        if case .string(let text)? = claims["jti"] { tokenID = text }
        return Principal(
            issuer: issuer.issuer, subject: subject, planner: text("planner"), task: text("task"),
            tokenID: tokenID, claims: claims, mapped: issuer.claims, narrowings: narrowings)
    }
}

/// Why a token with some claims would be refused.
package enum ClaimedIdentityMistake: Error, Sendable, Hashable, CustomStringConvertible {
    case issuerMissing
    case unknownIssuer(String, known: [String])
    case subjectMissing(claim: String)
    case authorizationDetails(AuthorizationDetailsMistake)

    package var description: String {
        switch self {
        case .issuerMissing: "expected `iss`, one of the configured issuers"
        case .unknownIssuer(let name, let known):
            "the issuer \(name) is not configured, its tokens are refused; expected "
                + known.joined(separator: ", ")
        case .subjectMissing(let claim): "expected the subject's claim `\(claim)`"
        case .authorizationDetails(let mistake): TokenRefusal.authorizationDetails(mistake).detail
        }
    }

    /// What an executor would be told; nil where the claims are no token's.
    package var refusal: TokenRefusal? {
        switch self {
        case .authorizationDetails(let mistake): .authorizationDetails(mistake)
        case .issuerMissing, .unknownIssuer, .subjectMissing: nil
        }
    }
}
