import Foundation
import Testing

/// Tokens that are refused, and secrets that stay secret.
@Suite(.serialized)
struct TokenTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let arguments: [String]
        let detail: String
        var testDescription: String { name }

        init(_ name: String, _ arguments: [String], _ detail: String) {
            self.name = name
            self.arguments = arguments
            self.detail = detail
        }
    }

    /// `arguments` are those of `script/testbed token`.
    static let cases: [Case] = [
        Case("expired", ["expired"], "expired (exp)"),
        Case("wrong audience", ["wrong-audience"], "audience (aud)"),
        Case("broken signature", ["eu-analyst", "--signature", "broken"], "signature"),
        Case(
            "no signature", ["eu-analyst", "--header", "alg=none", "--signature", "none"], "algorithm (alg)"),
        Case(
            "public key as HMAC secret", ["eu-analyst", "--header", "alg=HS256", "--signature", "hmac"],
            "(alg)"),
        Case("unknown issuer", ["eu-analyst", "iss=https://id.example.com"], "issuer (iss)"),
        Case("issuer with a slash more", ["eu-analyst", "iss=http://127.0.0.1/"], "issuer (iss)"),
        Case("not valid yet", ["eu-analyst", "nbf=+3600"], "not valid yet (nbf)"),
        Case("without exp", ["eu-analyst", "--without", "exp"], "no exp claim"),
        Case("without audience", ["eu-analyst", "--without", "aud"], "audience (aud)"),
        Case("without a subject", ["eu-analyst", "--without", "sub"], "subject is missing"),
        Case("key nobody has", ["eu-analyst", "--header", "kid=nobody"], "(kid)"),
    ]

    @Test(
        "F-ID-08: a token that fails a check gets 28P01, DETAIL names the check, and no server is asked",
        arguments: cases)
    func refused(_ what: Case) throws {
        let minted = try Command.run("\(testbed.root)/script/testbed", ["token"] + what.arguments)
        try #require(minted.status == 0, "\(minted.error)")
        try expectRefused(minted.text, detail: what.detail)
    }

    @Test(
        "a password that is no token gets 28P01 and says what is wrong with it",
        arguments: [("secret", "one part"), ("", "No token was given"), ("a.b.c", "header")])
    func noToken(password: String, detail: String) throws {
        try expectRefused(password, detail: detail)
    }

    private func expectRefused(_ token: String, detail: String) throws {
        let application = Testbed.unique("token")
        let connections = try testbed.connections(to: .euA) {
            let client = try RawClient(host: testbed.host, port: testbed.port)
            defer { client.close() }
            let answer = try client.login(
                testbed,
                parameters: [("user", "analyst"), ("database", "orders"), ("application_name", application)],
                token: token)
            #expect(answer.map(\.letter) == ["E"])
            #expect(answer.first?.field("V") == "FATAL")
            #expect(answer.first?.field("C") == "28P01")
            #expect(answer.first?.field("D")?.contains(detail) == true, "\(answer.first?.field("D") ?? "")")
            #expect(answer.first?.field("H")?.isEmpty == false)
        }
        #expect(connections == 0)
        let record = try #require(try testbed.refusal(application))
        #expect(record.sqlstate == "28P01")
        #expect((record.keys["reason"] as? String)?.contains(detail) == true)
        // What an unverified token says is nobody's identity.
        #expect(
            record.keys["subject"] == nil && record.keys["issuer"] == nil && record.keys["planner"] == nil)
    }

    @Test("psql with the expired token and with that for another audience says why and ends with status 2")
    func psqlRefused() throws {
        for (token, reason) in [(Testbed.Token.expired, "(exp)"), (.wrongAudience, "(aud)")] {
            let run = try testbed.psql("select 1", token: token)
            #expect(run.status == 2)
            #expect(run.output.isEmpty)
            #expect(run.error.contains("FATAL:  token refused"))
            #expect(run.error.contains("DETAIL:  ") && run.error.contains(reason), "\(run.error)")
            #expect(run.error.contains("HINT:  "), "\(run.error)")
        }
    }

    @Test(
        "tokens of the tests' issuer are taken whichever of its algorithms signed them",
        arguments: ["ES256", "EdDSA"])
    func algorithms(name: String) throws {
        let minted = try Command.run(
            "\(testbed.root)/script/testbed", ["token", "eu-analyst", "--header", "alg=\(name)"])
        try #require(minted.status == 0, "\(minted.error)")
        let run = try testbed.psql(
            "select current_user", user: "analyst", database: "orders", password: minted.text)
        #expect(run.text == "analyst", "\(run.error)")
    }

    @Test(
        "F-ID-11: tokens and passwords are not in the gateway's log, audit logs, arguments or the server's settings"
    )
    func secrets() throws {
        let application = Testbed.unique("secrets")
        var secrets = try ["ANALYST", "TESTER", "HEALTH"].map {
            try Testbed.variable("DOMICILE_PASSWORD_\($0)")
        }
        for token in [Testbed.Token.euAnalyst, .expired, .wrongAudience] {
            _ = try testbed.psql("select 1", token: token, extra: ["PGAPPNAME": application])
            let parts = try testbed.token(token).split(separator: ".").map(String.init)
            secrets += [parts[1], parts[2]]
        }
        _ = try testbed.endedSessions(application, region: "eu-west-1")
        _ = try testbed.refusal(application)
        #expect(try testbed.regionsThatMention(application) == ["eu-west-1"])
        let log = try Testbed.variable("DOMICILE_LOG")
        let operational = try String(contentsOfFile: log, encoding: .utf8)
        #expect(operational.contains("sqlstate=28P01"))
        let arguments = try Data(contentsOf: URL(fileURLWithPath: "/proc/\(testbed.processID)/cmdline"))
        #expect(arguments.range(of: Data("serve".utf8)) != nil)
        let settings = try testbed.psql("select string_agg(name || setting, ' ') from pg_settings")
        for secret in secrets {
            #expect(try testbed.regionsThatMention(secret).isEmpty)
            #expect(!operational.contains(secret))
            #expect(arguments.range(of: Data(secret.utf8)) == nil)
            #expect(!settings.text.contains(secret))
        }
    }
}
