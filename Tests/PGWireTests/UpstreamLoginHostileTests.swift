import PGWire
import Seeded
import Testing

@Suite("The login at a replica that is hostile or broken")
struct UpstreamLoginHostileTests {
    typealias T = LoginTranscript
    static let offer = T.sasl("SCRAM-SHA-256")
    static let first = T.saslContinue(ScramTests.serverFirst)
    /// The right signature for a credential without TLS, see `UpstreamLoginTests.scramPlain`.
    static let final = T.saslFinal("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=")

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let frames: [T.Frame]
        let failure: UpstreamLoginFailure
        var change: @Sendable (inout UpstreamCredential) -> Void = { _ in }

        init(
            _ name: String, _ frames: [T.Frame], _ failure: UpstreamLoginFailure,
            change: @escaping @Sendable (inout UpstreamCredential) -> Void = { _ in }
        ) {
            testDescription = name
            self.frames = frames
            self.failure = failure
            self.change = change
        }
    }

    private static func violation(
        _ expected: UpstreamLoginFailure.Expectation, _ got: Character
    ) -> UpstreamLoginFailure {
        .protocolViolation(expected: expected, got: got.asciiValue ?? 0)
    }

    static let order: [Case] = [
        Case("a second AuthenticationOk", [T.ok, T.ok], violation(.readyForQuery, "R")),
        Case("a second request after AuthenticationOk", [T.ok, T.cleartext], violation(.readyForQuery, "R")),
        Case("BackendKeyData twice", [T.ok, T.key, T.key], violation(.readyForQuery, "K")),
        Case("BackendKeyData before AuthenticationOk", [T.key], violation(.authenticationRequest, "K")),
        Case("ParameterStatus before AuthenticationOk", [T.timeZone], violation(.authenticationRequest, "S")),
        Case("ReadyForQuery before AuthenticationOk", [T.ready], violation(.authenticationRequest, "Z")),
        Case(
            "v after AuthenticationOk", [T.ok, ("v", [0, 3, 0, 0, 0, 0, 0, 0])],
            violation(.readyForQuery, "v")),
        Case("a row after AuthenticationOk", [T.ok, ("D", [0, 0])], violation(.readyForQuery, "D")),
        Case("a notification", [T.ok, ("A", wire(0, 0, 0, 1, "c", 0, 0))], violation(.readyForQuery, "A")),
        Case("a type that the protocol has not", [T.ok, ("q", [])], violation(.readyForQuery, "q")),
        Case("ready in a transaction", [T.ok, ("Z", wire("T"))], violation(.readyForQuery, "Z")),
        Case("SASLContinue first", [first], violation(.authenticationRequest, "R")),
        Case("SASLFinal first", [final], violation(.authenticationRequest, "R")),
        Case("Ok in place of the server's first message", [offer, T.ok], violation(.saslContinue, "R")),
        Case("Ok in place of the server's signature", [offer, first, T.ok], violation(.saslFinal, "R")),
        Case(
            "ready in place of the server's signature", [offer, first, T.ready], violation(.saslFinal, "Z")),
        Case("the server's first message twice", [offer, first, first], violation(.saslFinal, "R")),
        Case("the final message first", [offer, final], violation(.saslContinue, "R")),
        Case("mechanisms twice", [offer, offer], violation(.saslContinue, "R")),
        Case("a cleartext request within SCRAM", [offer, T.cleartext], violation(.saslContinue, "R")),
        Case(
            "a cleartext request after SCRAM", [offer, first, final, T.cleartext],
            violation(.authenticationOk, "R")),
        Case(
            "ready without Ok after SCRAM", [offer, first, final, T.ready], violation(.authenticationOk, "Z")),
    ]

    static let scram: [Case] = [
        Case(
            "another password's signature",
            [offer, first, T.saslFinal("v=AHO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=")], .serverSignature),
        Case("no signature", [offer, first, T.saslFinal("")], .scramMalformed),
        Case("an error in its place", [offer, first, T.saslFinal("e=invalid-proof")], .scramRefused),
        Case(
            "a nonce that is not ours", [offer, T.saslContinue("r=evil,s=AAAA,i=4096")], .scramForeignNonce),
        Case(
            "our nonce and nothing more", [offer, T.saslContinue("r=\(ScramTests.nonce),s=AAAA,i=4096")],
            .scramForeignNonce),
        Case(
            "no iterations", [offer, T.saslContinue("r=\(ScramTests.nonce)x,s=AAAA,i=0")], .scramIterations(0)
        ),
        Case(
            "one iteration", [offer, T.saslContinue("r=\(ScramTests.nonce)x,s=AAAA,i=1")], .scramIterations(1)
        ),
        Case(
            "iterations to stall a worker",
            [offer, T.saslContinue("r=\(ScramTests.nonce)x,s=AAAA,i=2000000000")],
            .scramIterations(999_999_999)),
        Case(
            "iterations to stall one where weak logins are allowed",
            [offer, T.saslContinue("r=\(ScramTests.nonce)x,s=AAAA,i=100001")], .scramIterations(100_001)
        ) { $0.allowsWeakAuthentication = true },
        Case("junk", [offer, T.saslContinue("\u{0}\u{0}")], .scramMalformed),
    ]

    static let methods: [Case] = [
        Case(
            "F-WIRE-31: PLUS taken out of the offer where it is required", [T.sasl("SCRAM-SHA-256")],
            .channelBindingMissing
        ) {
            $0.isEncrypted = true
            $0.channelBinding = [1]
            $0.requiresChannelBinding = true
        },
        Case("binding required, nothing to bind to", [T.sasl("SCRAM-SHA-256-PLUS")], .channelBindingMissing) {
            $0.isEncrypted = true
            $0.requiresChannelBinding = true
        },
        Case("binding required, a trusting server", [T.ok], .channelBindingMissing) {
            $0.requiresChannelBinding = true
        },
        Case("binding required, cleartext asked", [T.cleartext], .channelBindingMissing) {
            $0.requiresChannelBinding = true
            $0.allowsWeakAuthentication = true
        },
        Case(
            "PLUS offered without TLS", [T.sasl("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")],
            .channelBindingWithoutEncryption),
        Case(
            "only PLUS over TLS without a certificate to bind to", [T.sasl("SCRAM-SHA-256-PLUS")],
            .noCommonMechanism
        ) {
            $0.isEncrypted = true
        },
        Case("no mechanism", [T.sasl()], .noCommonMechanism),
        Case(
            "mechanisms of others", [T.sasl("OAUTHBEARER", "SCRAM-SHA-1", "scram-sha-256")],
            .noCommonMechanism),
        Case("SCRAM without a password", [offer], .passwordMissing) { $0.password = nil },
        Case("MD5 without a password", [T.md5], .passwordMissing) {
            $0.password = nil
            $0.allowsWeakAuthentication = true
        },
        Case("Kerberos", [("R", [0, 0, 0, 2])], .unsupportedAuthentication(.kerberosV5)),
        Case("GSS", [("R", [0, 0, 0, 7])], .unsupportedAuthentication(.gss)),
        Case("SSPI", [("R", [0, 0, 0, 9])], .unsupportedAuthentication(.sspi)),
        Case("a request of the future", [("R", [0, 0, 0, 99, 1])], .unsupportedAuthentication(.unknown(99))),
    ]

    static let forms: [Case] = [
        Case(
            "an empty request", [("R", [])],
            .malformedMessage(tag: 0x52, .insufficientData(needed: 4, left: 0))),
        Case(
            "Ok with more behind it", [("R", [0, 0, 0, 0, 0])],
            .malformedMessage(tag: 0x52, .trailingBytes(1))),
        Case(
            "a short MD5 salt", [("R", [0, 0, 0, 5, 1])],
            .malformedMessage(tag: 0x52, .insufficientData(needed: 4, left: 1))),
        Case(
            "a key of no bytes", [T.ok, ("K", [0, 0, 0, 1])],
            .malformedMessage(tag: 0x4b, .insufficientData(needed: 4, left: 0))),
        Case(
            "half a ParameterStatus", [T.ok, ("S", wire("a", 0))],
            .malformedMessage(tag: 0x53, .unterminatedString)),
        Case("a status that is none", [T.ok, ("Z", [0])], .malformedMessage(tag: 0x5a, .invalidCode(0))),
        Case("settings without end", [T.ok] + Array(repeating: T.timeZone, count: 257), .tooManyParameters),
    ]

    static let errors: [Case] = [
        Case("F-WIRE-03: an error first", [T.error("28000")], .serverError(sqlstate: "28000", isFatal: true)),
        Case(
            "a wrong password", [offer, first, T.error("28P01")],
            .serverError(sqlstate: "28P01", isFatal: true)),
        Case("no such database", [T.ok, T.error("3D000")], .serverError(sqlstate: "3D000", isFatal: true)),
        Case(
            "an error that is not fatal", [T.ok, T.error("42704", "ERROR")],
            .serverError(sqlstate: "42704", isFatal: false)),
        Case(
            "F-WIRE-03: a code that is none", [T.error("\u{1b}[31m")],
            .serverError(sqlstate: nil, isFatal: true)),
        Case("an error without fields", [("E", [0])], .serverError(sqlstate: nil, isFatal: false)),
    ]

    @Test("A login ends at once, for the right reason", arguments: order + scram + methods + forms + errors)
    func ends(at hostile: Case) {
        let credential = T.credential {
            $0.isEncrypted = false
            hostile.change(&$0)
        }
        let login = T(credential, digests: TestDigests.self, hostile.frames)
        #expect(login.failure == hostile.failure)
        #expect(login.ended == hostile.frames.count)
        #expect(login.result == nil)
    }

    @Test("F-WIRE-03: a failure holds no text of the replica's")
    func noText() {
        let login = T(T.credential(), T.error("28000"))
        #expect(!String(reflecting: login.failure).contains("trust me"))
    }

    @Test("After its end the machine does nothing, whatever comes")
    func afterTheEnd() {
        let login = T(
            T.credential { $0.allowsWeakAuthentication = true }, T.ok, T.ready, T.cleartext, T.ok, T.key)
        #expect(login.sent.count == 1)
        #expect(login.failure == .protocolViolation(expected: .nothing, got: 0x52))
        #expect(login.ended == 2)
    }

    @Test("Notices before AuthenticationOk are dropped; behind it so many are kept and no more")
    func notices() throws {
        let many = Array(repeating: T.notice, count: 20)
        let login = T(T.credential(), digests: TestDigests.self, [T.notice, T.ok] + many + [T.ready])
        #expect(try #require(login.result).notices.count == 16)
    }

    @Test(
        "Whatever frames come in whatever order, the machine ends once or waits, and sends a password only if asked"
    )
    func randomFrames() {
        var random = SeededGenerator(seed: 31)
        let frames: [T.Frame] = [
            T.ok, T.cleartext, T.md5, T.key, T.ready, T.timeZone, T.notice, Self.offer, Self.first,
            Self.final,
            T.error("28000"), ("v", [0, 3, 0, 0, 0, 0, 0, 0]), ("D", [0, 0]),
        ]
        for _ in 0..<3_000 {
            var sequence: [T.Frame] = []
            for _ in 0..<6 {
                let frame = frames[Int.random(in: 0..<frames.count, using: &random)]
                let isChanged = Int.random(in: 0..<4, using: &random) == 0
                sequence.append((frame.tag, isChanged ? random.body(like: frame.body) : frame.body))
            }
            let login = T(T.credential { $0.isEncrypted = false }, digests: CountedOutDigests.self, sequence)
            #expect(login.sent.count <= 3)
            #expect(!login.sent.contains { $0.contains("pencil".utf8) })
            if login.result != nil { #expect(sequence.contains { $0.tag == "Z" }) }
        }
    }
}

@Suite("TLS with a replica")
struct UpstreamEncryptionTests {
    @Test("F-WIRE-02, F-WIRE-03: after SSLRequest only a lone S begins TLS")
    func answers() {
        func answer(_ bytes: [UInt8]) -> UpstreamEncryption.Answer {
            UpstreamEncryption.answerReceived(bytes.span)
        }
        #expect(answer([]) == .waitForMore)
        #expect(answer(wire("S")) == .beginTLS)
        #expect(answer(wire("N")) == .fail(.notOffered))
        #expect(answer(wire("NR")) == .fail(.notOffered))
        let injected = wire("S", "R", 0, 0, 0, 8, 0, 0, 0, 0, "Z", 0, 0, 0, 5, "I")
        #expect(answer(injected) == .fail(.bytesBehindAnswer))
        #expect(answer(wire("E", 0, 0, 0x75, 0x30, "\u{1b}[2J")) == .fail(.errorInPlaintext))
        #expect(answer(wire("G")) == .fail(.unexpectedAnswer(0x47)))
        var out: [UInt8] = []
        UpstreamEncryption.request(into: &out)
        #expect(out == [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
    }
}
