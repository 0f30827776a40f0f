import PGWire
import Testing

/// The lines are written by hand from `fe-trace.c` and the protocol's documentation; what libpq itself wrote of the same
/// messages is compared in `Tests/CaptureTests`.
@Suite("Messages as lines of a trace")
struct WireTraceTests {
    private func frontend(_ name: String, kind: WireTrace.PasswordKind = .password) throws -> String {
        let sample = try #require(WireSample.frontend.first { $0.name == name })
        let tag = try #require(FrontendTag(rawValue: sample.tag.asciiValue ?? 0))
        return WireTrace().frontendFrame(tag, body: sample.body.span, password: kind).text
    }

    private func backend(_ name: String, flags: WireTrace.Flags = []) throws -> String {
        let sample = try #require(WireSample.backend.first { $0.name == name })
        let tag = try #require(BackendTag(rawValue: sample.tag.asciiValue ?? 0))
        return WireTrace(flags: flags).backendFrame(tag, body: sample.body.span).text
    }

    static let frontendLines: [(String, String)] = [
        ("Query", "F\t13\tQuery\t \"SELECT 1\""),
        ("Query, empty", "F\t5\tQuery\t \"\""),
        ("Parse", "F\t27\tParse\t \"s1\" \"SELECT $1\" 2 23 -16777215"),
        ("Execute", "F\t10\tExecute\t \"p\" 258"),
        ("Describe statement", "F\t8\tDescribe\t S \"s1\""),
        ("Close portal", "F\t7\tClose\t P \"p\""),
        ("Sync", "F\t4\tSync"),
        ("Flush", "F\t4\tFlush"),
        ("Terminate", "F\t4\tTerminate"),
        ("Bind, nothing", "F\t12\tBind\t \"\" \"\" 0 0 0"),
        ("CopyData", "F\t10\tCopyData"),
        ("CopyDone", "F\t4\tCopyDone"),
        ("CopyFail", "F\t12\tCopyFail\t \"no more\""),
    ]

    @Test("What an executor sends is written as libpq writes it", arguments: frontendLines)
    func frontendLine(name: String, line: String) throws {
        #expect(try frontend(name) == line)
    }

    static let backendLines: [(String, String)] = [
        ("AuthenticationOk", "B\t8\tAuthenticationOk"),
        ("AuthenticationCleartextPassword", "B\t8\tAuthenticationCleartextPassword"),
        ("AuthenticationMD5Password", "B\t12\tAuthenticationMD5Password\t '\\x01\\x02\\x03\\x04'"),
        ("AuthenticationSASLContinue", "B\t11\tAuthenticationSASLContinue\t 'r=x'"),
        ("BackendKeyData", "B\t12\tBackendKeyData\t 12345 NNNN"),
        ("ParameterStatus", "B\t21\tParameterStatus\t \"TimeZone\" \"Etc/UTC\""),
        ("ReadyForQuery", "B\t5\tReadyForQuery\t I"),
        ("NoticeResponse", "B\t27\tNoticeResponse\t S \"NOTICE\" C \"00000\" M \"hello\" \\x00"),
        ("NotificationResponse", "B\t24\tNotificationResponse\t 12345 \"channel\" \"payload\""),
        ("CommandComplete", "B\t15\tCommandComplete\t \"INSERT 0 5\""),
        ("ParseComplete", "B\t4\tParseComplete"),
        ("DataRow", "B\t19\tDataRow\t 3 1 '7' -1 0 ''"),
        ("ParameterDescription", "B\t14\tParameterDescription\t 2 23 1043"),
        ("CopyInResponse", "B\t11\tCopyInResponse\t \\x00 2 0 0"),
        ("FunctionCallResponse", "B\t12\tFunctionCallResponse\t 4 '\\x00\\x00\\x00\\x01'"),
        ("FunctionCallResponse, NULL", "B\t8\tFunctionCallResponse\t -1"),
    ]

    @Test("What a replica sends is written as libpq writes it", arguments: backendLines)
    func backendLine(name: String, line: String) throws {
        #expect(try backend(name) == line)
    }

