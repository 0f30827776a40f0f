import Audit
import AuditShipping
import Foundation
import Gateway
import GatewayHealth
import GatewayRouting
import SQLText

/// What `check --connect` prints. Nothing in it is a secret.
struct ConnectReport: Encodable {
    struct Replica: Encodable {
        var database: String
        var replica: String
        var region: String
        var host: String
        var port: Int
        var address: String?
        var tls: String?
        var attested: Bool
        /// Why not.
        var problem: String?
        /// What mends that, where its words leave one to guess.
        var hint: String?
        var recovery: String?
        var timeline: UInt32?
        var lagBytes: UInt64?
        var lagSeconds: Double?
        var serverVersion: Int?
        var connectionsLeft: Int?
        /// What could not be read where it is attested, and why.
        var unread: [String]
        var healthRoleLacks: [String]
        var logins: [Login]
    }
    struct Login: Encodable {
        var role: String
        var ok: Bool
        var problem: String?
    }
    /// Something that a handed-out role may do and had better not.
    struct Grant: Encodable {
        var database: String
        var kind: String
        var roles: [String]
        var what: String
        /// What ends it; nil where the server's names are not fit for one.
        var statement: String?
    }
    /// Where logs are copied to.
    struct Destination: Encodable {
        var destination: String
        var region: String
        var host: String
        var port: Int
        var address: String?
        var tls: String?
        var ok: Bool
        /// Why it was not reached or the role not let in.
        var problem: String?
        /// What its tables lack.
        var lacking: [String]
    }
    var ok: Bool
    var replicas: [Replica]
    var grants: [Grant]
    var destinations: [Destination]

    init(_ examinations: [ReplicaExamination], destinations found: [DestinationExamination]) {
        ok = examinations.allSatisfy(\.isGood) && found.allSatisfy(\.isGood)
        destinations = found.map { Destination($0) }
        var trails: [String: PrimaryTrail] = [:]
        for examination in examinations {
            guard let written = examination.report?.replication.written else { continue }
            let id = examination.target.id
            trails[id.database, default: PrimaryTrail()].observed(written, from: id, at: 0)
        }
        replicas = examinations.map { Replica($0, trails[$0.target.id.database] ?? PrimaryTrail()) }
        var seen: Set<[String]> = []
        var grants: [Grant] = []
        for examination in examinations {
            let database = examination.target.id.database
            for finding in examination.grants
            where seen.insert([database, finding.what, finding.statement ?? ""] + finding.roles).inserted {
                grants.append(
                    Grant(
                        database: database, kind: finding.kind.rawValue, roles: finding.roles,
                        what: finding.what, statement: finding.statement))
            }
        }
        self.grants = grants
    }

    private static let noStatement = "(no statement: the server's names are not fit for one)"

    var text: String {
        var rows = [
            [
                "DATABASE", "REPLICA", "REGION", "ADDRESS", "TLS", "ATTESTED", "RECOVERY", "TIMELINE", "LAG",
                "ROLE",
                "LOGIN",
            ]
        ]
        for replica in replicas {
            let facts = replica.facts
            let logins =
                replica.logins.isEmpty ? [("–", "not tried")] : replica.logins.map { ($0.role, $0.words) }
            for (role, login) in logins { rows.append(facts + [role, login]) }
        }
        var lines = Columns.lines(rows)
        for replica in replicas {
            for unread in replica.unread {
                lines.append(VisibleText.of("\(replica.database) \(replica.replica): not read: \(unread)"))
            }
            if let hint = replica.hint { lines.append(VisibleText.of(hint)) }
            for lack in replica.healthRoleLacks {
                lines.append(
                    VisibleText.of("\(replica.database) \(replica.replica): the health role lacks \(lack)"))
            }
        }
        lines += replicas.compactMap(\.grammarNote)
        for grant in grants {
            let roles = grant.roles.joined(separator: ", ")
            lines.append(VisibleText.of("\(grant.database): \(grant.kind): \(roles) \(grant.what)"))
            lines.append("    " + (grant.statement.map { VisibleText.of($0) } ?? ConnectReport.noStatement))
        }
        for destination in destinations { lines += destination.lines }
        let failed = replicas.count { !$0.isGood }
        let unfit = destinations.count { !$0.ok }
        let shipped =
            destinations.isEmpty
            ? "" : "; \(CheckReport.count(destinations.count, "destination")), \(unfit) with failures"
        let found = CheckReport.count(grants.count, "grant")
        lines.append(
            "\(CheckReport.count(replicas.count, "replica")), \(failed) with failures; \(found) to look at\(shipped)"
        )
        return lines.joined(separator: "\n")
    }

