import Foundation
import Testing

/// `domicile token`, with tokens of real issuers and of the tests' own.
@Suite(.serialized)
struct TokenCommandTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Runs the command over a file that holds the text.
    private func token(
        _ text: String, _ arguments: String..., configuration: String? = nil, withConfiguration: Bool = true
    ) throws -> Command.Run {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("token"))
        try (text + "\n").write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let config = withConfiguration ? ["--config", configuration ?? testbed.configuration] : []
        let run = try Command.run(testbed.binary, ["token", file.path] + config + arguments)
        // F-ID-11: whatever it says, the signature is not in it.
        if let signature = text.split(separator: ".").dropFirst(2).first, signature.utf8.count > 40 {
            #expect(!(run.output + run.error).contains(signature.prefix(40)))
        }
        return run
    }

    private func report(_ run: Command.Run) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    }

    private func checks(_ report: [String: Any]) -> [String: String] {
        let checks = report["checks"] as? [[String: Any]] ?? []
        return Dictionary(
            uniqueKeysWithValues: checks.map {
                ($0["check"] as? String ?? "", $0["outcome"] as? String ?? "")
            })
    }

    @Test("A real issuer's token: its claims, each check, how long it lives, and status 0")
    func accepted() throws {
        let text = try testbed.token(.euAnalyst)
        let run = try token(text)
        #expect(run.status == 0, "\(run.error)")
        #expect(run.output.contains("token     \(text.utf8.count) bytes from "))
        for line in [
            #"alg  "RS256""#, #"aud        "domicile""#, #"groups     ["eu-analysts"]"#,
            "check     yes signature",
            "check     yes revocation", "lives for 1", "decision  a gateway with this configuration takes it",
        ] {
            #expect(run.output.contains(line), "\(line) of\n\(run.output)")
        }
        let report = try report(try token(text, "--json"))
        #expect(report["accepted"] as? Bool == true && report["refusal"] == nil)
        #expect(Set(checks(report).values) == ["passed"])
        #expect(report["bytes"] as? Int == text.utf8.count)
        let claims = try #require(report["claims"] as? [String: Any])
        #expect(claims["task_id"] as? String == "task-eu-analyst")
        #expect((report["seconds_left"] as? Int).map { $0 > 3600 } == true)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let arguments: [String]
        /// The check that refuses it.
        let check: String
        var alsoRefused: [String] = []
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "expired", arguments: ["expired"], check: "exp"),
        Case(name: "wrong audience", arguments: ["wrong-audience"], check: "aud"),
        Case(
            name: "broken signature", arguments: ["eu-analyst", "--signature", "broken"], check: "signature"),
        Case(
            name: "none", arguments: ["eu-analyst", "--header", "alg=none", "--signature", "none"],
            check: "alg"),
        Case(name: "unknown issuer", arguments: ["eu-analyst", "iss=https://id.example.com"], check: "iss"),
        Case(name: "not yet", arguments: ["eu-analyst", "nbf=+3600"], check: "nbf"),
        Case(name: "issued tomorrow", arguments: ["eu-analyst", "iat=+86400"], check: "iat"),
        Case(name: "type", arguments: ["eu-analyst", "--header", "typ=logout+jwt"], check: "typ"),
        Case(name: "key nobody has", arguments: ["eu-analyst", "--header", "kid=nobody"], check: "key"),
        Case(name: "crit", arguments: ["eu-analyst", "--header", #"crit=["b64"]"#], check: "form"),
        Case(name: "subject", arguments: ["eu-analyst", "sub=7"], check: "subject"),
        Case(name: "cnf", arguments: ["eu-analyst", "cnf=7"], check: "cnf"),
        Case(name: "bound by DPoP", arguments: ["eu-analyst", #"cnf={"jkt":"x"}"#], check: "cnf"),
        Case(
            name: "bound to a certificate, where no listener asks for one",
            arguments: [
                "eu-analyst", #"cnf={"x5t#S256":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#,
            ], check: "cnf"),
        Case(
            name: "expired and for somebody else",
            arguments: ["expired", "aud=else", "--signature", "broken"],
            check: "aud", alsoRefused: ["exp", "signature"]),
    ]

    @Test(
        "A token that a login would refuse: status 1, exactly the checks that fail are named, and the error is that of a login",
        arguments: cases)
    func refused(_ what: Case) throws {
        let minted = try Command.run("\(testbed.root)/script/testbed", ["token"] + what.arguments)
        try #require(minted.status == 0, "\(minted.error)")
        let run = try token(minted.text, "--json")
        #expect(run.status == 1)
        let report = try report(run)
        #expect(report["accepted"] as? Bool == false)
        let refused = checks(report).filter { $0.value == "refused" }.keys.sorted()
        #expect(refused == ([what.check] + what.alsoRefused).sorted())
        let refusal = try #require(report["refusal"] as? [String: String])
        let login = try RawClient(host: testbed.host, port: testbed.port)
        defer { login.close() }
        let answer = try login.login(
            testbed, parameters: [("user", "auto"), ("database", "orders")], token: minted.text)
        #expect(refusal["sqlstate"] == answer.first?.field("C"))
        #expect(refusal["message"] == answer.first?.field("M"))
        #expect(refusal["detail"] == answer.first?.field("D"))
        #expect(refusal["hint"] == answer.first?.field("H"))
        let text = try token(minted.text)
        #expect(text.status == 1)
        #expect(text.output.contains("check     no  \(what.check)"), "\(text.output)")
    }

    @Test(
        "Tokens by client credentials of glewlwyd and by the code flow of oidc-provider-mock are read like the others"
    )
    func realIssuers() throws {
        let own = try OwnIssuer(.glewlwyd, root: testbed.root)
        defer { own.remove() }
        let text = try own.token()
        let configuration = try String(contentsOfFile: testbed.configuration, encoding: .utf8)
            .replacingOccurrences(of: " certificates/", with: " \(testbed.folder)/certificates/")
            .replacingOccurrences(
                of: "\nissuers:\n", with: "\nissuers:\n  - issuer: \(own.issuer)\n    audience: [domicile]\n")
        let file = "\(own.folder)/domicile.yaml"
        try configuration.write(toFile: file, atomically: true, encoding: .utf8)
        let run = try token(text, configuration: file)
        #expect(run.status == 0, "\(run.output)\(run.error)")
        #expect(run.output.contains(#""at+jwt""#) && run.output.contains("client_id"))
        own.stop()
        let down = try token(text, "--json", configuration: file)
        #expect(down.status == 1)
        let report = try report(down)
        #expect((report["refusal"] as? [String: String])?["sqlstate"] == "08006")
        #expect(checks(report)["key"] == "refused" && checks(report)["signature"] == "skipped")
    }

    @Test("Without a configuration the token is only shown; what is none is said to be none, with status 1")
    func shown() throws {
        let run = try token(try testbed.token(.expired), withConfiguration: false)
        #expect(run.status == 0)
        #expect(run.output.contains(" ago") && !run.output.contains("check "))
        let cut = try token(String(try testbed.token(.euAnalyst).prefix(300)), withConfiguration: false)
        #expect(cut.status == 1)
        #expect(cut.output.contains("form      The token of 300 bytes has two parts instead of three."))
        #expect(cut.output.contains(#"alg  "RS256""#))
        #expect(try token("secret", withConfiguration: false).status == 1)
    }

    @Test("F-ID-20: lengths at which drivers cut a token are named, each from its own limit on")
    func lengths() throws {
        for (length, count) in [
            (990, 0), (991, 1), (997, 2), (1024, 3), (2047, 3), (2048, 4), (4095, 4), (4096, 5),
        ] {
            let run = try token(padded(to: length), withConfiguration: false)
            #expect(run.output.split(separator: "\n").count { $0.hasPrefix("length ") } == count, "\(length)")
        }
    }

    /// A token of exactly so many bytes, none that anybody would accept.
    private func padded(to length: Int) -> String {
        let head = "eyJhbGciOiJub25lIn0.eyJhIjo1fQ."
        return head + String(repeating: "A", count: length - head.utf8.count)
    }

    @Test(
        "F-ID-12: a token in the arguments is not taken, and not repeated; it comes from a file or standard input"
    )
    func argument() throws {
        let text = try testbed.token(.euAnalyst)
        for arguments in [["token", text], ["token", "--config", testbed.configuration, text]] {
            let run = try Command.run(testbed.binary, arguments)
            #expect(run.status == 64)
            #expect(run.error.contains("expected a file that holds the token"))
            #expect(!(run.output + run.error).contains(text.prefix(30)))
        }
        let explained = try Command.run(
            testbed.binary,
            ["explain", "--config", testbed.configuration, "--token", text, "--database", "orders"])
        #expect(explained.status == 1 && !(explained.output + explained.error).contains(text.prefix(30)))
        let piped = try Command.run(
            "sh", ["-c", "printenv TOKEN | \"$DOMICILE\" token - --config \"$CONFIG\""],
            environment: [
                "TOKEN": text, "DOMICILE": testbed.binary, "CONFIG": testbed.configuration,
                "PATH": "/usr/bin:/bin",
            ])
        #expect(piped.status == 0, "\(piped.error)")
        #expect(piped.output.contains("from standard input"))
        let missing = try Command.run(testbed.binary, ["token", "/nowhere/token"])
        #expect(missing.status == 1 && missing.error.contains("cannot be read"))
        #expect(try Command.run(testbed.binary, ["token", "--introspect", "/nowhere"]).status == 64)
        #expect(
            try Command.run(testbed.binary, ["token", "/dev/null", "--config", "/nowhere/x.yaml"]).status
                == 78)
    }

    @Test("A hostile token drives no terminal: controls in it are shown as escapes, long values cut")
    func hostile() throws {
        let text = try testbed.mint(
            "eu-analyst", #"x="\u001b]0;owned\u0007\u202etxt""#, "long=\(String(repeating: "y", count: 3000))"
        )
        for arguments in [[], ["--json"]] as [[String]] {
            let run = arguments.isEmpty ? try token(text) : try token(text, "--json")
            #expect(run.status == 0, "\(run.error)")
            #expect(
                run.output.unicodeScalars.allSatisfy {
                    $0 == "\n" || ($0.value >= 0x20 && $0.value != 0x202e)
                })
            #expect(run.output.contains("]0;owned"))
        }
        let longest = try token(text).output.split(separator: "\n").map(\.count).max() ?? 0
        #expect(longest < 400)
    }

    @Test("A revoked token is refused while the gateway runs, by its state folder; lifted, it is taken")
    func revoked() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let text = try ground.token("exec-1")
        let file = ground.gateway.testbed.configuration
        #expect(try token(text, configuration: file).status == 0)
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        let run = try token(text, "--json", configuration: file)
        #expect(run.status == 1)
        let report = try report(run)
        #expect(checks(report).filter { $0.value != "passed" } == ["revocation": "refused"])
        #expect((report["refusal"] as? [String: String])?["sqlstate"] == "28000")
        #expect(try token(try ground.token("exec-2"), configuration: file).status == 0)
        _ = try ground.gateway.domicile("revoke", "--lift", "--subject", "exec-1", "--issuer", ground.issuer)
        #expect(try token(text, configuration: file).status == 0)
    }

    @Test(
        "The issuer itself is asked by --introspect alone, and by it only of a token that is good otherwise")
    func introspected() throws {
        let issuer = try Testbed.variable("DOMICILE_ISSUER2")
        let entry = "  - issuer: \(issuer)\n"
        let ground = try RevocationGround(
            testbed,
            edit: {
                $0.replacingOccurrences(
                    of: entry,
                    with: entry
                        + "    introspection: { endpoint: \"\(issuer)/introspect\", client_id: gateway, client_secret: secret }\n"
                )
            })
        defer { ground.remove() }
        let text = try ground.token("exec-1")
        let file = ground.gateway.testbed.configuration
        let id = try #require(try Testbed.claims(text)["jti"] as? String)
        #expect(
            checks(try report(try token(text, "--json", configuration: file)))["introspection"] == "skipped")
        #expect(try token(text, "--introspect", configuration: file).status == 0)
        try ground.tell("inactive", #"{"jti": "\#(id)"}"#)
        #expect(try token(text, configuration: file).status == 0)
        let run = try token(text, "--introspect", configuration: file)
        #expect(run.status == 1 && run.output.contains("refused: 28P01"), "\(run.output)")
    }
}