    @Test("Packets without a type are told by their codes, and cancel keys are not shown")
    func startup() {
        func line(_ packet: [UInt8]) -> String { WireTrace().startupPacket(packet.span).text }
        #expect(line(wire(4, 210, 22, 47)) == "F\t8\tSSLRequest\t 1234 5679")
        #expect(line(wire(4, 210, 22, 48)) == "F\t8\tGSSENCRequest\t 1234 5680")
        #expect(
            line(wire(4, 210, 22, 46, 0, 0, 0, 7, 1, 2, 3, 4)) == "F\t16\tCancelRequest\t 1234 5678 7 NNNN")
        #expect(
            line(wire(0, 3, 0, 2, "user", 0, "a", 0, "_pq_.x", 0, "1", 0, 0))
                == "F\t25\tStartupMessage\t 3 2 \"user\" \"a\" \"_pq_.x\" \"1\"")
        #expect(
            line(wire(0, 2, 0, 0)) == "F\t8\tStartupMessage\t <unsupportedProtocol(major: 2, minor: 0)>")
        #expect(
            WireTrace().encryptionAnswer(0x4e, to: .ssl).text == "B\t1\tSSLResponse\t N")
        #expect(
            WireTrace().errorOfProtocol2(Array("FATAL: no\n".utf8)).text
                == "B\t11\tErrorResponse\t \"FATAL: no\\x0a\"")
    }

    @Test("Nothing that proves who somebody is gets into a line")
    func secrets() throws {
        #expect(try frontend("PasswordMessage") == "F\t11\tPasswordMessage\t <redacted>")
        let initial = try frontend("SASLInitialResponse", kind: .saslInitialResponse)
        #expect(initial == "F\t23\tSASLInitialResponse\t \"OAUTHBEARER\" <redacted>")
        #expect(try frontend("SASLResponse", kind: .saslResponse) == "F\t10\tSASLResponse\t <redacted>")
        #expect(try backend("AuthenticationSASLFinal") == "B\t11\tAuthenticationSASLFinal\t <redacted>")
        let secret = Array("eyJhbGciOi".utf8)
        for kind in [WireTrace.PasswordKind.password, .saslInitialResponse, .saslResponse, .gssResponse] {
            for body in [secret, secret + [0], secret + [0, 1], secret + [0, 0, 0, 0, 1, 65]] {
                let line = WireTrace().frontendFrame(.password, body: body.span, password: kind)
                if kind != .saslInitialResponse { #expect(!line.text.contains("eyJ"), "\(line.text)") }
            }
        }
    }

    @Test("In regress mode what differs from run to run is left out")
    func regress() throws {
        #expect(try backend("BackendKeyData", flags: .regress) == "B\t12\tBackendKeyData\t NNNN NNNN")
        #expect(
            try backend("NoticeResponse", flags: .regress)
                == "B\tNN\tNoticeResponse\t S \"NOTICE\" C \"00000\" M \"hello\" \\x00")
        let body = wire("Fa.c", 0, "L12", 0, "Rf", 0, "Mx", 0, 0)
        #expect(
            WireTrace(flags: .regress).backendFrame(.errorResponse, body: body.span).text
                == "B\tNN\tErrorResponse\t F \"SSSS\" L \"SSSS\" R \"SSSS\" M \"x\" \\x00")
    }

    @Test("A body that is not of its type's form gives one line that says so, whatever its bytes")
    func hostile() throws {
        #expect(
            WireTrace().frontendFrame(.query, body: wire("a").span).text
                == "F\t5\tQuery\t <unterminatedString>")
        #expect(
            WireTrace().frontendFrame(.query, body: wire("\n\u{1b}[2J", 0).span).text
                == "F\t10\tQuery\t \"\\x0a\\x1b[2J\"")
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let body = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...9, using: &generator)
            }
            let frontend = try #require(FrontendTag.allCases.randomElement(using: &generator))
            let backend = try #require(BackendTag.allCases.randomElement(using: &generator))
            for line in [
                WireTrace().frontendFrame(frontend, body: body.span),
                WireTrace().backendFrame(backend, body: body.span), WireTrace().startupPacket(body.span),
            ] {
                #expect(line.length == body.count + 4)
                #expect(line.text.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x09 })
            }
        }
    }
}
