import Admin
import Gateway
import GatewayConfiguration
import GatewayExplanation
import GatewayIdentity
import GatewayRouting
import Synchronization

/// Operations that note what they were asked, and know one token.
final class FakeOperations: GatewayOperations, ConfigurationReload {
    enum Asked: Hashable, Sendable {
        case sessions
        case kill(String, reason: String?)
        case revoke(Revocation.Scope, issuer: String?, reason: String?)
        case revocations
        case lift(Revocation.Scope, issuer: String?, reason: String?)
        case replicas, reload
        case read(String)
        case clear(String, reason: String?)
        case explain(database: String, user: String?, statement: String?, isToken: Bool)
    }

    static let session = SessionSummary(
        session: "0123", state: .idle, issuer: "https://id.example.com", subject: "exec-1",
        client: "127.0.0.1:5", expires: 2_000)

    private let noted = Mutex<[Asked]>([])
    var asked: [Asked] { noted.withLock { $0 } }
    /// The rights that the token `good` has.
    let rights: Set<Operator.Right>

    let regionFolders: [RegionFolder]
    /// The log takes no record.
    let isFull: Bool
    let shown: SessionSummary

    init(
        rights: Set<Operator.Right> = [], folders: [RegionFolder] = [], isFull: Bool = false,
        session: SessionSummary = FakeOperations.session
    ) {
        self.rights = rights
        regionFolders = folders
        self.isFull = isFull
        shown = session
    }

    func recordRead(_ target: String, by asker: OperatorIdentity) -> Bool {
        noted.withLock { $0.append(.read(target)) }
        return !isFull
    }

    func authorize(token: [UInt8], for right: Operator.Right) async throws(OperationFailure)
        -> OperatorIdentity
    {
        guard token == Array("good".utf8) else { throw .unauthenticated("The token has expired (exp).") }
        guard rights.contains(right) else { throw .notAllowed(right) }
        return .socket
    }

    func sessions(for asker: OperatorIdentity) async throws(OperationFailure) -> [SessionSummary] {
        noted.withLock { $0.append(.sessions) }
        return [shown]
    }

    func kill(
        session: String, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> SessionSummary {
        noted.withLock { $0.append(.kill(session, reason: reason)) }
        guard session == FakeOperations.session.session else { throw .unknownSession(session) }
        return FakeOperations.session
    }

    func revoke(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> RevocationResult {
        noted.withLock { $0.append(.revoke(scope, issuer: issuer, reason: reason)) }
        do throws(RevocationMistake) {
            let revocation = try Revocation(
                issuer: issuer ?? "https://id.example.com", scope: scope, time: 1_000)
            return RevocationResult(revocation: revocation, sessions: [FakeOperations.session], isWhole: true)
        } catch {
            throw .wrong("\(error)")
        }
    }

    func revocations(for asker: OperatorIdentity) async throws(OperationFailure) -> [Revocation] {
        noted.withLock { $0.append(.revocations) }
        do throws(RevocationMistake) {
            return [
                try Revocation(issuer: "https://id.example.com", scope: .issuer, time: 1),
                try Revocation(issuer: "https://id.example.com", scope: .subject("exec-1"), time: 2),
                try Revocation(issuer: "https://id.example.com", scope: .tokenID("j"), time: 3, expires: 9),
            ]
        } catch {
            throw .wrong("\(error)")
        }
    }

    func lift(
        _ scope: Revocation.Scope, issuer: String?, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> Revocation {
        noted.withLock { $0.append(.lift(scope, issuer: issuer, reason: reason)) }
        guard scope == .subject("exec-1") else { throw .unknownRevocation("somebody\u{202e}") }
        do throws(RevocationMistake) {
            return try Revocation(issuer: "https://id.example.com", scope: scope, time: 2)
        } catch {
            throw .wrong("\(error)")
        }
    }

    /// What `reload` answers.
    static let refusedFile = ConfigurationMistake(
        severity: .mistake, file: "domicile.yaml", line: 3, column: 1, message: "unknown key `lisen`")
    let reloadIsRefused = Mutex(false)

    func reload(for asker: OperatorIdentity) async throws(OperationFailure) -> ReloadReport {
        noted.withLock { $0.append(.reload) }
        guard !reloadIsRefused.withLock({ $0 }) else {
            return ReloadReport(
                refused: "the old one goes on", policy: "d1", findings: [FakeOperations.refusedFile])
        }
        return ReloadReport(
            policy: "d2", previous: "d1", changes: ["listen changed"], restart: ["listen"], findings: [])
    }

    func explain(
        _ question: ExplanationQuestion, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> ExplanationReport {
        let isToken = if case .token = question.identity { true } else { false }
        noted.withLock {
            $0.append(
                .explain(
                    database: question.database, user: question.user, statement: question.statement,
                    isToken: isToken))
        }
        throw .wrong("explained")
    }

    func clear(
        replica name: String, reason: String?, for asker: OperatorIdentity
    ) async throws(OperationFailure) -> ReplicaID {
        noted.withLock { $0.append(.clear(name, reason: reason)) }
        switch name {
        case "orders-eu-a": return ReplicaID(database: "orders", replica: "orders-eu-a")
        case "orders-eu-b": throw .notQuarantined("orders/orders-eu-b")
        default: throw .unknownReplica(name)
        }
    }

    /// One that nothing speaks against, one in quarantine, one whose server is frozen, one that nobody looked at.
    func replicas(for asker: OperatorIdentity) async throws(OperationFailure) -> [ReplicaSummary] {
        noted.withLock { $0.append(.replicas) }
        func summary(
            _ name: String, _ kind: ReplicaKind, maintenance: Bool = false, sessions: Int = 0,
            _ probes: (inout HealthMachine) -> Void
        ) -> ReplicaSummary {
            var machine = HealthMachine(
                expectation: AttestationExpectation(kind: kind, attest: Attestation(clusterName: name)),
                settings: .init(interval: .seconds(2), timeout: .seconds(1), fall: 1, rise: 1))
            probes(&machine)
            return ReplicaSummary(
                id: ReplicaID(database: "orders", replica: name), region: "eu-west-1", kind: kind,
                maintenance: maintenance, status: machine.status, sessions: sessions,
                sinceProbe: machine.status.probedAt.map { _ in .milliseconds(1_250) })
        }
        func good(_ machine: inout HealthMachine, clusterName: String) {
            _ = machine.probeSucceeded(
                ProbeReport(
                    facts: AttestationFacts(
                        recovery: .primary, systemIdentifier: "7001", clusterName: clusterName, spki: nil,
                        backendMatches: true),
                    address: ResolvedAddress(bytes: [127, 0, 0, 1], text: "127.0.0.1"), timeline: 4,
                    serverVersion: 150_018, readOnly: false, connectionsLeft: 90,
                    roundTrip: .microseconds(412), replication: ReplicationFacts(written: 100)),
                cluster: nil, trail: PrimaryTrail(), startedAt: 0, now: 0, jitter: 0)
        }
        return [
            summary("a", .primary, sessions: 3) { good(&$0, clusterName: "a") },
            summary("b", .auto) { good(&$0, clusterName: "elsewhere") },
            summary("c", .standby, maintenance: true) {
                _ = $0.probeFailed(.loginTimeout, startedAt: 0, now: 0, jitter: 0)
            },
            summary("d", .standby) { _ in },
        ]
    }
}
