import PGWire

/// What comes before the startup packet: at most one SSLRequest and one GSSENCRequest, in any order (F-WIRE-05). Pure.
package struct StartupNegotiation {
    package enum Action {
        /// Write `S`, then TLS.
        case beginTLS
        /// Write `N` and read on.
        case refuseEncryption
        case cancel(processID: Int32, secret: [UInt8])
        case authenticate(StartupMessage)
        case refuse(Refusal)
        /// Close without a word.
        case close
    }

    private var askedTLS = false
    private var askedGSS = false
    package private(set) var isEncrypted = false

    package init() {}

    /// A first packet was read.
    ///
    /// - Parameters:
    ///   - leftover: bytes that came behind it already. Behind an SSLRequest they would be taken for encrypted
    ///     (F-WIRE-01): the connection is closed.
    ///   - hasTLS: the listener has a certificate.
    ///   - requiresTLS: the listener takes no token in the clear.
    package mutating func received(
        _ request: StartupRequest, leftover: Int, hasTLS: Bool, requiresTLS: Bool
    ) -> Action {
        switch request {
        case .sslRequest:
            guard !askedTLS, !isEncrypted else { return .refuse(.protocolViolation("A second SSLRequest.")) }
            askedTLS = true
            guard leftover == 0 else { return .close }
            return hasTLS ? .beginTLS : .refuseEncryption
        case .gssencRequest:
            guard !askedGSS, !isEncrypted else {
                return .refuse(.protocolViolation("A second GSSENCRequest."))
            }
            askedGSS = true
            guard leftover == 0 else { return .close }
            return .refuseEncryption
        case .cancelRequest(let cancel):
            return .cancel(processID: cancel.processID, secret: cancel.key)
        case .startupMessage(let message):
            guard isEncrypted || !requiresTLS else { return .refuse(.encryptionRequired) }
            return .authenticate(message)
        }
    }

    /// No SSLRequest came: a ClientHello now is direct TLS.
    package var expectsDirectTLS: Bool { !askedTLS }

    package mutating func tlsEstablished() {
        isEncrypted = true
        askedTLS = true
    }
}
