import GatewayConfiguration
import GatewayPolicy

/// What a policy answers somebody, or why it is not even asked.
package enum RehearsedAnswer: Sendable, Hashable {
    case allowed(Decision)
    case refused(RehearsedRefusal)

    /// What `policy` answers a case's request.
    package init(_ test: PolicyTestCase, policy: Policy, issuers: [Issuer]) {
        let principal: Principal
        do throws(ClaimedIdentityMistake) {
            principal = try ClaimedIdentity.principal(claims: test.claims, issuers: issuers)
        } catch {
            self = .refused(
                RehearsedRefusal(reason: .token, sqlstate: "28P01", rule: nil, detail: error.description))
            return
        }
        do throws(DatabaseNameMistake) {
            let request = try AccessRequest(
                principal: principal, named: test.database, region: test.region, role: test.user,
                replication: test.replication)
            self.init(request, policy: policy)
        } catch {
            let refusal = Refusal.databaseName("\(error)")
            self = .refused(
                RehearsedRefusal(
                    reason: .databaseName, sqlstate: refusal.sqlstate, rule: nil, detail: refusal.detail))
        }
    }

    package init(_ request: AccessRequest, policy: Policy) {
        do throws(PolicyRefusal) {
            self = .allowed(try policy.decide(request))
        } catch {
            let refusal = Refusal.policy(error)
            self = .refused(
                RehearsedRefusal(
                    reason: PolicyTestRefusal.Reason(error), sqlstate: refusal.sqlstate, rule: error.rule,
                    detail: refusal.detail))
        }
    }

    /// The rule that decided.
    package var rule: String? {
        switch self {
        case .allowed(let decision): decision.rule
        case .refused(let refusal): refusal.rule
        }
    }
}

/// A refusal of a rehearsal.
package struct RehearsedRefusal: Sendable, Hashable {
    package var reason: PolicyTestRefusal.Reason
    package var sqlstate: String
    /// The rule that refused; nil where none matched.
    package var rule: String?
    package var detail: String
}
