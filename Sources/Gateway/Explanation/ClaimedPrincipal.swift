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
        do throws(ClaimedIdentityMistake) {
            return try ClaimedIdentity.principal(claims: claims, issuers: configuration.issuers)
        } catch {
            guard let refusal = error.refusal else { throw .question("\(source): \(error)") }
            throw .refused(.token(refusal), cause: "\(source): \(refusal.detail)")
        }
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
