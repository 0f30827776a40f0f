import GatewayPolicy

/// The whole configuration, validated: one immutable value, swapped in at once on reload. Paths are absolute.
/// Keys, units and defaults are those of docs/configuration.md.
package struct Configuration: Sendable {
    /// The file it was read from, and the SHA-256 of its bytes in lower-case hex (the policy digest).
    package var file: String
    package var digest: String
    /// The region this gateway runs in.
    package var region: String
    /// This gateway's name in records; default the host name.
    package var gateway: String
    package var listeners: [Listener]
    package var admin: AdminEndpoint?
    package var issuers: [Issuer]
    package var regions: [Region]
    package var databases: [Database]
    package var health: Health
    package var audit: AuditSettings
    package var session: SessionSettings
    package var limits: Limits
    package var rules: [Rule]
    package var operators: [Operator]
    /// Folder of what must survive a restart.
    package var state: String
    /// Allowed difference of clocks for exp, nbf and iat.
    package var leeway: Duration

    package func region(named name: String) -> Region? { regions.first { $0.name.hasSameBytes(as: name) } }
    package func database(named name: String) -> Database? { databases.first { $0.name.hasSameBytes(as: name) } }
}

/// Where executors connect.
package struct Listener: Sendable, Hashable {
    package enum Address: Sendable, Hashable {
        /// A literal IPv4 or IPv6 address, or a host name to bind.
        case tcp(host: String, port: Int)
        /// Path of a Unix-domain socket.
        case unix(path: String)
    }
    package enum Authentication: String, Sendable, CaseIterable { case cleartext, oauthbearer }
    package var address: Address
    package var tls: ListenerTLS?
    /// True unless the entry says `tls: { required: false }` or the listener is a Unix socket.
    package var tlsRequired: Bool
    package var auth: Authentication
}

/// Certificate (PEM chain), key (PEM) and the CA for executors' certificates of one listener: paths.
package struct ListenerTLS: Sendable, Hashable {
    package var certificate: String
    package var key: String
    package var clientCA: String?
}

/// Metrics, health and API over HTTP.
package struct AdminEndpoint: Sendable, Hashable {
    package var host: String
    package var port: Int
    /// Path of the admin socket; default `state/admin.sock`.
    package var socket: String
}

/// An OpenID provider whose tokens are accepted.
package struct Issuer: Sendable, Hashable {
    package enum Keys: Sendable, Hashable {
        /// OIDC Discovery: `issuer` + `/.well-known/openid-configuration`.
        case discovery
        case url(String)
        case file(String)
    }
    /// `iss`, compared byte for byte.
    package var issuer: String
    package var audience: [String]
    package var algorithms: [Algorithm]
    package var keys: Keys
    /// PEM file of the CA that signed the provider's TLS certificate; nil: the system's.
    package var ca: String?
    /// Accepted `typ` values in lower case; default `jwt`, `at+jwt`. An absent `typ` is accepted with the default.
    package var types: [String]?
    /// Names to claim paths; at least `subject`.
    package var claims: [String: [String]]
    /// How long known keys serve while the provider cannot be reached; how old they get before a refresh.
    package var keysMaxAge: Duration
    package var keysRefresh: Duration
}

/// JWS algorithms (RFC 7518 section 3.1, RFC 8037).
package enum Algorithm: String, Sendable, Hashable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"
}

package struct Region: Sendable, Hashable {
    package var name: String
    package var jurisdiction: String
    /// Folder of the region's audit log.
    package var audit: String
    /// Where its servers may be; empty: anywhere.
    package var networks: [Network]
}

/// A CIDR block of IPv4 (4 bytes) or IPv6 (16 bytes).
package struct Network: Sendable, Hashable {
    package var address: [UInt8]
    package var prefix: Int

    package init(address: [UInt8], prefix: Int) {
        self.address = address
        self.prefix = prefix
    }

    /// Whether an address (4 or 16 bytes, network order) lies in the block. `::ffff:a.b.c.d` counts as IPv4.
    package func contains(_ candidate: [UInt8]) -> Bool {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        let other = candidate.count == 16 && candidate.starts(with: mapped) ? Array(candidate[12...]) : candidate
        guard other.count == address.count, prefix >= 0, prefix <= address.count * 8 else { return false }
        let whole = prefix / 8
        guard other.prefix(whole) == address.prefix(whole) else { return false }
        let rest = prefix % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff00 >> rest)
        return other[whole] & mask == address[whole] & mask
    }
}

