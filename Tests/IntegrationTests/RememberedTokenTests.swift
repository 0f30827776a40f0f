import Foundation
import Synchronization
import Testing

/// A token that the gateway remembers is no better than one that it sees for the first time.
@Suite(.serialized)
struct RememberedTokenTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Verifications that were answered from memory so far.
    private func hits(_ ground: RevocationGround) throws -> Double {
        try #require(try ground.gateway.testbed.metric("domicile_remembered_token_hits_total"))
    }

    // MARK: The end of a token

    /// One login of many at once: when its token was sent, when it was answered, and how. Unix seconds.
    private struct Attempt: Sendable {
        var sent: Double
        var answered: Double
        /// Nil: it was let in.
        var sqlstate: String?
        var detail: String?
    }

    private final class Attempts: Sendable {
        private let list = Mutex<[Attempt]>([])
        private let failures = Mutex<[String]>([])
        var all: [Attempt] { list.withLock { $0 } }
        var mistakes: [String] { failures.withLock { $0 } }
        func add(_ attempt: Attempt) { list.withLock { $0.append(attempt) } }
        func add(mistake: String) { failures.withLock { $0.append(mistake) } }
    }

    /// Waits in the login until `time`, then sends the token.
    private static func attempt(_ testbed: Testbed, _ token: String, at time: Double) throws -> Attempt {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        try client.beginTLS(authority: testbed.authority, host: testbed.host)
        try client.startup([("user", "analyst"), ("database", "orders")])
        guard try client.readFrame()?.letter == "R" else {
            throw RawClient.Failure(description: "no request for a password")
        }
        let wait = time - Date().timeIntervalSince1970
        if wait > 0 { usleep(UInt32(wait * 1e6)) }
        let sent = Date().timeIntervalSince1970
        try client.password(token)
        var answer = try client.readFrame()
        // In a session that began, the end of the token may come behind it.
        let isIn = answer?.letter == "R"
        let answered = Date().timeIntervalSince1970
        if isIn { answer = nil }
        return Attempt(
            sent: sent, answered: answered, sqlstate: answer?.field("C"), detail: answer?.field("D"))
    }

    @Test(
        "F-ID-14: of a hundred logins in parallel with one token over the edge of its exp all before it are in, none after"
    )
    func overTheEdge() throws {
        let ground = try RevocationGround(
            testbed,
            edit: {
                "leeway: 0\n"
                    + $0.replacingOccurrences(of: "session:\n", with: "session:\n  startup_timeout: 60s\n")
            })
        defer { ground.remove() }
        let own = ground.gateway.testbed
        let token = try ground.token("exec-1", "eu-analyst", "exp=+12")
        let expires = Double(try #require(try Testbed.claims(token)["exp"] as? Int))
        // It is remembered before the first of them comes.
        try ground.session(token).close()
        let attempts = Attempts()
        let group = DispatchGroup()
        for number in 0..<100 {
            group.enter()
            // Forty over the two seconds before the edge, sixty over the one and a half after it; four at the edge itself.
            let time =
                number < 40
                ? expires - 2 + Double(number) * 0.05 : expires + Double(max(0, number - 43)) * 0.025
            Foundation.Thread.detachNewThread {
                do {
                    attempts.add(try RememberedTokenTests.attempt(own, token, at: time))
                } catch {
                    attempts.add(mistake: "\(error)")
                }
                group.leave()
            }
        }
        #expect(group.wait(timeout: .now() + 60) == .success)
        #expect(attempts.mistakes.isEmpty, "\(attempts.mistakes)")
        let all = attempts.all
        #expect(all.count == 100)
        let before = all.filter { $0.answered < expires }
        let after = all.filter { $0.sent >= expires }
        #expect(before.count >= 20 && after.count >= 50, "\(before.count) before, \(after.count) after")
        #expect(before.allSatisfy { $0.sqlstate == nil })
        #expect(after.allSatisfy { $0.sqlstate == "28P01" && $0.detail?.contains("(exp)") == true })
        // Those between were let in or refused, and nothing else.
        let answers = Set(all.map { $0.sqlstate ?? "in" })
        #expect(answers == ["in", "28P01"], "\(answers)")
        #expect(try hits(ground) >= 20)
    }

    // MARK: Keys

    @Test("F-ID-07: a key that leaves the issuer's set ends logins with tokens that are remembered")
    func removedKey() throws {
        let issuer = try Testbed.variable("DOMICILE_ISSUER2")
        let document = try Command.run(
            "curl", ["-sf", "\(issuer)/jwks"], environment: ["NO_PROXY": "*", "PATH": "/usr/bin:/bin"])
        guard document.status == 0 else { throw CommandFailure(document) }
        let ground = try RevocationGround(
            testbed,
            prepare: {
                try document.output.write(toFile: "\($0)/keys.json", atomically: true, encoding: .utf8)
            },
            edit: {
                $0.replacingOccurrences(
                    of: "  - issuer: \(issuer)\n", with: "  - issuer: \(issuer)\n    jwks: keys.json\n")
            })
        defer { ground.remove() }
        func token(_ algorithm: String) throws -> String {
            let minted = try Command.run(
                "\(testbed.root)/script/testbed", ["token", "eu-analyst", "--header", "alg=\(algorithm)"])
            guard minted.status == 0 else { throw CommandFailure(minted) }
            return minted.text
        }
        let (ec, ed) = (try token("ES256"), try token("EdDSA"))
        for token in [ec, ed] { try ground.session(token).close() }
        let known = try hits(ground)
        for token in [ec, ed] { try ground.session(token).close() }
        #expect(try hits(ground) == known + 2)

        // The file without the EC key.
        let whole = try JSONSerialization.jsonObject(with: Data(document.output.utf8)) as? [String: Any]
        let keys = try #require(whole?["keys"] as? [[String: Any]])
        let left = keys.filter { $0["kty"] as? String != "EC" }
        try #require(left.count == keys.count - 1)
        try JSONSerialization.data(withJSONObject: ["keys": left])
            .write(to: URL(fileURLWithPath: "\(ground.gateway.folder)/keys.json"), options: .atomic)
        let series = "domicile_issuer_keys{issuer=\"\(issuer)\"}"
        try testbed.eventually("the new set is known") {
            try ground.gateway.testbed.metric(series) == Double(left.count)
        }
        try ground.expectRefused(ec, "28P01")
        try ground.session(ed).close()
    }

    // MARK: Revocation

    @Test(
        "F-ID-15: a token that is remembered is refused as soon as it is revoked, by token id and by subject")
    func revoked() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (one, two, three) = (
            try ground.token("exec-1"), try ground.token("exec-1"), try ground.token("exec-2")
        )
        for token in [one, two, three] { try ground.session(token).close() }
        let known = try hits(ground)
        for token in [one, two, three] { try ground.session(token).close() }
        #expect(try hits(ground) == known + 3)
        let id = try #require(try Testbed.claims(one)["jti"] as? String)
        try ground.revoke("--token-id", id, "--issuer", ground.issuer)
        try ground.expectRefused(one)
        try ground.session(two).close()
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.expectRefused(two)
        try ground.session(three).close()
        // Each of those logins was verified from memory, and asked about all the same.
        #expect(try hits(ground) == known + 7)
    }

    // MARK: Policy and audience

    @Test("A reload holds for tokens that are remembered: another audience, and a rule that is gone")
    func reloaded() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let token = try ground.token("exec-1")
        for _ in 0..<2 { try ground.session(token).close() }
        func reload(_ edit: (String) -> String) throws {
            let reloads = try ground.gateway.testbed.metric("domicile_config_reloads_total") ?? 0
            try ground.gateway.reload(edit)
            try testbed.eventually("the reload is in force") {
                try ground.gateway.testbed.metric("domicile_config_reloads_total") == reloads + 1
            }
        }
        try reload { $0.replacingOccurrences(of: "audience: [domicile]", with: "audience: [else]") }
        try ground.expectRefused(token, "28P01")
        try reload { $0 }
        for _ in 0..<2 { try ground.session(token).close() }
        try reload { OwnGateway.without(rule: "eu-analysts", $0) }
        try ground.expectRefused(token, "42501")
    }
}
