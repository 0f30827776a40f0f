import Glibc

/// What went wrong below the protocol. `description` holds no bytes of a peer.
package enum TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A system call failed with this `errno`.
    case system(call: String, code: Int32)
    /// No address could be made of this text.
    case address(String)
    /// What was passed at the start cannot be used as a listening socket.
    case inherited(String)
    /// A TLS handshake or record failed; `reason` is OpenSSL's own text.
    case tls(reason: String)
    /// A certificate, key or CA file cannot be used.
    case material(path: String, reason: String)
    /// The peer closed the connection.
    case closed

    package var description: String {
        switch self {
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        case .address(let text): "not an address: \(text)"
        case .inherited(let text): text
        case .tls(let reason): "TLS: \(reason)"
        case .material(let path, let reason): "\(path): \(reason)"
        case .closed: "connection closed"
        }
    }
}
