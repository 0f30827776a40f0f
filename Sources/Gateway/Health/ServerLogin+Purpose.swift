import GatewayConfiguration
import GatewayRouting
import GatewayServers

extension ServerLogin {
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

    /// How the health role, or whoever `settings` names, logs in at a replica.
    init(to target: ReplicaTarget, as settings: ProbeSettings, purpose: Purpose) {
        let timeout = max(1, settings.timing.timeout.wholeNanoseconds / 1_000_000)
        self.init(
            host: target.host, port: target.port, dbname: target.dbname, region: target.region,
            networks: target.networks, sslmode: target.sslmode, sslrootcert: target.sslrootcert,
            sslcrl: target.sslcrl, allowsWeakAuthentication: target.allowsWeakAuthentication,
            tlsSPKI: target.attest.tlsSPKI, user: settings.user, password: settings.password,
            passwordFile: settings.passwordFile, clientCertificate: settings.clientCertificate,
            applicationName: purpose.applicationName, options: purpose.options(timeout: timeout),
            sendTimeout: timeout)
    }
}