/// A logical database that an executor asks for.
package struct Database: Sendable, Hashable {
    package var name: String
    package var replicas: [Replica]
    package var upstream: Upstream
    /// Row-level security relies on the session's facts; `check` insists on `forbid: [opaque]`.
    package var rowLevelFacts: Bool
}

package enum ReplicaKind: String, Sendable, Hashable, CaseIterable { case primary, standby, auto }

/// One real PostgreSQL server that holds a database, in exactly one region.
package struct Replica: Sendable, Hashable {
    package var name: String
    package var region: String
    package var kind: ReplicaKind
    package var host: String
    package var port: Int
    package var dbname: String
    /// Replay lag beyond which a standby is passed over; nil: no limit.
    package var maxLag: Duration?
    package var attest: Attestation
    /// Set by the operator: not selected for new sessions.
    package var maintenance: Bool
}

/// What a replica must prove about itself; nil: not asked for.
package struct Attestation: Sendable, Hashable {
    package var clusterName: String?
    /// `sha256/` + base64 of the SHA-256 of the server certificate's SubjectPublicKeyInfo.
    package var tlsSPKI: String?
    package var systemIdentifier: String?

    package init(clusterName: String? = nil, tlsSPKI: String? = nil, systemIdentifier: String? = nil) {
        self.clusterName = clusterName
        self.tlsSPKI = tlsSPKI
        self.systemIdentifier = systemIdentifier
    }
}

package enum SSLMode: String, Sendable, Hashable, CaseIterable {
    case disable
    case require
    case verifyCA = "verify-ca"
    case verifyFull = "verify-full"
}

/// How the gateway logs in to a database's replicas.
package struct Upstream: Sendable, Hashable {
    package var sslmode: SSLMode
    /// PEM file of CAs; required for verify-ca and verify-full.
    package var sslrootcert: String?
    /// Allows the server to ask for a password in cleartext or by MD5.
    package var allowsWeakAuthentication: Bool
    /// Role to credential.
    package var roles: [String: UpstreamCredential]
    /// Only with `certificate: minted`: the CA that signs short-lived client certificates.
    package var certificateAuthority: CertificateAuthority?
}

package struct CertificateAuthority: Sendable, Hashable {
    package var certificate: String
    package var key: String
}

package enum UpstreamCredential: Sendable, Hashable {
    case password(Secret)
    /// A client certificate and key: PEM files.
    case certificate(certificate: String, key: String)
    /// A short-lived client certificate made by the gateway, CN = role.
    case minted
    /// The server trusts this connection.
    case trust
}

/// Text that is never printed: its description is `<redacted>`.
package struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// The text itself; the caller sees to it that it reaches no log, metric, error or argument.
    package func reveal() -> String { value }
}

package struct Health: Sendable, Hashable {
    package var interval: Duration
    package var timeout: Duration
    package var user: String
    package var password: Secret?
    /// Failures in a row after which a replica counts as down; successes after which it counts as up again.
    package var fall: Int
    package var rise: Int
}

package struct AuditSettings: Sendable, Hashable {
    package enum Durability: String, Sendable, Hashable, CaseIterable { case strict, acknowledged, buffered }
    package var durability: Durability
    package var syncInterval: Duration
    /// Bytes after which a new segment begins.
    package var segment: Int
    /// Bytes a record may have.
    package var recordLimit: Int
    package var parameters: Capture
    package var literals: Capture
    package var origin: String?
    package var key: String?
    package var retention: Duration?
    /// File of the key for digests of parameters; default `<state>/capture.key`, made at the first start.
    package var captureKey: String
    /// Names of filesystem types that are accepted beside local ones.
    package var allowFilesystems: [String]
}

package struct SessionSettings: Sendable, Hashable {
    package var expiry: ExpiryMode
    package var expiryNotice: Duration
    package var drainTimeout: Duration
    /// `Duration.zero` is never, here and in `idleTimeout`.
    package var maxLifetime: Duration
    package var idleTimeout: Duration
    package var startupTimeout: Duration
    package var shutdownTimeout: Duration
}

package struct Limits: Sendable, Hashable {
    package var logBytesPerSecondPerSubject: Int
    package var sessions: Int
    package var sessionsPerSubject: Int
    package var loginsPerSecondPerAddress: Int
    package var statement: Int
    package var token: Int
    /// Nil: one for each core.
    package var workers: Int?
}

package struct Operator: Sendable, Hashable {
    package enum Right: String, Sendable, Hashable, CaseIterable { case read, kill, revoke, reload }
    package var who: Condition
    package var may: Set<Right>
}
