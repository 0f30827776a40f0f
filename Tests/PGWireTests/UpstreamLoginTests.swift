import PGWire
import Testing

/// Plays a replica against the login machine, and notes each answer.
struct LoginTranscript {
    /// A frame by its type and body.
    typealias Frame = (tag: Character, body: [UInt8])

    static let ok: Frame = ("R", [0, 0, 0, 0])
    static let cleartext: Frame = ("R", [0, 0, 0, 3])
    static let md5: Frame = ("R", [0, 0, 0, 5, 1, 2, 3, 0xff])
    static let key: Frame = ("K", [0, 0, 0x30, 0x39, 1, 2, 3, 4])
    static let ready: Frame = ("Z", wire("I"))
    static let timeZone: Frame = ("S", wire("TimeZone", 0, "Etc/UTC", 0))
    static let notice: Frame = ("N", wire("SNOTICE", 0, "Mhello", 0, 0))

    static func sasl(_ mechanisms: String...) -> Frame {
        ("R", wire(0, 0, 0, 10) + mechanisms.flatMap { wire($0, 0) } + [0])
    }
    static func saslContinue(_ text: String) -> Frame { ("R", wire(0, 0, 0, 11, text)) }
    static func saslFinal(_ text: String) -> Frame { ("R", wire(0, 0, 0, 12, text)) }
    static func error(_ sqlstate: String, _ severity: String = "FATAL") -> Frame {
        ("E", wire("S", severity, 0, "V", severity, 0, "C", sqlstate, 0, "M\u{1b}[2Jtrust me", 0, 0))
    }

    var sent: [[UInt8]] = []
    var result: UpstreamLoginResult?
    var failure: UpstreamLoginFailure?
    /// How many frames were read when it ended.
    var ended: Int?

    static func credential(_ change: (inout UpstreamCredential) -> Void = { _ in }) -> UpstreamCredential {
        var credential = UpstreamCredential(
            user: Array("user".utf8), password: Array("pencil".utf8), nonce: Array(ScramTests.nonce.utf8),
            isEncrypted: true)
        change(&credential)
        return credential
    }

    init<Digests: LoginDigests>(
        _ credential: UpstreamCredential = credential(), digests: Digests.Type, _ frames: [Frame]
    ) {
        var login = UpstreamLogin<Digests>()
        note(login.start(parameters: [.init("database", "orders")], credential: credential))
        for (index, frame) in frames.enumerated() {
            let wasEnded = ended != nil
            note(login.frameReceived(tag: frame.tag.asciiValue ?? 0, body: frame.body.span))
            if !wasEnded, result != nil || failure != nil { ended = index + 1 }
        }
    }

    init(_ credential: UpstreamCredential = credential(), _ frames: Frame...) {
        self.init(credential, digests: TestDigests.self, frames)
    }

    private mutating func note<Digests>(_ action: UpstreamLogin<Digests>.Action) {
        switch action {
        case .send(let bytes): sent.append(bytes)
        case .wait: break
        case .loggedIn(let result): self.result = result
        case .fail(let failure): self.failure = self.failure ?? failure
        }
    }
}

@Suite("The login at a replica")
struct UpstreamLoginTests {
    typealias T = LoginTranscript
    static let startup: [UInt8] = wire(
        0, 0, 0, 0x23, 0, 3, 0, 0, "user", 0, "user", 0, "database", 0, "orders", 0, 0)
    static let serverFirst = T.saslContinue(ScramTests.serverFirst)

    private func sasl(_ mechanism: String, _ message: String) -> [UInt8] {
        let body = wire(mechanism, 0, 0, 0, 0, message.utf8.count, message)
        return wire("p", 0, 0, 0, body.count + 4) + body
    }

    private func password(_ body: [UInt8]) -> [UInt8] { wire("p", 0, 0, 0, body.count + 4) + body }

    @Test("The first bytes are a startup packet of protocol 3.0 with the role in front")
    func startup() {
        #expect(T(T.credential()).sent == [Self.startup])
    }

