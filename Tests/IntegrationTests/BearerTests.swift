import Foundation
import Testing

/// The token by SASL OAUTHBEARER, beside the cleartext password on the same listener.
@Suite(.serialized)
struct BearerTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// How the end of an OAUTHBEARER login looks to the executor and to the log.
    private func expectEnd(
        _ client: RawClient, _ application: String, sqlstate: String, detail: String,
        in testbed: Testbed? = nil
    ) throws {
        let error = try #require(try client.readFrame())
        #expect(error.letter == "E" && error.field("V") == "FATAL")
        #expect(error.field("C") == sqlstate)
        #expect(error.field("D")?.contains(detail) == true, "\(error.field("D") ?? "")")
        #expect(error.field("H")?.isEmpty == false)
        #expect(try client.readFrame() == nil)
        let record = try #require(try (testbed ?? self.testbed).refusal(application))
        #expect(record.sqlstate == sqlstate)
        #expect((record.keys["reason"] as? String)?.contains(detail) == true)
    }

    private var challenge: [String: String] {
        get throws {
            [
                "status": "invalid_token", "scope": "openid",
                "openid-configuration":
                    try Testbed.variable("DOMICILE_ISSUER") + "/.well-known/openid-configuration",
            ]
        }
    }

    @Test("F-ID-19: a token by OAUTHBEARER begins a session, recorded as one by password is")
    func login() throws {
        let application = Testbed.unique("bearer")
        let client = try RawClient.offered(testbed, application: application)
        // What is pipelined behind the token is looked at when it is in.
        try client.chooseBearer(RawClient.bearerMessage("Bearer \(try testbed.token(.euAnalyst))"))
        try client.send(try RawClient.query("select current_user"))
        let greeting = try client.readFrames(until: "Z")
        #expect(greeting.first?.body == [0, 0, 0, 0], "AuthenticationOk follows, and no further challenge")
        #expect(!greeting.dropFirst().contains { $0.letter == "R" })
        let answer = try client.readFrames(until: "Z")
        #expect(answer.map(\.letter) == ["T", "D", "C", "Z"])
        #expect(answer.first { $0.letter == "D" }?.body.suffix(7) == Array("analyst".utf8)[...])
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let start = try #require(log.records(of: sessions, "session.start").first)
        let claims = try Testbed.claims(try testbed.token(.euAnalyst))
        #expect(start.keys["subject"] as? String == claims["sub"] as? String)
        #expect(log.records(of: sessions, "query").map(\.sql) == ["select current_user"])
    }

    @Test("F-ID-19: a client that begins without a message gets an empty challenge, and goes on")
    func withoutInitialResponse() throws {
        let client = try RawClient.offered(testbed, application: Testbed.unique("bearer"))
        defer { client.close() }
        try client.chooseBearer(nil)
        let frame = try #require(try client.readFrame())
        #expect(frame.letter == "R" && frame.body == [0, 0, 0, 11])
        try client.respond(RawClient.bearerMessage("bearer \(try testbed.token(.euAnalyst))"))
        #expect(try client.readFrames(until: "Z").last?.letter == "Z")
    }

    @Test("F-ID-19: who asks without a token is told the issuer and the scope, then 28000")
    func discovery() throws {
        let application = Testbed.unique("bearer")
        let client = try RawClient.offered(testbed, application: application)
        defer { client.close() }
        try client.chooseBearer(RawClient.bearerMessage(""))
        #expect(try client.readChallenge() == challenge)
        try client.respond([1])
        try expectEnd(client, application, sqlstate: "28000", detail: "where tokens come from")
    }

    @Test(
        "F-ID-19: a refused token gets the challenge, and after its acknowledgement 28P01 with the check that failed",
        arguments: [
            ("expired", "(exp)"), ("wrong-audience", "(aud)"), ("eu-analyst --signature broken", "signature"),
        ])
    func refused(name: String, detail: String) throws {
        let arguments = ["token"] + name.split(separator: " ").map(String.init)
        let minted = try Command.run("\(testbed.root)/script/testbed", arguments)
        try #require(minted.status == 0, "\(minted.error)")
        let application = Testbed.unique("bearer")
        let client = try RawClient.offered(testbed, application: application)
        defer { client.close() }
        try client.chooseBearer(RawClient.bearerMessage("Bearer \(minted.text)"))
        #expect(try client.readChallenge() == challenge)
        try client.respond([1])
        try expectEnd(client, application, sqlstate: "28P01", detail: detail)
    }

    @Test("A refused token is recorded once, also where the executor goes without an acknowledgement")
    func gone() throws {
        let application = Testbed.unique("bearer")
        let client = try RawClient.offered(testbed, application: application)
        try client.chooseBearer(RawClient.bearerMessage("Bearer \(try testbed.token(.expired))"))
        _ = try client.readChallenge()
        client.close()
        let record = try #require(try testbed.refusal(application))
        #expect(record.sqlstate == "28P01")
        let refusals = try testbed.log("eu-west-1").records.filter {
            $0.type == "session.refused" && $0.keys["application"] as? String == application
        }
        #expect(refusals.count == 1)
    }

    @Test(
        "F-ID-19: what is no bearer token is a refused token",
        arguments: ["Basic YTpi", "Bearer", "Bearer a b", "eyJhbGciOiJub25lIn0.e30."])
    func unusable(authorization: String) throws {
        let application = Testbed.unique("bearer")
        let client = try RawClient.offered(testbed, application: application)
        defer { client.close() }
        try client.chooseBearer(RawClient.bearerMessage(authorization))
        _ = try client.readChallenge()
        try client.respond([1])
        try expectEnd(client, application, sqlstate: "28P01", detail: "not Bearer and a token")
    }

    @Test(
        "F-ID-19: a malformed message ends the connection at once",
        arguments: [
            ("n,,\u{1}auth=Bearer a", "08P01", "no end"),
            ("p=tls-server-end-point,,\u{1}auth=Bearer a\u{1}\u{1}", "08P01", "channel binding"),
            ("n,a=admin,\u{1}auth=Bearer a\u{1}\u{1}", "0A000", "authorization identity"),
            ("n,,\u{1}auth=Bearer a\u{1}auth=Bearer b\u{1}\u{1}", "08P01", "a key twice"),
            ("n,,\u{1}\u{1}", "08P01", "no auth value"), ("", "08P01", "empty"),
        ])
    func malformed(message: String, sqlstate: String, detail: String) throws {
        let application = Testbed.unique("bearer")
        let client = try RawClient.offered(testbed, application: application)
        defer { client.close() }
        try client.chooseBearer(Array(message.utf8))
        try expectEnd(client, application, sqlstate: sqlstate, detail: detail)
    }

    @Test("F-ID-19: behind a challenge a second token is not looked at")
    func secondToken() throws {
        let client = try RawClient.offered(testbed, application: Testbed.unique("bearer"))
        defer { client.close() }
        try client.chooseBearer(RawClient.bearerMessage("Bearer \(try testbed.token(.expired))"))
        _ = try client.readChallenge()
        try client.respond(RawClient.bearerMessage("Bearer \(try testbed.token(.euAnalyst))"))
        let error = try #require(try client.readFrame())
        #expect(error.letter == "E" && error.field("C") == "08P01")
        #expect(try client.readFrame() == nil)
    }

    @Test("A listener may ask for OAUTHBEARER first; a startup that wants a password still gets to give one")
    func listener() throws {
        let own = try OwnGateway(
            testbed,
            edit: {
                $0.replacingOccurrences(of: "\n    tls: {", with: "\n    auth: oauthbearer\n    tls: {")
            })
        defer { own.remove() }
        let client = try RawClient.offered(own.testbed, application: "bearer", options: nil)
        defer { client.close() }
        try client.chooseBearer(RawClient.bearerMessage("Bearer \(try testbed.token(.euAnalyst))"))
        #expect(try client.readFrames(until: "Z").last?.letter == "Z")
        // libpq 15 does not know the mechanism.
        let refused = try own.testbed.psql("select 1")
        #expect(refused.status == 2)
        #expect(refused.error.contains("SASL"), "\(refused.error)")
        let password = try own.testbed.psql("select 1", extra: ["PGOPTIONS": "-c domicile.auth=cleartext"])
        #expect(password.text == "1", "\(password.error)")
    }

    @Test("F-ID-19: OAUTHBEARER is not offered without TLS, where a listener takes passwords without it too")
    func unencrypted() throws {
        let own = try OwnGateway(
            testbed,
            edit: { $0.replacingOccurrences(of: "gateway.key }", with: "gateway.key, required: false }") })
        defer { own.remove() }
        let plain = ["PGSSLMODE": "disable"]
        #expect(try own.testbed.psql("select 1", extra: plain).text == "1")
        let application = Testbed.unique("bearer")
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { client.close() }
        try client.startup([
            ("user", "analyst"), ("database", "orders"), ("application_name", application),
            RawClient.bearerOption,
        ])
        try expectEnd(client, application, sqlstate: "28000", detail: "over TLS only", in: own.testbed)
    }
}