    /// OpenSSL and libpq say what failed and not which key of the configuration has to do with it.
    fileprivate static func hint(_ problem: String?, _ target: ReplicaTarget) -> String? {
        guard let problem else { return nil }
        if problem.contains("certificate verify failed") {
            return
                "none of the CAs of `sslrootcert` (\(target.sslrootcert ?? "none")) has signed its certificate, or that is out of "
                + "date; a certificate that signs itself, as Debian's PostgreSQL has at first, is its own CA"
        }
        if problem.contains("server certificate for") || problem.contains("host name") {
            return
                "`host` must be a name of its certificate (\(target.host) is not); `address` may say where it is"
        }
        return nil
    }
}

extension ConnectReport.Replica {
    fileprivate init(_ examination: ReplicaExamination, _ trail: PrimaryTrail) {
        let (target, report) = (examination.target, examination.report)
        database = target.id.database
        replica = target.id.replica
        region = target.region
        host = target.host
        port = target.port
        address = examination.address?.text
        tls = examination.tls
        attested = examination.problem == nil
        problem = examination.problem
        hint = ConnectReport.hint(examination.problem, target).map {
            "\(target.id.database) \(target.id.replica): \($0)"
        }
        recovery = report?.facts.recovery.rawValue
        timeline = report?.timeline
        serverVersion = report?.serverVersion
        connectionsLeft = report?.connectionsLeft
        unread = examination.unread
        healthRoleLacks = examination.lacking
        logins = examination.logins.map {
            ConnectReport.Login(role: $0.role, ok: $0.problem == nil, problem: $0.problem)
        }
        guard let report else { return }
        let lag = ReplayLag(report.replication, recovery: report.facts.recovery, trail: trail, now: 0)
        lagBytes = lag.bytes
        lagSeconds = lag.time.map { Double($0.wholeNanoseconds) / 1e9 }
    }

    fileprivate var isGood: Bool {
        attested && unread.isEmpty && healthRoleLacks.isEmpty && logins.allSatisfy(\.ok)
    }

    /// Where it has a newer grammar than statements are read by.
    fileprivate var grammarNote: String? {
        guard let serverVersion else { return nil }
        let grammar = GrammarVersion(serverVersionNumber: serverVersion)
        guard grammar > .own else { return nil }
        return VisibleText.of(
            "\(database) \(replica): is \(grammar), statements are read as \(GrammarVersion.own) takes them: what is newer is "
                + "refused where a rule forbids something, elsewhere recorded as unparsed")
    }

    /// The columns of the table that are the replica's.
    fileprivate var facts: [String] {
        let place =
            address.map { $0.contains(":") ? "[\($0)]:\(port)" : "\($0):\(port)" } ?? "\(host):\(port)"
        return [
            database, replica, region, place, address == nil ? "–" : tls ?? "none", problem ?? "yes",
            recovery ?? "–", timeline.map { "\($0)" } ?? "–", lagText,
        ]
    }

    private var lagText: String {
        guard recovery == RecoveryState.standby.rawValue else { return "–" }
        let bytes = lagBytes.map { "\($0) B" } ?? "unknown"
        guard let lagSeconds, lagSeconds > 0 else { return bytes }
        return "\(bytes), \((lagSeconds * 10).rounded() / 10) s"
    }
}

extension ConnectReport.Destination {
    fileprivate init(_ examination: DestinationExamination) {
        let place = examination.destination
        self.init(
            destination: place.name, region: place.region, host: place.host, port: place.port,
            address: examination.address?.text, tls: examination.tls, ok: examination.isGood,
            problem: examination.problem, lacking: examination.lacking)
    }

    fileprivate var lines: [String] {
        let words = ok ? "ok" : problem ?? "not fit for shipping"
        let first = "destination \(destination) in \(region) at \(host):\(port): \(words)"
        return ([first] + lacking.map { "    " + $0 }).map { VisibleText.of($0) }
    }
}

extension ConnectReport.Login {
    fileprivate var words: String { problem ?? "ok" }
}
