import Foundation
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy

/// A JSON file with the claims that a token would have: what `explain --claims` reads.
enum ClaimsFile {
    /// The principal that a verified token with these claims would give. Nothing is verified.
    ///
    /// - Throws: `ExplainFailure` where the file is no JSON object, names no configured issuer or has no subject.
    static func principal(path: String, configuration: Configuration) throws -> Principal {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ExplainFailure(description: "\(path): the file cannot be read")
        }
        guard case .object(let claims)? = try? JSONDecoder().decode(DecodedClaim.self, from: data).value
        else {
            throw ExplainFailure(
                description: "\(path): expected a JSON object with iss, sub and other claims")
        }
        guard case .string(let name)? = claims["iss"] else {
            throw ExplainFailure(description: "\(path): expected `iss`, one of the configured issuers")
        }
        guard let issuer = configuration.issuers.first(where: { $0.issuer.hasSameBytes(as: name) }) else {
            let known = configuration.issuers.map(\.issuer).joined(separator: ", ")
            throw ExplainFailure(
                description:
                    "\(path): the issuer \(name) is not configured, its tokens are refused; expected \(known)"
            )
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
            throw ExplainFailure(description: "\(path): expected the subject's claim `\(claim)`")
        }
        let narrowings: [Narrowing]
        do throws(AuthorizationDetailsMistake) {
            narrowings = try AuthorizationDetails.read(claims[AuthorizationDetails.claim])
        } catch {
            let refusal = TokenRefusal.authorizationDetails(error)
            throw ExplainFailure(
                description: "\(path): \(refusal.detail)", refusal: ExecutorError(.token(refusal)))
        }
        var tokenID: String?
        if case .string(let text)? = claims["jti"] { tokenID = text }
        return Principal(
            issuer: issuer.issuer, subject: subject, planner: text("planner"), task: text("task"),
            tokenID: tokenID,
            claims: claims, mapped: issuer.claims, narrowings: narrowings)
    }
}

/// Any JSON value as a claim.
private struct DecodedClaim: Decodable {
    let value: ClaimValue

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            value = .null
        } else if let bool = try? container.decode(Bool.self) {
            value = .bool(bool)
        } else if let integer = try? container.decode(Int64.self) {
            value = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            value = .number(number)
        } else if let text = try? container.decode(String.self) {
            value = .string(text)
        } else if let elements = try? container.decode([DecodedClaim].self) {
            value = .array(elements.map(\.value))
        } else {
            value = .object(try container.decode([String: DecodedClaim].self).mapValues(\.value))
        }
    }
}
