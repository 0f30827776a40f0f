import Foundation
import GatewayConfiguration
import GatewayRouting

/// All that a libpq connection is made from: where the server is, what it must prove, and who logs in there.
package struct ServerLogin: Sendable, Hashable {
    package var host: String
    package var port: Int
    package var dbname: String
    /// The region that it is in, and where servers of that region may be; no network: anywhere.
    package var region: String
    package var networks: [Network]
    package var sslmode: SSLMode
    package var sslrootcert: String?
    package var sslcrl: String?
    /// The server may ask for a password in cleartext or by MD5.
    package var allowsWeakAuthentication: Bool
    /// `sha256/` and the base64 digest of its certificate's public key; nil: not asked for.
    package var tlsSPKI: String?
    package var user: String
    package var password: Secret?
    /// In its place: a file that holds it, read for each connection.
    package var passwordFile: String?
    /// What is shown to the server besides.
    package var clientCertificate: ClientCertificateFiles?
    /// As the server shows the connection.
    package var applicationName: String
    /// Settings of its session beside `search_path`, `-c NAME=VALUE`.
    package var options: String
    /// How long the server may leave what was sent unacknowledged, milliseconds.
    package var sendTimeout: Int64

    package init(
        host: String, port: Int, dbname: String, region: String, networks: [Network], sslmode: SSLMode,
        sslrootcert: String?, sslcrl: String?, allowsWeakAuthentication: Bool, tlsSPKI: String? = nil,
        user: String, password: Secret?, passwordFile: String?,
        clientCertificate: ClientCertificateFiles? = nil,
        applicationName: String, options: String, sendTimeout: Int64
    ) {
        self.host = host
        self.port = port
        self.dbname = dbname
        self.region = region
        self.networks = networks
        self.sslmode = sslmode
        self.sslrootcert = sslrootcert
        self.sslcrl = sslcrl
        self.allowsWeakAuthentication = allowsWeakAuthentication
        self.tlsSPKI = tlsSPKI
        self.user = user
        self.password = password
        self.passwordFile = passwordFile
        self.clientCertificate = clientCertificate
        self.applicationName = applicationName
        self.options = options
        self.sendTimeout = sendTimeout
    }

    /// Whether an address may be connected to: it lies in the region's networks, where any are given (F-POL-01).
    package func admits(_ address: ResolvedAddress) -> Bool { networks.admit(address) }

    /// With the password that the file holds now.
    func withPassword() throws(ServerFault) -> ServerLogin {
        guard let passwordFile else { return self }
        var login = self
        do throws(PrivateFile.Mistake) {
            login.password = try PasswordFile.read(passwordFile)
        } catch {
            throw .failure(.passwordFile(error.description))
        }
        return login
    }

    /// A path that cannot exist, for files that libpq would else look for in a home folder.
    private static let noFile = "/dev/null/none"

    /// Every option that libpq would else take from the environment, a service file or a home folder ("Database
    /// Connection Control Functions"). One host, one address (F-POL-06).
    func parameters(at address: ResolvedAddress) -> [(String, String)] {
        let noFile = ServerLogin.noFile
        let encrypted = sslmode != .disable
        let verified = sslmode == .verifyCA || sslmode == .verifyFull
        // libpq 15 knows no require_auth: without channel binding it would hand its password to whoever asks.
        let binds = encrypted && password != nil && !allowsWeakAuthentication
        return [
            ("host", host), ("hostaddr", address.text), ("port", String(port)),
            ("dbname", dbname), ("user", user),
            // Never empty: libpq would take PGPASSWORD instead.
            ("password", password?.reveal() ?? "none"), ("passfile", noFile),
            ("channel_binding", binds ? "require" : "prefer"),
            ("sslmode", sslmode.rawValue),
            ("sslrootcert", verified ? sslrootcert ?? noFile : noFile),
            ("sslcert", clientCertificate?.certificate ?? noFile),
            ("sslkey", clientCertificate?.key ?? noFile),
            ("sslcrl", verified ? sslcrl ?? noFile : noFile), ("sslcrldir", noFile),
            ("sslcompression", "0"), ("sslsni", "1"), ("ssl_min_protocol_version", "TLSv1.2"),
            ("ssl_max_protocol_version", "TLSv1.3"),
            ("gssencmode", "disable"), ("krbsrvname", "postgres"), ("gsslib", "gssapi"),
            ("target_session_attrs", "any"), ("client_encoding", "UTF8"),
            ("application_name", applicationName),
            // Names cannot be redirected (F-WIRE-09).
            ("options", "-c search_path= " + options),
            ("keepalives", "1"), ("tcp_user_timeout", String(sendTimeout)), ("connect_timeout", "0"),
        ]
    }

    /// Takes variables away that libpq reads and no option overrides. Called once, before the first thread that connects.
    package static func clearEnvironment() {
        let names = [
            "PGSERVICE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIREPEER", "PGREQUIRESSL", "PGDATESTYLE",
            "PGTZ", "PGGEQO", "PGOPTIONS", "PGLOCALEDIR",
        ]
        for name in names where getenv(name) != nil { unsetenv(name) }
    }
}

/// A client certificate and its key, PEM files.
package struct ClientCertificateFiles: Sendable, Hashable {
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}
