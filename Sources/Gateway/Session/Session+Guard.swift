import GatewayGuard
import GatewayPolicy

extension Session {
    /// What the session may not do: by its decision, and because the gateway hands it out.
    func guardRules(_ decision: Decision) -> GuardRules {
        let databases = generation.configuration.databases
        return GuardRules(
            forbid: decision.forbid, access: decision.access, forbidsTemporary: decision.forbidsTemporary,
            roles: Set(databases.flatMap { $0.upstream.roles.keys }),
            databases: Set(databases.flatMap { $0.replicas.map(\.dbname) }))
    }

    func statementRead(_ texts: [JudgedText]) {
        guard case .relaying(let relay) = phase else { return }
        relay.longStatement = .read(texts)
    }
}
