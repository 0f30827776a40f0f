import Audit
import GatewayConfiguration
import GatewayPolicy

/// What records hold of tokens' claims: those that the policy looks at, made once for a configuration.
package struct RecordedClaims: Sendable {
    /// Bytes that a record's `claims` may take; beyond it they are left out, and `claims_omitted` says so.
    package static let limit = 4_096

    private let byIssuer: [String: DecisiveClaims]

    package init(_ configuration: Configuration) {
        var byIssuer: [String: DecisiveClaims] = [:]
        for issuer in configuration.issuers {
            byIssuer[issuer.issuer] = DecisiveClaims(rules: configuration.rules, mapped: issuer.claims)
        }
        self.byIssuer = byIssuer
    }

    /// Adds `claims`, or `claims_omitted` where they do not fit.
    package func add(of principal: Principal, to batch: inout RecordBatch) {
        guard let decisive = byIssuer[principal.issuer] else { return }
        var json = RecordJSON(limit: RecordedClaims.limit)
        RecordedClaims.append(decisive.values(of: principal), to: &json)
        if !batch.add("claims", json: json) { batch.add("claims_omitted", true) }
    }

    private static func append(_ members: [(key: String, value: ClaimValue)], to json: inout RecordJSON) {
        json.append(plain: "{")
        for (at, member) in members.enumerated() {
            guard json.isWhole else { return }
            if at > 0 { json.append(plain: ",") }
            json.append(string: member.key)
            json.append(plain: ":")
            append(member.value, to: &json)
        }
        json.append(plain: "}")
    }

    /// As deep as the token's own JSON is, which is bounded (`StrictJSON.depthLimit`).
    private static func append(_ value: ClaimValue, to json: inout RecordJSON) {
        switch value {
        case .null: json.append(plain: "null")
        case .bool(let bool): json.append(plain: bool ? "true" : "false")
        case .integer(let number): json.append(plain: String(number))
        case .number(let number): json.append(plain: number.isFinite ? "\(number)" : "null")
        case .string(let text): json.append(string: text)
        case .array(let elements):
            json.append(plain: "[")
            for (at, element) in elements.enumerated() {
                guard json.isWhole else { return }
                if at > 0 { json.append(plain: ",") }
                append(element, to: &json)
            }
            json.append(plain: "]")
        case .object(let members):
            append(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, to: &json)
        }
    }
}
