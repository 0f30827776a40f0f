import Foundation
import GatewayConfiguration
import GatewayRouting

extension ProbeConnection {
    /// What a connection is made for: who asks, as the server shows it, and what its statements may take.
    enum Purpose {
        case probe
        case catalog
        /// `domicile check --connect`.
        case check

        fileprivate var applicationName: String {
            switch self {
            case .probe: "domicile probe"
            case .catalog: "domicile catalog"
            case .check: "domicile check"
            }
        }

        /// `timeout` is a probe's, in milliseconds. A statement that we gave up ends at the server too.
        fileprivate func options(timeout: Int64) -> String {
            switch self {
            case .probe: "-c statement_timeout=\(timeout) -c lock_timeout=\(timeout)"
            // Compiling a query that runs once takes longer than running it.
            case .catalog:
                "-c statement_timeout=\(CatalogTimes.deadline / 1_000_000) -c lock_timeout=\(timeout) -c jit=off"
            case .check:
                "-c statement_timeout=\(ReplicaExamination.statementTime) -c lock_timeout=\(timeout) -c jit=off"
            }
        }
    }

    /// Resolves the name anew, checks every address before it is connected to, and takes the first that answers.
    static func connect(
        to target: ReplicaTarget, as settings: ProbeSettings, by resolver: NameResolver, purpose: Purpose,
        until deadline: Int64
    ) throws(ProbeFault) -> ProbeConnection {
        let addresses = try resolver.resolve(until: deadline)
        var fault = ProbeFault.difference(
            .networks(address: addresses.first?.text ?? "", region: target.region))
        for address in addresses where target.admits(address) {
            do throws(ProbeFault) {
                return try ProbeConnection(
                    to: target, at: address, as: settings, purpose: purpose, until: deadline)
            } catch {
                fault = error
            }
        }
        throw fault
    }

    /// A path that cannot exist, for files that libpq would else look for in a home folder.
    private static let noFile = "/dev/null/none"

    /// Every option that libpq would else take from the environment, a service file or a home folder ("Database
    /// Connection Control Functions"). One host, one address (F-POL-06).
    static func options(
        target: ReplicaTarget, address: ResolvedAddress, settings: ProbeSettings, purpose: Purpose
    ) -> [(String, String)] {
        let encrypted = target.sslmode != .disable
        let verified = target.sslmode == .verifyCA || target.sslmode == .verifyFull
        // libpq 15 knows no require_auth: without channel binding it would hand its password to whoever asks.
        let binds = encrypted && settings.password != nil && !target.allowsWeakAuthentication
        let timeout = max(1, settings.timing.timeout.wholeNanoseconds / 1_000_000)
        return [
            ("host", target.host), ("hostaddr", address.text), ("port", String(target.port)),
            ("dbname", target.dbname), ("user", settings.user),
            // Never empty: libpq would take PGPASSWORD instead.
            ("password", settings.password?.reveal() ?? "none"), ("passfile", noFile),
            ("channel_binding", binds ? "require" : "prefer"),
            ("sslmode", target.sslmode.rawValue),
            ("sslrootcert", verified ? target.sslrootcert ?? noFile : noFile),
            ("sslcert", settings.clientCertificate?.certificate ?? noFile),
            ("sslkey", settings.clientCertificate?.key ?? noFile),
            ("sslcrl", verified ? target.sslcrl ?? noFile : noFile), ("sslcrldir", noFile),
            ("sslcompression", "0"), ("sslsni", "1"), ("ssl_min_protocol_version", "TLSv1.2"),
            ("ssl_max_protocol_version", "TLSv1.3"),
            ("gssencmode", "disable"), ("krbsrvname", "postgres"), ("gsslib", "gssapi"),
            ("target_session_attrs", "any"), ("client_encoding", "UTF8"),
            ("application_name", purpose.applicationName),
            // Names cannot be redirected (F-WIRE-09).
            ("options", "-c search_path= " + purpose.options(timeout: timeout)),
            ("keepalives", "1"), ("tcp_user_timeout", String(timeout)), ("connect_timeout", "0"),
        ]
    }

    /// Variables that libpq reads and no option overrides. Called once, before the first probe's thread starts.
    static func clearEnvironment() {
        let names = [
            "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIREPEER", "PGREQUIRESSL", "PGDATESTYLE",
            "PGTZ", "PGGEQO", "PGOPTIONS", "PGLOCALEDIR",
        ]
        for name in names where getenv(name) != nil { unsetenv(name) }
    }
}
