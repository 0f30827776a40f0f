import GatewayConfiguration
import GatewayGuard
import GatewayPolicy

extension Session {
    /// What the session may not do: by its decision, and because the gateway hands it out.
    func guardRules(_ decision: Decision) -> GuardRules {
        GuardRules(of: decision, handedOut: generation.handedOut)
    }

    /// What a rule that only observes would not let the session do; nil where there is none, or it would let nobody in.
    var observedRules: ObservedRules? {
        guard let observation = identity.observation, case .success(let decision) = observation.outcome
        else { return nil }
        return ObservedRules(rule: observation.rule, rules: guardRules(decision))
    }

    func statementRead(_ text: LongText) {
        guard case .relaying(let relay) = phase else { return }
        relay.longTextRead(text)
    }
}

extension GuardRules {
    /// What a session of this decision may not do.
    package init(of decision: Decision, handedOut: HandedOutNames) {
        self.init(
            forbid: decision.forbid, access: decision.access, forbidsTemporary: decision.forbidsTemporary,
            roles: handedOut.roles, databases: handedOut.databases)
    }
}

/// Roles and databases that a configuration hands out: what they are is the operator's to change. One for all its sessions.
package struct HandedOutNames: Sendable {
    let roles: Set<String>
    let databases: Set<String>

    package init(_ configuration: Configuration) {
        roles = Set(configuration.databases.flatMap { $0.upstream.roles.keys })
        databases = Set(configuration.databases.flatMap { $0.replicas.map(\.dbname) })
    }
}
