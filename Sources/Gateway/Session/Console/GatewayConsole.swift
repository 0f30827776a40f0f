import Audit
import Console
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import GatewayRouting

/// What one operator's session sees of the gateway, and does to it. Rights are looked up when they are used.
struct GatewayConsole: ConsoleSource {
    let context: GatewayContext
    let token: VerifiedToken
    let folder: String
    let subject: String
    let serverVersion: String
    let keeper: IndexKeeper

    init(context: GatewayContext, token: VerifiedToken, configuration: Configuration) {
        self.context = context
        self.token = token
        subject = token.principal.subject
        keeper = context.console.keeper
        folder = configuration.regions.first { $0.name == configuration.region }?.audit ?? ""
        serverVersion = GatewayConsole.version(context)
    }

    /// The oldest of the replicas', by which drivers choose what they ask; before any was probed, 15.0.
    private static func version(_ context: GatewayContext) -> String {
        let oldest = context.health.snapshot().values.filter(\.attested).compactMap(\.serverVersion).min()
        guard let oldest, oldest >= 100_000 else { return "15.0" }
        return "\(oldest / 10_000).\(oldest % 10_000)"
    }

    private func gateway() throws(ConsoleError) -> Gateway {
        guard let gateway = context.console.gateway else { throw Refusal.shuttingDown.told }
        return gateway
    }

    private func may(_ right: Operator.Right) throws(ConsoleError) -> Gateway {
        let gateway = try gateway()
        let configuration = gateway.configuration
        guard !context.revocations.revokes(token, leeway: configuration.leeway) else {
            throw Refusal.revoked.told
        }
        guard
            configuration.operators.contains(where: {
                $0.may.contains(right) && $0.who.holds(for: token.principal)
            })
        else { throw OperationFailure.notAllowed(right).told }
        return gateway
    }

    // MARK: Commands

    func kill(_ session: String, reason: String?) throws(ConsoleError) -> String? {
        let (gateway, asker) = (try may(.kill), OperatorIdentity.token(token))
        let result = ConsoleOperations.wait { () async -> Result<SessionSummary, OperationFailure> in
            do throws(OperationFailure) {
                return .success(try await gateway.kill(session: session, reason: reason, for: asker))
            } catch {
                return .failure(error)
            }
        }
        guard case .success(let killed)? = result else { throw GatewayConsole.told(result?.failure) }
        return "killed the session \(killed.session) of \(Refusal.printable(killed.subject))"
    }

    func revoke(_ revocation: ConsoleRevocation, reason: String?) throws(ConsoleError) -> String? {
        let (gateway, asker) = (try may(.revoke), OperatorIdentity.token(token))
        let scope: Revocation.Scope
        let issuer: String?
        switch revocation {
        case .subject(let name, let of): (scope, issuer) = (.subject(name), of)
        case .token(let name, let of): (scope, issuer) = (.tokenID(name), of)
        case .issuer(let name): (scope, issuer) = (.issuer, name)
        }
        let result = ConsoleOperations.wait { () async -> Result<RevocationResult, OperationFailure> in
            do throws(OperationFailure) {
                return .success(try await gateway.revoke(scope, issuer: issuer, reason: reason, for: asker))
            } catch {
                return .failure(error)
            }
        }
        guard case .success(let revoked)? = result else { throw GatewayConsole.told(result?.failure) }
        let count = revoked.sessions.count
        return "revoked \(Refusal.printable(revoked.revocation.target)); \(count) sessions ended"
    }

    func reload() throws(ConsoleError) -> String? {
        _ = try may(.reload)
        guard let reload = context.console.reload, let report = reload(.token(token)) else {
            throw OperationFailure.draining.told
        }
        if let error = report.error {
            throw ConsoleError("F0000", error, detail: report.findings.joined(separator: "\n"))
        }
        var told = report.changes.isEmpty ? "nothing changed" : report.changes.joined(separator: "; ")
        if !report.restart.isEmpty {
            told += "; after a restart only: " + report.restart.joined(separator: ", ")
        }
        return told
    }

