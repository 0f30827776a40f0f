import Gateway
import PGWire
import Testing

@Suite struct StartupNegotiationTests {
    private static let startup = StartupRequest.startupMessage(
        StartupMessage(version: .v30, parameters: [.init("user", "analyst")]))
    private static let cancel = StartupRequest.cancelRequest(CancelRequest(processID: 7, key: [1, 2, 3, 4]))

    enum Listener: Sendable {
        /// A certificate, and no token in the clear.
        case encrypted
        /// A certificate, and `required: false`.
        case either
        /// No certificate.
        case clear

        var hasTLS: Bool { self != .clear }
        var requiresTLS: Bool { self == .encrypted }
    }

    private func word(_ action: StartupNegotiation.Action) -> String {
        switch action {
        case .beginTLS: "S"
        case .refuseEncryption: "N"
        case .cancel(let processID, let secret): "cancel \(processID) \(secret)"
        case .authenticate: "authenticate"
        case .refuse(let refusal): refusal.sqlstate
        case .close: "close"
        }
    }

    /// Plays letters: `s` SSLRequest, `g` GSSENCRequest, `u` startup, `c` cancel, `T` TLS is established.
    private func play(_ letters: String, _ listener: Listener, leftover: Int = 0) -> [String] {
        var negotiation = StartupNegotiation()
        var words: [String] = []
        for letter in letters {
            let request: StartupRequest
            switch letter {
            case "s": request = .sslRequest
            case "g": request = .gssencRequest
            case "u": request = StartupNegotiationTests.startup
            case "c": request = StartupNegotiationTests.cancel
            default:
                negotiation.tlsEstablished()
                continue
            }
            let action = negotiation.received(
                request, leftover: leftover, hasTLS: listener.hasTLS, requiresTLS: listener.requiresTLS)
            words.append(word(action))
        }
        return words
    }

    @Test(
        "F-WIRE-05: at most one request for each kind of encryption, in any order, then the startup packet",
        arguments: [
            ("sTu", Listener.encrypted, ["S", "authenticate"]),
            ("gsTu", .encrypted, ["N", "S", "authenticate"]),
            ("Tu", .encrypted, ["authenticate"]),
            ("u", .encrypted, ["28000"]),
            ("gu", .encrypted, ["N", "28000"]),
            ("su", .encrypted, ["S", "28000"]),
            ("u", .either, ["authenticate"]),
            ("gu", .either, ["N", "authenticate"]),
            ("sTu", .either, ["S", "authenticate"]),
            ("u", .clear, ["authenticate"]),
            ("su", .clear, ["N", "authenticate"]),
            ("sgu", .clear, ["N", "N", "authenticate"]),
            ("gsu", .clear, ["N", "N", "authenticate"]),
        ])
    func orders(letters: String, listener: Listener, expected: [String]) {
        #expect(play(letters, listener) == expected)
    }

    @Test(
        "F-WIRE-05: a second request of a kind, or any under TLS, is a protocol violation",
        arguments: [
            ("ss", Listener.clear, ["N", "08P01"]),
            ("gg", .clear, ["N", "08P01"]),
            ("gsg", .clear, ["N", "N", "08P01"]),
            ("sgs", .clear, ["N", "N", "08P01"]),
            ("sTs", .encrypted, ["S", "08P01"]),
            ("sTg", .encrypted, ["S", "08P01"]),
            ("Ts", .encrypted, ["08P01"]),
            ("Tg", .encrypted, ["08P01"]),
        ])
    func repeated(letters: String, listener: Listener, expected: [String]) {
        #expect(play(letters, listener) == expected)
    }

    @Test(
        "F-WIRE-01: a byte behind a request for encryption closes the connection without an answer",
        arguments: [
            ("s", Listener.encrypted), ("s", .clear), ("g", .encrypted), ("g", .clear),
        ])
    func leftover(letters: String, listener: Listener) {
        #expect(play(letters, listener, leftover: 1) == ["close"])
    }

    @Test("What is pipelined behind a startup packet does not close: it waits for the login")
    func leftoverBehindStartup() {
        #expect(play("u", .clear, leftover: 40) == ["authenticate"])
    }

    @Test(
        "A cancel request is taken in the clear and under TLS, with its key, at every stage",
        arguments: [
            ("c", Listener.encrypted, 0), ("c", .clear, 0), ("sTc", .encrypted, 1), ("gc", .either, 1),
            ("sc", .clear, 1),
        ])
    func cancel(letters: String, listener: Listener, index: Int) {
        #expect(play(letters, listener)[index] == "cancel 7 [1, 2, 3, 4]")
    }

    @Test("A ClientHello is direct TLS only where no SSLRequest came; encryption is known from its end on")
    func directTLS() {
        var negotiation = StartupNegotiation()
        #expect(negotiation.expectsDirectTLS)
        _ = negotiation.received(.sslRequest, leftover: 0, hasTLS: true, requiresTLS: true)
        #expect(!negotiation.expectsDirectTLS)
        #expect(!negotiation.isEncrypted)
        negotiation.tlsEstablished()
        #expect(negotiation.isEncrypted)
        #expect(!negotiation.expectsDirectTLS)
    }
}
