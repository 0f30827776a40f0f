import Foundation
import GatewayConfiguration
import GatewayRouting
import GatewayServers

/// One look at a replica from this machine, for `domicile check --connect`: as the health role, then, where it proved to
/// be the right one, as each role that is handed out there. Blocks, within its deadlines; nothing of it is kept.
package struct ReplicaExamination: Sendable {
    /// How a role logs in.
    package enum Credential: Sendable {
        case password(Secret)
        case passwordFile(String)
        case certificate(certificate: String, key: String)
        /// PEM texts that exist nowhere else.
        case minted(certificate: String, key: String)
        case trust
        /// There is none, and why.
        case unusable(String)
    }

    package struct Role: Sendable {
        package var name: String
        /// A rule hands it out to read only.
        package var readsOnly: Bool
        package var credential: Credential

        package init(name: String, readsOnly: Bool, credential: Credential) {
            self.name = name
            self.readsOnly = readsOnly
            self.credential = credential
        }
    }

    package struct Login: Sendable, Hashable {
        package var role: String
        /// Why it was not let in; nil: it was.
        package var problem: String?
    }

    /// How long one connection may take, at least; and the reading of the grants.
    static let leastTime = Duration.seconds(5)
    static let grantsTime: Int64 = 15_000_000_000
    /// Milliseconds that one statement may take at the server.
    static let statementTime = 10_000

    /// In place of an outcome.
    static let notTried = "not tried: not attested"

    package let target: ReplicaTarget
    /// Where it is; nil where nothing answered.
    package private(set) var address: ResolvedAddress?
    /// The protocol's version, such as `TLSv1.3`; nil without TLS.
    package private(set) var tls: String?
    package private(set) var report: ProbeReport?
    /// Why there is no report, or what it proved to be that it must not be.
    package private(set) var problem: String?
    /// What could not be read where it is attested, and why; what was is kept.
    package private(set) var unread: [String] = []
    /// What the health role lacks.
    package private(set) var lacking: [String] = []
    package private(set) var logins: [Login] = []
    package private(set) var grants: [GrantFinding] = []

    /// Takes libpq's variables out of the environment. Called once, before the first examination.
    package static func prepare() { ServerLogin.clearEnvironment() }

    /// Looks as the health role; no other role's credential is used.
    package init(
        _ target: ReplicaTarget, settings: ProbeSettings, roles: [Role],
        lookup: NameLookup? = nil
    ) {
        self.target = target
        let time = ReplicaExamination.time(settings)
        let resolver = NameResolver(host: target.host, lookup: lookup ?? NameResolver.system)
        do throws(ServerFault) {
            try look(settings, roles, resolver, time)
        } catch {
            problem = error.description
        }
    }

    /// Logs in as each role, at the address that was looked at; nowhere where that is not attested. Ends at the latest
    /// after the least time for each role.
    package mutating func logIn(as roles: [Role], settings: ProbeSettings) {
        let time = ReplicaExamination.time(settings)
        logins = roles.map { role in
            guard problem == nil, let address else {
                return Login(role: role.name, problem: ReplicaExamination.notTried)
            }
            let problem = ReplicaExamination.login(
                role, to: target, at: address, settings, until: ServerClock.now() &+ time)
            return Login(role: role.name, problem: problem)
        }
    }

    private static func time(_ settings: ProbeSettings) -> Int64 {
        max(leastTime, settings.timing.timeout).wholeNanoseconds
    }

    /// Whether it is what the configuration says, all was read, every role is let in, and the health role may do what it
    /// must.
    package var isGood: Bool {
        problem == nil && unread.isEmpty && lacking.isEmpty && logins.allSatisfy { $0.problem == nil }
    }

    /// It proved to be another cluster than the database's other replicas. Said before any role logs in there; what
    /// may be done in that cluster is nobody's concern.
    package mutating func isOfAnotherCluster(than other: String, identifier: String) {
        guard problem == nil, let found = report?.facts.systemIdentifier, found != identifier else { return }
        problem =
            AttestationFailure.systemIdentifierMismatch(expected: identifier, found: found).description
            + " (that of \(other))"
        (grants, unread) = ([], [])
    }

    // MARK: - As the health role

    private mutating func look(
        _ settings: ProbeSettings, _ roles: [Role], _ resolver: NameResolver, _ time: Int64
    ) throws(ServerFault) {
        let deadline = ServerClock.now() &+ time
        let connection = try ServerConnection.connect(
            to: ServerLogin(to: target, as: settings, purpose: .check), by: resolver, until: deadline)
        defer { connection.close() }
        address = connection.address
        tls = connection.tlsVersion
        let began = ServerClock.now()
        let rows = try connection.query(ProbeQuery.sql, until: deadline)
        let found = try ProbeQuery.report(
            rows, backendPID: connection.backendPID, spki: connection.spki(), address: connection.address,
            roundTrip: .nanoseconds(ServerClock.now() &- began))
        report = found
        let expectation = AttestationExpectation(kind: target.kind, attest: target.attest)
        if let difference = expectation.difference(from: found.facts) { throw .difference(difference) }
        // It is attested from here on: what cannot be read says nothing else of it.
        do throws(ServerFault) {
            try lookAtRights(connection, found, until: deadline)
        } catch {
            unread.append("the rights of the health role: \(error.description)")
        }
        let audit = GrantAudit(
            connection: connection, deadline: ServerClock.now() &+ ReplicaExamination.grantsTime)
        let (findings, fault) = audit.findings(
            roles.map { GrantAudit.Role(name: $0.name, readsOnly: $0.readsOnly) })
        grants = findings
        if let fault { unread.append("some of the grants: \(fault.description)") }
    }

    private mutating func lookAtRights(
        _ connection: ServerConnection, _ report: ProbeReport, until deadline: Int64
    ) throws(ServerFault) {
        let rows = try connection.query(GrantQuery.healthRole, until: deadline)
        guard let row = rows.first, row.count == 3 else {
            throw .failure(.unexpectedAnswer("no rights of the health role"))
        }
        let role = SQLIdentifier.quoted(row[2] ?? "")
        if row[0] != "t" {
            lacking.append("pg_signal_backend, to end sessions: GRANT pg_signal_backend TO \(role);")
        }
        if row[1] != "t" {
            lacking.append("pg_read_all_stats, to see replication: GRANT pg_monitor TO \(role);")
        }
        if report.facts.recovery == .standby, report.replication.streaming == nil {
            lacking.append("the state of the WAL receiver, without which the lag is unknown")
        }
    }

    // MARK: - As the roles

    /// Why the role is not let in; nil: it is.
    private static func login(
        _ role: Role, to target: ReplicaTarget, at address: ResolvedAddress, _ settings: ProbeSettings,
        until deadline: Int64
    ) -> String? {
        var own = settings
        (own.user, own.password, own.passwordFile) = (role.name, nil, nil)
        var files: [MemoryFile] = []
        switch role.credential {
        case .password(let secret): own.password = secret
        case .passwordFile(let file): own.passwordFile = file
        case .certificate(let certificate, let key):
            own.clientCertificate = ClientCertificateFiles(certificate: certificate, key: key)
        case .minted(let certificate, let key):
            guard let first = MemoryFile(Array(certificate.utf8)), let second = MemoryFile(Array(key.utf8))
            else { return "no memory for its certificate" }
            files = [first, second]
            own.clientCertificate = ClientCertificateFiles(certificate: first.path, key: second.path)
        case .trust: break
        case .unusable(let why): return why
        }
        defer { withExtendedLifetime(files) {} }
        do throws(ServerFault) {
            let connection = try ServerConnection(
                to: ServerLogin(to: target, as: own, purpose: .check), at: address, until: deadline)
            defer { connection.close() }
            let rows = try connection.query("SELECT CURRENT_USER", until: deadline)
            guard rows.first?.first == role.name else { return "the server took it for another role" }
            return nil
        } catch {
            return error.description
        }
    }
}
