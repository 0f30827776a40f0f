import Foundation
import Testing

/// Keys that change, and issuers that are away: a real gateway before issuers of its own.
@Suite(.serialized)
struct KeyRotationTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// A gateway that takes tokens of an issuer besides the testbed's, those of its executor `subject` as an analyst's.
    private func ground(
        _ own: OwnIssuer, subject: String, _ settings: String = ""
    ) throws -> RevocationGround {
        let extra = settings.isEmpty ? "" : "    \(settings)\n"
        let entry =
            "  - issuer: \(own.issuer)\n    audience: [domicile]\n    algorithms: [RS256, ES256, EdDSA]\n"
            + "    claims: { subject: sub, groups: groups }\n\(extra)"
        let rule =
            "  - name: own\n    who: { issuer: \"\(own.issuer)\", subject: \(subject) }\n    databases: [orders]\n"
            + "    regions: [EU]\n    roles: [analyst]\n    access: read_only\n"
        return try RevocationGround(
            testbed,
            edit: {
                $0.replacingOccurrences(of: "\nissuers:\n", with: "\nissuers:\n\(entry)")
                    .replacingOccurrences(of: "\nrules:\n", with: "\nrules:\n\(rule)")
            })
    }

    private func sqlstate(_ ground: RevocationGround, _ token: String) throws -> String? {
        let (client, answer) = try ground.login(token)
        client.close()
        return answer.last?.letter == "Z" ? nil : answer.first?.field("C")
    }

    @Test(
        "F-ID-07: glewlwyd rotates by its own interface: its client's token by the new key is taken at once, one by the withdrawn key no more after the next refresh; the session it began lives on"
    )
    func glewlwyd() throws {
        let own = try OwnIssuer(.glewlwyd, root: testbed.root)
        defer { own.remove() }
        try own.publish("first")
        let old = try own.token()
        let ground = try ground(own, subject: "domicile", "keys_refresh: 5s")
        defer { ground.remove() }
        let session = try ground.session(old)
        defer { session.close() }
        try own.publish("second")
        // Nobody has asked by the new key yet: the refresh alone takes the old one away.
        try testbed.eventually("the withdrawn key is refused", within: 8) {
            try sqlstate(ground, old) == "28P01"
        }
        try ground.session(try own.token()).close()
        try ground.expectAlive(session)
        try own.publish("third", "second")
        // At most two fetches in 30 s, and these were two: this one is found when that allows it, not before.
        #expect(try sqlstate(ground, try own.token()) == "28P01")
        try ground.session(testbed.token(.euAnalyst)).close()
    }

    @Test("F-ID-07: a token that names a key of which the gateway has not heard is taken at its first use")
    func newKeyAtOnce() throws {
        let own = try OwnIssuer(.glewlwyd, root: testbed.root)
        defer { own.remove() }
        try own.publish("first")
        let old = try own.token()
        let ground = try ground(own, subject: "domicile")
        defer { ground.remove() }
        try ground.session(old).close()
        try own.publish("second", "first")
        let new = try own.token()
        #expect(try sqlstate(ground, new) == nil)
        #expect(try sqlstate(ground, old) == nil)
    }

    @Test(
        "F-ID-07: oidc-provider-mock comes back with another key and tokens that name none: the new one is taken, the old one refused",
        .enabled(if: OwnIssuer.hasMock, "NEEDS oidc-provider-mock, which real.py installs from PyPI"))
    func mock() throws {
        let own = try OwnIssuer(.mock, root: testbed.root)
        defer { own.remove() }
        let old = try own.token()
        let ground = try ground(own, subject: "exec-1")
        defer { ground.remove() }
        try ground.session(old).close()
        own.stop()
        // Known keys serve while it is away.
        try ground.session(old).close()
        try own.start()
        let new = try own.token()
        #expect(try sqlstate(ground, new) == nil)
        #expect(try sqlstate(ground, old) == "28P01")
    }

    @Test(
        "F-ID-06: hundreds of tokens with unknown kids cause at most two fetches, and good ones are let in meanwhile"
    )
    func unknownKeys() throws {
        let own = try OwnIssuer(.tests, root: testbed.root)
        defer { own.remove() }
        let ground = try ground(own, subject: "exec-1")
        defer { ground.remove() }
        let good = try own.token()
        // One foreign token with another kid each time: only its header changes, its signature is wrong anyway.
        let parts = try own.token("--header", #"{"kid": "unknown"}"#, "--key", "rs-1").split(separator: ".")
        for number in 0..<200 {
            let header = Data(#"{"alg":"RS256","kid":"k\#(number)"}"#.utf8).base64EncodedString()
                .replacingOccurrences(of: "=", with: "")
            #expect(try sqlstate(ground, "\(header).\(parts[1]).\(parts[2])") == "28P01")
            if number.isMultiple(of: 50) { #expect(try sqlstate(ground, good) == nil) }
        }
        let counts = try JSONSerialization.jsonObject(with: Data(own.ask("/requests").utf8))
        let fetches = try #require((counts as? [String: Int])?["jwks"])
        #expect((1...2).contains(fetches))
    }

    @Test(
        "F-ID-16: an issuer that is gone: known keys serve for keys_max_age, then 08006; when it is back logins are, too"
    )
    func issuerDown() throws {
        let own = try OwnIssuer(.tests, root: testbed.root)
        defer { own.remove() }
        let ground = try ground(own, subject: "exec-1", "keys_max_age: 6s")
        defer { ground.remove() }
        let token = try own.token()
        let session = try ground.session(token)
        defer { session.close() }
        own.stop()
        let stopped = Date()
        var lastGood = stopped
        try testbed.eventually("keys are too old", within: 10) {
            let state = try sqlstate(ground, token)
            if state == nil { lastGood = Date() }
            return state == "08006"
        }
        // Fetched at most 3 s before it went, at half of their age.
        #expect(lastGood.timeIntervalSince(stopped) > 2)
        try ground.expectAlive(session)
        try ground.session(testbed.token(.euAnalyst)).close()
        try own.start()
        try testbed.eventually("keys are there again", within: 20) { try sqlstate(ground, token) == nil }
    }

    @Test(
        "F-ID-16: a gateway that starts before its issuer says 08006, and lets executors in when the issuer is there"
    )
    func issuerLate() throws {
        let own = try OwnIssuer(.tests, root: testbed.root)
        defer { own.remove() }
        let token = try own.token()
        own.stop()
        let ground = try ground(own, subject: "exec-1")
        defer { ground.remove() }
        #expect(try sqlstate(ground, token) == "08006")
        try own.start()
        try testbed.eventually("keys are there", within: 20) { try sqlstate(ground, token) == nil }
    }

    @Test("F-ID-07: a jwks file is read again when it changes: the key that it lacks then is refused")
    func file() throws {
        let own = try OwnIssuer(.tests, root: testbed.root)
        defer { own.remove() }
        let file = "\(own.folder)/published.json"
        try own.ask("/jwks").write(toFile: file, atomically: true, encoding: .utf8)
        let ground = try ground(own, subject: "exec-1", "jwks: \"\(file)\"")
        defer { ground.remove() }
        own.stop()
        let (old, kept) = (try own.token(), try own.token("--header", #"{"alg": "ES256"}"#))
        #expect(try sqlstate(ground, old) == nil)
        #expect(try sqlstate(ground, kept) == nil)
        try own.start()
        _ = try own.ask("/keys", #"{"kid": "rs-1", "publish": false}"#)
        try own.ask("/jwks").write(toFile: file, atomically: true, encoding: .utf8)
        own.stop()
        try testbed.eventually("the removed key is refused", within: 4) {
            try sqlstate(ground, old) == "28P01"
        }
        #expect(try sqlstate(ground, kept) == nil)
    }
}
