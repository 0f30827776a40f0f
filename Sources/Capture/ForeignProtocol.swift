/// What begins like no startup packet, by its first four bytes.
package enum ForeignProtocol: String, Equatable, Sendable {
    case http = "HTTP"
    case ssh = "SSH"
    case tls = "TLS"
    case unknown = "unknown"

    private static let methods = [
        "GET ", "POST", "PUT ", "HEAD", "DELE", "OPTI", "PATC", "CONN", "TRAC", "PRI ",
    ]

    init(start: [UInt8]) {
        if Self.methods.contains(where: { start.starts(with: $0.utf8) }) || start.starts(with: "HTTP".utf8) {
            self = .http
        } else if start.starts(with: "SSH-".utf8) {
            self = .ssh
        } else if start.starts(with: [0x16, 0x03]) {
            // A handshake record of TLS.
            self = .tls
        } else {
            self = .unknown
        }
    }
}
