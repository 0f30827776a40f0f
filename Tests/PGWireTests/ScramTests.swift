import PGWire
import Testing

@Suite("SCRAM-SHA-256")
struct ScramTests {
    /// The exchange of RFC 7677, section 3: user "user", password "pencil".
    static let nonce = "rOprNGfwEbeRWgbNEkqO"
    static let serverFirst =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    static let serverNonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

    private func answer(
        _ first: String, limits: ClosedRange<Int> = 4_096...100_000
    ) throws(ScramExchange.Failure) -> ScramExchange.Proof {
        let exchange = ScramExchange(binding: .none, nonce: Array(Self.nonce.utf8), name: Array("user".utf8))
        return try exchange.serverFirstReceived(
            Array(first.utf8), password: Array("pencil".utf8), cached: nil, iterationLimits: limits,
            digests: TestDigests.self)
    }

    @Test("The exchange of RFC 7677 is reproduced")
    func rfc7677() throws {
        let exchange = ScramExchange(binding: .none, nonce: Array(Self.nonce.utf8), name: Array("user".utf8))
        #expect(exchange.clientFirst == Array("n,,n=user,r=rOprNGfwEbeRWgbNEkqO".utf8))
        let proof = try answer(Self.serverFirst)
        #expect(
            proof.clientFinal
                == Array("c=biws,r=\(Self.serverNonce),p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=".utf8))
        try proof.serverFinalReceived(Array("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".utf8))
    }

    static let badFirsts: [(String, ScramExchange.Failure)] = [
        ("", .malformedServerFirst),
        ("r=\(serverNonce)", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==", .malformedServerFirst),
        ("s=W22ZaJ0SNY7soEsUEjb6gQ==,r=\(serverNonce),i=4096", .malformedServerFirst),
        ("m=x,r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,x=1", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,", .malformedServerFirst),
        ("r=\(nonce)\u{7f}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", .malformedServerFirst),
        ("r=\(nonce) x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", .malformedServerFirst),
        ("r=\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", .foreignNonce),
        ("r=sOprNGfwEbeRWgbNEkqOxyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", .foreignNonce),
        ("r=,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", .foreignNonce),
        ("r=\(serverNonce),s=,i=4096", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ,i=4096", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096", .malformedServerFirst),
        ("r=\(serverNonce),s=W2=ZaJ0SNY7soEsUEjb6gQ==,i=4096", .malformedServerFirst),
        ("r=\(serverNonce),s=W22Za J0SNY7soEsUEjb6gQ=,i=4096", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=+4096", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=-1", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=04096", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096x", .malformedServerFirst),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0", .iterationsOutOfLimit(0)),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095", .iterationsOutOfLimit(4_095)),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=100001", .iterationsOutOfLimit(100_001)),
        ("r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=2147483647", .iterationsOutOfLimit(999_999_999)),
        (
            "r=\(serverNonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999999999999",
            .iterationsOutOfLimit(999_999_999)
        ),
        (
            "r=\(nonce)\(String(repeating: "x", count: 1_024)),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            .malformedServerFirst
        ),
        ("r=\(serverNonce),s=\(String(repeating: "AAAA", count: 342)),i=4096", .malformedServerFirst),
    ]

    @Test(
        "A server's first message of another form is refused before anything is computed",
        arguments: badFirsts)
    func serverFirsts(message: String, failure: ScramExchange.Failure) {
        #expect(throws: failure) { try answer(message) }
    }

    @Test("A server that allows weak logins may ask for a single iteration")
    func oneIteration() throws {
        let proof = try answer(Self.serverFirst.replacing("4096", with: "1"), limits: 1...100_000)
        #expect(
            proof.clientFinal.starts(
                with: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=".utf8))
    }

    static let badFinals: [(String, ScramExchange.Failure)] = [
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", .malformedServerFinal),
        ("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", .wrongServerSignature),
        ("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", .wrongServerSignature),
        ("v=", .malformedServerFinal),
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9", .malformedServerFinal),
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=1", .malformedServerFinal),
        ("", .malformedServerFinal),
        ("e=invalid-proof", .refusedByServer),
    ]

    @Test("A server that does not know the password is not believed", arguments: badFinals)
    func serverFinals(message: String, failure: ScramExchange.Failure) throws {
        let proof = try answer(Self.serverFirst)
        #expect(throws: failure) { try proof.serverFinalReceived(Array(message.utf8)) }
    }

    @Test("Kept keys are as good as the password and are never printed")
    func redaction() throws {
        let keys = try answer(Self.serverFirst).keys
        var dumped = ""
        dump(keys, to: &dumped)
        for text in ["\(keys)", String(reflecting: keys), dumped, "\([keys])"] {
            #expect(text.contains("<redacted>"))
            #expect(!text.contains("clientKey"))
        }
    }
}