    @Test("Trust: the session's values, key, notices and status come back in order")
    func trust() throws {
        let login = T(
            T.credential(), T.ok, T.timeZone, T.notice, ("S", wire("server_version", 0, "15.20", 0)), T.key,
            T.timeZone,
            T.ready)
        #expect(login.sent == [Self.startup])
        let result = try #require(login.result)
        #expect(result.method == .none)
        #expect(
            result.parameters.map { String(decoding: $0.name, as: UTF8.self) } == [
                "TimeZone", "server_version", "TimeZone",
            ])
        #expect(result.key == BackendKeyData(processID: 12_345, key: [1, 2, 3, 4]))
        #expect(result.transactionStatus == .idle)
        #expect(result.notices.count == 1)
        #expect(result.scramKeys == nil)
        #expect(login.failure == nil)
    }

    @Test("F-WIRE-13: a replica that gives no key is logged in at, without one")
    func withoutKey() throws {
        #expect(try #require(T(T.credential(), T.ok, T.ready).result).key == nil)
    }

    @Test("A cleartext password is sent only where that is allowed")
    func cleartext() {
        let allowed = T(
            T.credential { $0.allowsWeakAuthentication = true }, T.cleartext, T.ok, T.key, T.ready)
        #expect(allowed.sent == [Self.startup, password(wire("pencil", 0))])
        #expect(allowed.result?.method == .cleartextPassword)
        let refused = T(T.credential(), T.cleartext, T.ok, T.key, T.ready)
        #expect(refused.failure == .weakAuthenticationRefused(.cleartextPassword))
        #expect(refused.ended == 1)
        #expect(refused.sent == [Self.startup])
    }

    @Test("An MD5 password is sent only where that is allowed, as PostgreSQL hashes it")
    func md5() {
        let allowed = T(T.credential { $0.allowsWeakAuthentication = true }, T.md5, T.ok, T.key, T.ready)
        #expect(allowed.sent == [Self.startup, password(wire("md5673c3af101952f37135f47d3103c8b04", 0))])
        #expect(allowed.result?.method == .md5Password)
        #expect(T(T.credential(), T.md5).failure == .weakAuthenticationRefused(.md5Password))
    }

    /// Computed with Python's hashlib and hmac for RFC 7677's nonces, salt and password, with the empty name
    /// that PostgreSQL wants.
    @Test("SCRAM without TLS says n")
    func scramPlain() throws {
        let credential = T.credential { $0.isEncrypted = false }
        let login = T(
            credential, T.sasl("SCRAM-SHA-256"), Self.serverFirst,
            T.saslFinal("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg="), T.ok, T.key, T.ready)
        let final = "c=biws,r=\(ScramTests.serverNonce),p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k="
        #expect(
            login.sent == [
                Self.startup, sasl("SCRAM-SHA-256", "n,,n=,r=rOprNGfwEbeRWgbNEkqO"),
                password(Array(final.utf8)),
            ])
        #expect(login.failure == nil)
        #expect(login.result?.method == .scramSHA256)
        #expect(login.result?.scramKeys != nil)
    }

    @Test("F-WIRE-31: SCRAM over TLS at a replica that offers no binding says y, so that a downgrade is seen")
    func scramUnoffered() throws {
        let credential = T.credential { $0.channelBinding = Array(0..<32) }
        let login = T(
            credential, T.sasl("SCRAM-SHA-256"), Self.serverFirst,
            T.saslFinal("v=FOmOj9BpTGwvnzwBtWQjBaPmVxT9I8IeHBOhcIPu3us="), T.ok, T.key, T.ready)
        let final = "c=eSws,r=\(ScramTests.serverNonce),p=VpuC5DGQa5ro9tXE9MnKs69NH1nxnuregZZcclqIGfM="
        #expect(
            login.sent == [
                Self.startup, sasl("SCRAM-SHA-256", "y,,n=,r=rOprNGfwEbeRWgbNEkqO"),
                password(Array(final.utf8)),
            ])
        #expect(login.result?.method == .scramSHA256)
    }

    @Test("F-WIRE-31: SCRAM-SHA-256-PLUS is used where it is offered, in either order")
    func scramPlus() throws {
        let credential = T.credential {
            $0.channelBinding = Array(0..<32)
            $0.requiresChannelBinding = true
        }
        for offer in [
            T.sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), T.sasl("X", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"),
        ] {
            let login = T(
                credential, offer, Self.serverFirst,
                T.saslFinal("v=ykwoqH8mLqO5AQCeuwwf6lsj9f8zyJZT/CcvAbN4Ssc="), T.ok, T.key, T.ready)
            let bound = "cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
            let final =
                "c=\(bound),r=\(ScramTests.serverNonce),p=Q8h71kjaoMzNI7dPksDrhRE/5mTUObF0fUHVIgBOWQg="
            #expect(
                login.sent == [
                    Self.startup,
                    sasl("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=rOprNGfwEbeRWgbNEkqO"),
                    password(Array(final.utf8)),
                ])
            #expect(login.result?.method == .scramSHA256Plus)
        }
    }

    @Test("F-WIRE-31: over TLS without a certificate to bind to (Ed25519), plain SCRAM says n")
    func nothingToBind() {
        let login = T(T.credential(), T.sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"))
        #expect(login.sent.last == sasl("SCRAM-SHA-256", "n,,n=,r=rOprNGfwEbeRWgbNEkqO"))
    }

    @Test("Keys of an earlier login are used while salt and iterations are the same, and nothing is derived")
    func keptKeys() throws {
        let plain = T.credential { $0.isEncrypted = false }
        let final = T.saslFinal("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=")
        let offer = T.sasl("SCRAM-SHA-256")
        let first = T(plain, offer, Self.serverFirst, final, T.ok, T.ready)
        let keys = try #require(first.result?.scramKeys)
        let again = T.credential {
            $0.isEncrypted = false
            $0.scramKeys = keys
        }
        // CountedOutDigests would derive wrong keys, and the signature would not fit.
        let second = T(
            again, digests: CountedOutDigests.self, [offer, Self.serverFirst, final, T.ok, T.ready])
        #expect(second.result?.scramKeys == keys)
        #expect(second.sent == first.sent)
        let otherSalt = T.saslContinue(ScramTests.serverFirst.replacing("W22Z", with: "X22Z"))
        let other = T(again, offer, otherSalt, final)
        #expect(other.failure == .serverSignature)
        #expect(other.sent.last != first.sent.last)
    }

    @Test("One NegotiateProtocolVersion that negotiates nothing may come first")
    func negotiation() {
        let nothing: T.Frame = ("v", [0, 3, 0, 0, 0, 0, 0, 0])
        #expect(T(T.credential(), nothing, T.ok, T.ready).result != nil)
        let violation = UpstreamLoginFailure.protocolViolation(
            expected: .authenticationRequest, got: UInt8(ascii: "v"))
        #expect(T(T.credential(), nothing, nothing).failure == violation)
        #expect(T(T.credential(), ("v", [0, 3, 0, 2, 0, 0, 0, 0])).failure == violation)
        #expect(T(T.credential(), ("v", wire(0, 3, 0, 0, 0, 0, 0, 1, "_pq_.x", 0))).failure == violation)
    }

    @Test("What cannot be sent is a failure and no packet")
    func unsendable() {
        #expect(T(T.credential { $0.user = [0x61, 0] }).failure == .notEncodable)
        #expect(T(T.credential { $0.user = Array(repeating: 0x61, count: 10_000) }).failure == .notEncodable)
        for nonce in ["", "a,b", "a b", "a\u{7f}"] {
            #expect(T(T.credential { $0.nonce = Array(nonce.utf8) }).failure == .notEncodable)
        }
        let weak = T.credential {
            $0.allowsWeakAuthentication = true
            $0.password = [0x61, 0, 0x62]
        }
        let login = T(weak, T.cleartext)
        #expect(login.failure == .notEncodable)
        #expect(login.sent.count == 1)
    }

    @Test("A credential is never printed")
    func redaction() {
        var dumped = ""
        dump(T.credential(), to: &dumped)
        for text in ["\(T.credential())", String(reflecting: T.credential()), dumped] {
            #expect(text.contains("<redacted>"))
            #expect(!text.contains("112"))
        }
    }
}
