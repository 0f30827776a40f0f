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

    package init(address: Address, tls: ListenerTLS?, tlsRequired: Bool, auth: Authentication) {
        self.address = address
        self.tls = tls
        self.tlsRequired = tlsRequired
        self.auth = auth
    }
}

/// Certificate (PEM chain), key (PEM) and the CA for executors' certificates of one listener: paths.
package struct ListenerTLS: Sendable, Hashable {
    package var certificate: String
    package var key: String
    package var clientCA: String?

    package init(certificate: String, key: String, clientCA: String?) {
        self.certificate = certificate
        self.key = key
        self.clientCA = clientCA
    }
}

/// Metrics, health and API over HTTP.
package struct AdminEndpoint: Sendable, Hashable {
    /// Bytes of the socket's path: sun_path holds 107 (unix(7)), and it is made beside its place under a name that is
    /// three bytes longer.
    package static let socketLimit = 104
    package var host: String
    package var port: Int
    /// Path of the admin socket; default `state/admin.sock`.
    package var socket: String

    package init(host: String, port: Int, socket: String) {
        self.host = host
        self.port = port
        self.socket = socket
    }
}
