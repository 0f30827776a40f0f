import GatewayConfiguration
import GatewayCredentials
import GatewayRouting
import PGWire
import Transport

/// How one replica is logged in to for one session: the gateway's own credential for the role, and the startup
/// parameters that go along.
struct UpstreamPlan {
    let tls: UpstreamTLS?
    /// The minted certificate that this login shows, where the role has one.
    let identity: TLSIdentity?
    /// The database's name on that server.
    let dbname: String
    let role: String
    /// What the server is told at startup, in order.
    let parameters: [StartupMessage.Parameter]
    let password: [UInt8]?
    let allowsWeakAuthentication: Bool
    /// Where SCRAM keys are remembered under.
    let scramName: String
    let scramKeys: ScramKeyCache
    let isWalsender: Bool
    /// Fresh for this login.
    let nonce: [UInt8]

    init(session: Session, login: Login, candidate: AttestedReplica) throws(UpstreamFailure) {
        let configuration = session.generation.configuration
        let decision = login.decision
        guard let database = configuration.database(named: decision.database),
            let replica = database.replicas.first(where: { $0.name == candidate.id.replica }),
            let credential = database.upstream.roles[decision.role]
        else { throw .noCredential }
        // Keys that were made of another password must not be used.
        var version = 0
        switch credential {
        case .passwordFile(let file):
            guard let current = session.context.passwords.password(of: file) else { throw .noCredential }
            password = Array(current.secret.reveal().utf8)
            version = current.version
        case .password(let secret): password = Array(secret.reveal().utf8)
        case .certificate, .trust, .minted: password = nil
        }
        dbname = replica.dbname
        role = decision.role
        let tls = session.generation.upstreamTLS(database: decision.database, role: decision.role)
        guard tls != nil || database.upstream.sslmode == .disable else { throw .noCredential }
        if credential == .minted, tls?.minted == nil { throw .noCredential }
        self.tls = tls
        do throws(MintingFailure) {
            identity = try tls?.identity(wall: session.context.platform.wall())
        } catch {
            throw .noCertificate(error)
        }
        allowsWeakAuthentication = database.upstream.allowsWeakAuthentication
        scramName = "\(candidate.id)/\(decision.role)/\(version)"
        scramKeys = session.context.scramKeys
        isWalsender = login.startup.replication == .physical
        nonce = session.makeNonce()
        parameters = UpstreamPlan.parameters(session: session, login: login, dbname: replica.dbname)
    }

    /// The executor's parameters as they came, those of the gateway behind them: of a name that stands twice the last
    /// one counts.
    private static func parameters(
        session: Session, login: Login, dbname: String
    ) -> [StartupMessage.Parameter] {
        let startup = login.startup
        var parameters = [StartupMessage.Parameter("database", dbname)]
        switch startup.replication {
        case .physical: parameters.append(StartupMessage.Parameter("replication", "true"))
        case .logical: parameters.append(StartupMessage.Parameter("replication", "database"))
        case .none, .invalid: break
        }
        parameters += startup.forwarded
        if let options = startup.options {
            parameters.append(StartupMessage.Parameter(name: Array("options".utf8), value: options))
        }
        if login.decision.access == .readOnly {
            parameters.append(StartupMessage.Parameter("default_transaction_read_only", "on"))
        }
        let principal = login.verified.principal
        parameters.append(StartupMessage.Parameter("domicile.session", session.name))
        parameters.append(StartupMessage.Parameter("domicile.subject", principal.subject))
        parameters.append(StartupMessage.Parameter("domicile.planner", principal.planner ?? ""))
        parameters.append(StartupMessage.Parameter("domicile.task", principal.task ?? ""))
        return parameters
    }
}
