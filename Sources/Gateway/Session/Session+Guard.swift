import GatewayGuard
import GatewayPolicy

extension Session {
    /// What the session may not do: of its decision, and of what the gateway hands out in its database.
    func guardRules(_ decision: Decision) -> GuardRules {
        let database = generation.configuration.database(named: decision.database)
        return GuardRules(
            forbid: decision.forbid, access: decision.access, forbidsTemporary: decision.forbidsTemporary,
            roles: Set(database?.upstream.roles.keys.map { $0 } ?? []),
            databases: Set(database?.replicas.map(\.dbname) ?? []))
    }

    func statementRead(_ texts: [JudgedText]) {
        guard case .relaying(let relay) = phase else { return }
        relay.longStatement = .read(texts)
    }
}