    private static func told(_ failure: OperationFailure?) -> ConsoleError {
        failure?.told ?? ConsoleError("XX000", "the operation gave no answer")
    }

    // MARK: Tables

    var tables: [SourceTable] {
        [
            SourceTable("sessions", GatewayConsole.sessionColumns) { () throws(ConsoleError) in
                try sessionRows()
            },
            SourceTable("replicas", GatewayConsole.replicaColumns) { () throws(ConsoleError) in
                try gateway().replicaSummaries.map(GatewayConsole.row)
            },
            SourceTable("issuers", GatewayConsole.issuerColumns) { () throws(ConsoleError) in
                try issuerRows()
            },
            SourceTable("rules", GatewayConsole.ruleColumns) { () throws(ConsoleError) in
                try gateway().configuration.rules.enumerated().map(GatewayConsole.row)
            },
            SourceTable("log", GatewayConsole.logColumns) { () throws(ConsoleError) in try logRows() },
        ]
    }

    /// Those in the gateway's own region, and those that have none yet.
    private func sessionRows() throws(ConsoleError) -> [[ConsoleValue]] {
        let gateway = try gateway()
        let region = gateway.configuration.region
        let sessions = ConsoleOperations.wait { await gateway.liveSessions() } ?? []
        return sessions.filter { $0.region == nil || $0.region == region }.map(GatewayConsole.row)
    }

    private func issuerRows() throws(ConsoleError) -> [[ConsoleValue]] {
        let gateway = try gateway()
        let keys = gateway.issuerKeys
        return gateway.configuration.issuers.map { issuer in
            GatewayConsole.row(issuer, keys.first { $0.issuer == issuer.issuer })
        }
    }

    private func logRows() throws(ConsoleError) -> [[ConsoleValue]] {
        let gateway = try gateway()
        let region = gateway.configuration.region
        guard let log = context.logs[region] else { return [] }
        let first = try? AuditReader.first(of: folder)
        return [
            [
                .text(region), .text(folder), .integer(Int64(clamping: first ?? 0)),
                .integer(Int64(clamping: log.written)), .integer(Int64(clamping: log.durable)),
                ConsoleValue(log.failure.map { "\($0)" }),
                .text(gateway.configuration.audit.durability.rawValue),
            ]
        ]
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

extension Refusal {
    /// As an operator's session is told it.
    var told: ConsoleError { ConsoleError(sqlstate, message, detail: detail, hint: hint) }
}

extension OperationFailure {
    /// As an operator's session is told it: with SQLSTATEs of PostgreSQL's for the same.
    var told: ConsoleError {
        switch self {
        case .unauthenticated(let reason): ConsoleError("28P01", reason)
        case .notAllowed(let right):
            ConsoleError("42501", "no entry of operators gives the right \(right.rawValue) to this token")
        case .wrong(let reason): ConsoleError("22023", reason)
        case .unknownSession(let name):
            ConsoleError("42704", "there is no session \(Refusal.printable(name))")
        case .unknownRevocation(let name):
            ConsoleError("42704", "there is no revocation of \(Refusal.printable(name))")
        case .unknownReplica(let name):
            ConsoleError("42704", "there is no replica \(Refusal.printable(name))")
        case .notQuarantined(let name):
            ConsoleError("55000", "the replica \(name) is not in quarantine")
        case .socketOnly(let what): ConsoleError("42501", "\(what): over the admin socket only")
        case .draining:
            ConsoleError("57P01", "the gateway was told to stop: its configuration is not read again")
        case .notRecorded: ConsoleError("58030", "the audit log takes no record of this")
        case .notStored(let reason):
            ConsoleError("58030", "revoked until the gateway ends, but not on disk: \(reason)")
        case .notLifted(let reason): ConsoleError("58030", "still revoked: \(reason)")
        }
    }
}
