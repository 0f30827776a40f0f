import GatewayConfiguration

extension ServerLogin {
    /// What a connection may take, milliseconds.
    package struct Times: Sendable {
        /// A statement, and a lock that somebody else holds: the server gives up.
        package var statement: Int64
        package var lock: Int64
        /// What was sent, until the server's kernel acknowledges it.
        package var sending: Int64

        package init(statement: Int64, lock: Int64, sending: Int64) {
            self.statement = statement
            self.lock = lock
            self.sending = sending
        }
    }

    /// How the gateway logs in at a destination of `audit.ship`.
    ///
    /// - Parameter networks: where servers of its region may be; empty: anywhere.
    package init(
        to destination: ShippingDestination, networks: [Network], applicationName: String, times: Times
    ) {
        self.init(
            host: destination.host, port: destination.port, dbname: destination.dbname,
            region: destination.region, networks: networks, sslmode: destination.sslmode,
            sslrootcert: destination.sslrootcert, sslcrl: destination.sslcrl,
            allowsWeakAuthentication: destination.allowsWeakAuthentication, user: destination.user,
            password: destination.password, passwordFile: destination.passwordFile,
            applicationName: applicationName,
            options: "-c statement_timeout=\(times.statement) -c lock_timeout=\(times.lock) -c jit=off",
            sendTimeout: times.sending)
    }
}
