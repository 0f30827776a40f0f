import Foundation
import Testing

/// RFC 7662 with a real gateway and the tests' own issuer.
@Suite(.serialized)
struct IntrospectionTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func ground(_ settings: String, secret: String = "secret") throws -> RevocationGround {
        let issuer = try Testbed.variable("DOMICILE_ISSUER2")
        let entry = "  - issuer: \(issuer)\n"
        let introspection =
            "    introspection: { endpoint: \"\(issuer)/introspect\", client_id: gateway, client_secret: \(secret)\(settings) }\n"
        return try RevocationGround(
            testbed, edit: { $0.replacingOccurrences(of: entry, with: entry + introspection) })
    }

    @Test(
        "A token that its issuer says is not active gets 28P01, once the cache's time is over; others are let in"
    )
    func inactive() throws {
        let ground = try ground(", cache: 1s")
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-2"))
        try ground.session(one).close()
        try ground.session(two).close()
        let id = try #require(try Testbed.claims(one)["jti"] as? String)
        try ground.tell("inactive", #"{"jti": "\#(id)"}"#)
        try testbed.eventually("the answer is asked for again", within: 3) {
            let (client, answer) = try ground.login(one, application: "inactive")
            client.close()
            return answer.first?.field("C") == "28P01"
        }
        try ground.expectRefused(one, "28P01", application: "inactive")
        try ground.session(two).close()
        // The other issuer's entry says nothing of it.
        try ground.session(testbed.token(.euAnalyst)).close()
        let refusal = try #require(try ground.gateway.testbed.refusal("inactive"))
        #expect((refusal.keys["reason"] as? String)?.contains("not active (introspection)") == true)
        #expect(refusal.keys["subject"] as? String == "exec-1")
    }

    @Test("F-ID-16: while the issuer gives no answer a login gets 08006, or is let in where on_error says so")
    func unavailable() throws {
        for (settings, isLetIn) in [(", cache: 0", false), (", cache: 0, on_error: allow", true)] {
            let ground = try ground(settings)
            defer { ground.remove() }
            let token = try ground.token("exec-1")
            try ground.session(token).close()
            try ground.tell("answers", #"{"introspect": {"status": 503}}"#)
            defer { try? ground.tell("answers", "{}") }
            if isLetIn {
                try ground.session(token).close()
            } else {
                try ground.expectRefused(token, "08006")
            }
            try ground.tell("answers", "{}")
            try ground.session(token).close()
        }
    }

    @Test("With a wrong client_secret nobody is let in, and neither it nor a token is in the gateway's log")
    func wrongSecret() throws {
        let ground = try ground("", secret: "hunter2hunter2")
        defer { ground.remove() }
        let token = try ground.token("exec-1")
        try ground.expectRefused(token, "08006")
        let log = ground.gateway.process.read("error")
        #expect(log.contains("answered with status 401"))
        #expect(!log.contains("hunter2"))
        #expect(!log.contains(String(token.split(separator: ".")[1])))
    }

    @Test("A production issuer (glewlwyd): its token is let in until it revokes it itself, then gets 28P01")
    func realIssuer() throws {
        let issuer = try Testbed.variable("DOMICILE_ISSUER")
        let secret = try Testbed.variable("DOMICILE_ISSUER_SECRET")
        let entry = "  - issuer: \(issuer)\n"
        let introspection =
            "    introspection: { endpoint: \"\(issuer)/introspect\", client_id: domicile, client_secret: \"\(secret)\", cache: 0 }\n"
        let ground = try RevocationGround(
            testbed, edit: { $0.replacingOccurrences(of: entry, with: entry + introspection) })
        defer { ground.remove() }
        let minted = try Command.run("\(testbed.root)/script/testbed", ["token", "eu-analyst"])
        try #require(minted.status == 0, "\(minted.error)")
        let session = try ground.session(minted.text)
        defer { session.close() }
        let revoked = try Command.run(
            "curl", ["-sf", "-u", "domicile:\(secret)", "-d", "token=\(minted.text)", "\(issuer)/revoke"],
            environment: ["NO_PROXY": "*", "PATH": "/usr/bin:/bin"])
        try #require(revoked.status == 0, "\(revoked.error)")
        try ground.expectRefused(minted.text, "28P01")
        try ground.session(testbed.token(.euAnalyst)).close()
        try expectEnd(of: session, "57P01", "not active (introspection)")
    }

    /// The session ends by what its issuer said, or did not say, when it was asked again.
    private func expectEnd(of client: RawClient, _ sqlstate: String, _ detail: String) throws {
        let rest = try client.readFrames(until: "E", within: 20)
        #expect(rest.last?.field("C") == sqlstate)
        #expect(rest.last?.field("V") == "FATAL")
        #expect(rest.last?.field("D")?.contains(detail) == true, "\(rest.last?.field("D") ?? "")")
        #expect(try client.readFrame(within: 3) == nil)
    }

    @Test(
        "F-ID-15: a live session ends with 57P01 when its issuer, asked again, says that the token is not active; others live on"
    )
    func liveInactive() throws {
        let ground = try ground(", cache: 1s")
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-2"))
        let sessions = [
            try ground.session(one, application: "live"), try ground.session(one, application: "live"),
        ]
        let other = try ground.session(two)
        let foreign = try ground.session(testbed.token(.euAnalyst))
        defer { for client in sessions + [other, foreign] { client.close() } }
        let id = try #require(try Testbed.claims(one)["jti"] as? String)
        try ground.tell("inactive", #"{"jti": "\#(id)"}"#)
        let begun = Date()
        try sessions[0].send(AbuseFrames.query("select pg_sleep(60)"))
        for client in sessions { try expectEnd(of: client, "57P01", "not active (introspection)") }
        // 5 s after the last word is the soonest that it is asked again.
        #expect(Date().timeIntervalSince(begun) < 7)
        try ground.expectAlive(other)
        try ground.expectAlive(foreign)
        let own = ground.gateway.testbed
        let (log, ended) = try own.endedSessions("live", region: "eu-west-1", count: 2)
        #expect(log.records(of: ended, "session.end").map(\.sqlstate) == ["57P01", "57P01"])
        #expect(try own.metric("domicile_sessions_revoked_total") == 2)
    }

    @Test(
        "F-ID-16: while the issuer is silent live sessions end with 08006 after three questions, or live on where on_error says so"
    )
    func liveUnavailable() throws {
        for (settings, livesOn) in [(", cache: 0", false), (", cache: 0, on_error: allow", true)] {
            let ground = try ground(settings)
            defer { ground.remove() }
            let client = try ground.session(try ground.token("exec-1"))
            defer { client.close() }
            let begun = Date()
            try ground.tell("answers", #"{"introspect": {"status": 503}}"#)
            defer { try? ground.tell("answers", "{}") }
            if livesOn {
                try testbed.eventually("it has been asked thrice", within: 14) {
                    Date().timeIntervalSince(begun) > 12
                }
            } else {
                try expectEnd(of: client, "08006", "does not say whether it is active")
                // Asked after 5, 7 and 9 s.
                #expect((8.5..<12).contains(Date().timeIntervalSince(begun)))
            }
            try ground.tell("answers", "{}")
            if livesOn { try ground.expectAlive(client) }
        }
    }

    @Test("F-ID-16: an issuer that is silent for a moment ends nobody")
    func liveMoment() throws {
        let ground = try ground(", cache: 0")
        defer { ground.remove() }
        let client = try ground.session(try ground.token("exec-1"))
        defer { client.close() }
        let begun = Date()
        try ground.tell("answers", #"{"introspect": {"status": 503}}"#)
        defer { try? ground.tell("answers", "{}") }
        try testbed.eventually("it has been asked once", within: 8) { Date().timeIntervalSince(begun) > 6 }
        try ground.tell("answers", "{}")
        try testbed.eventually("it has been asked again", within: 8) { Date().timeIntervalSince(begun) > 12 }
        try ground.expectAlive(client)
    }

    @Test("A slow issuer holds up the login that waits for it and no other")
    func slow() throws {
        let ground = try ground(", cache: 0")
        defer { ground.remove() }
        let token = try ground.token("exec-1")
        try ground.tell("answers", #"{"introspect": {"delay": 1.5}}"#)
        defer { try? ground.tell("answers", "{}") }
        let slow = try RawClient(host: ground.gateway.testbed.host, port: ground.gateway.testbed.port)
        defer { slow.close() }
        try slow.beginTLS(authority: testbed.authority, host: testbed.host)
        try slow.startup([("user", "auto"), ("database", "orders")])
        #expect(try slow.readFrame()?.letter == "R")
        let begun = Date()
        try slow.password(token)
        for _ in 0..<5 { try ground.session(testbed.token(.euAnalyst)).close() }
        #expect(Date().timeIntervalSince(begun) < 1.5)
        #expect(try slow.readFrames(until: "Z").last?.letter == "Z")
        #expect(Date().timeIntervalSince(begun) > 1.4)
    }
}
