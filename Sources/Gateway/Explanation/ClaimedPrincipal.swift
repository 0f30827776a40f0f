import Gateway
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy

/// The principal that a verified token with some claims would give. Nothing is verified.
package enum ClaimedPrincipal {
    /// - Throws: where they name no configured issuer or have no subject; `source` says where they are from.
    static func principal(
        of claims: [String: ClaimValue], source: String, configuration: Configuration
    ) throws(ExplanationFailure) -> Principal {
        guard case .string(let name)? = claims["iss"] else {
            throw .question("\(source): expected `iss`, one of the configured issuers")
        }
        guard let issuer = configuration.issuers.first(where: { $0.issuer.hasSameBytes(as: name) }) else {
            let known = configuration.issuers.map(\.issuer).joined(separator: ", ")
            throw .question(
                "\(source): the issuer \(name) is not configured, its tokens are refused; expected \(known)")
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
            let claim = issuer.claims["subject"]?.joined(separator: ".") ?? "sub"
            throw .question("\(source): expected the subject's claim `\(claim)`")
        }
        let narrowings: [Narrowing]
        do throws(AuthorizationDetailsMistake) {
            narrowings = try AuthorizationDetails.read(claims[AuthorizationDetails.claim])
        } catch {
            let refusal = TokenRefusal.authorizationDetails(error)
            throw .refused(.token(refusal), cause: "\(source): \(refusal.detail)")
        }
        var tokenID: String?
        if case .string(let text)? = claims["jti"] { tokenID = text }
        return Principal(
            issuer: issuer.issuer, subject: subject, planner: text("planner"), task: text("task"),
            tokenID: tokenID,
            claims: claims, mapped: issuer.claims, narrowings: narrowings)
    }

    /// The claims of a text: a JSON object.
    package static func claims(in text: [UInt8], source: String) throws(ExplanationFailure) -> [String:
        ClaimValue]
    {
        let value: ClaimValue
        do throws(JSONMistake) {
            value = try StrictJSON.parse(text)
        } catch {
            throw .question("\(source): its JSON \(error.description)")
        }
        guard case .object(let claims) = value else {
            throw .question("\(source): expected a JSON object with iss, sub and other claims")
        }
        return claims
    }
}
