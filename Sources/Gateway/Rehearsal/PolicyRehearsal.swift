import Audit
import GatewayConfiguration
import GatewayPolicy

/// A policy that decides again what records tell of.
package struct PolicyRehearsal: Sendable {
    /// What it answers.
    package enum Answer: Sendable, Hashable {
        case decided(RehearsedAnswer)
        /// The record lacks what the policy looks at: names of claims, or `asked`, `claims`.
        case undecidable([String])
    }

    private let configuration: Configuration
    /// By the region of the gateway that decides.
    private let policies: [String: Policy]
    /// Those that decide; rules that only observe change nothing.
    private let rules: [Rule]

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        rules = configuration.rules.filter { $0.mode == .enforce }
        policies = Dictionary(
            configuration.regions.map { ($0.name, Policy(configuration, gatewayRegion: $0.name)) },
            uniquingKeysWith: { first, _ in first })
    }

    package func answer(_ login: RecordedLogin) -> Answer {
        guard let issuer = configuration.issuers.first(where: { $0.issuer.hasSameBytes(as: login.issuer) })
        else {
            let mistake = ClaimedIdentityMistake.unknownIssuer(
                login.issuer, known: configuration.issuers.map(\.issuer))
            return PolicyRehearsal.refusedToken(mistake)
        }
        guard let question = login.question else { return .undecidable(["asked"]) }
        guard let claims = question.claims else { return .undecidable(["claims"]) }
        guard let gatewayRegion = question.gatewayRegion, let policy = policies[gatewayRegion] else {
            return .undecidable(["gateway_region"])
        }
        // Records hold the subject that the mapping of their time gave.
        if let path = issuer.claims["subject"], path != ["sub"] { return .undecidable(["subject"]) }
        let narrowings: [Narrowing]
        switch PolicyRehearsal.narrowings(claims) {
        case .success(let read): narrowings = read
        case .failure(let mistake): return PolicyRehearsal.refusedToken(.authorizationDetails(mistake))
        case nil: return .undecidable([AuthorizationDetails.claim])
        }
        guard let name = try? DatabaseName(parsing: question.database) else {
            let refusal = RehearsedRefusal(
                reason: .databaseName, sqlstate: "3D000", rule: nil, detail: "The name cannot be read.")
            return .decided(.refused(refusal))
        }
        let recorded = RecordedPrincipal(issuer: login.issuer, subject: login.subject, claims: claims)
        if configuration.database(named: name.database) != nil {
            let unknown = recorded.unknownNames(
                for: name.database, rules: rules, mapped: issuer.claims)
            guard unknown.isEmpty else { return .undecidable(unknown) }
        }
        let request = AccessRequest(
            principal: recorded.principal(
                rules: rules, mapped: issuer.claims, narrowings: narrowings),
            database: name.database, regionsAsked: question.regions, role: question.role,
            replication: question.replication)
        return .decided(RehearsedAnswer(request, policy: policy))
    }

    /// Nil: the record does not say.
    private static func narrowings(
        _ claims: [String: ClaimValue]
    ) -> Result<[Narrowing], AuthorizationDetailsMistake>? {
        guard let value = claims[ClaimPath([AuthorizationDetails.claim]).key] else { return nil }
        do throws(AuthorizationDetailsMistake) {
            return .success(try AuthorizationDetails.read(value == .null ? nil : value))
        } catch {
            return .failure(error)
        }
    }

    private static func refusedToken(_ mistake: ClaimedIdentityMistake) -> Answer {
        .decided(
            .refused(
                RehearsedRefusal(reason: .token, sqlstate: "28P01", rule: nil, detail: mistake.description)))
    }
}
