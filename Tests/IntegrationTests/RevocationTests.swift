import Foundation
import Glibc
import Testing

/// `domicile revoke`: whom it ends, whom it keeps out, what survives.
@Suite(.serialized)
struct RevocationTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test(
        "F-ID-15: by subject: its sessions end within 1 s with 57P01, another's goes on, its logins get 28000, all is recorded"
    )
    func bySubject() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-10"))
        let sessions = try (0..<3).map { _ in try ground.session(one, application: "one") }
        let other = try ground.session(two, application: "two")
        defer { for client in sessions + [other] { client.close() } }
        let begun = Date()
        try ground.revoke(
            "--subject", "exec-1", "--issuer", ground.issuer, "--reason", "its key was found in a log")
        for client in sessions { try ground.expectEnd(client) }
        #expect(Date().timeIntervalSince(begun) < 1)
        try ground.expectAlive(other)
        try ground.expectRefused(one, application: "again")
        try ground.session(two).close()

        let own = ground.gateway.testbed
        let (log, ended) = try own.endedSessions("one", region: "eu-west-1", count: 3)
        #expect(log.isGapFree)
        let ends = log.records(of: ended, "session.end")
        #expect(ends.map(\.sqlstate) == ["57P01", "57P01", "57P01"])
        let admin = try #require(
            log.records.first { $0.type == "admin" && $0.keys["operation"] as? String == "revoke" })
        #expect(admin.keys["target"] as? String == "subject exec-1 of \(ground.issuer)")
        #expect(admin.keys["reason"] as? String == "its key was found in a log")
        #expect(ends.allSatisfy { $0.seq > admin.seq })
        let refusal = try #require(try own.refusal("again"))
        #expect(refusal.sqlstate == "28000")
        #expect(refusal.keys["subject"] as? String == "exec-1")
    }

    @Test("F-ID-15: by token id: the sessions of that token end, the same subject's other token serves on")
    func byTokenID() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-1"))
        let session = try ground.session(one)
        let other = try ground.session(two)
        defer { session.close() }
        defer { other.close() }
        let id = try #require(try Testbed.claims(one)["jti"] as? String)
        let begun = Date()
        try ground.revoke("--token-id", id, "--issuer", ground.issuer)
        try ground.expectEnd(session)
        #expect(Date().timeIntervalSince(begun) < 1)
        try ground.expectAlive(other)
        try ground.expectRefused(one)
        try ground.session(two).close()
    }

    @Test("F-ID-15: by issuer: all sessions of its tokens end, those of the other issuer's serve on")
    func byIssuer() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-2", "us-analyst"))
        let sessions = [try ground.session(one), try ground.session(two)]
        let other = try ground.session(testbed.token(.euAnalyst))
        defer { for client in sessions + [other] { client.close() } }
        let begun = Date()
        try ground.revoke("--issuer", ground.issuer)
        for client in sessions { try ground.expectEnd(client) }
        #expect(Date().timeIntervalSince(begun) < 1)
        try ground.expectAlive(other)
        try ground.expectRefused(one)
        try ground.session(testbed.token(.euAnalyst)).close()
    }

    @Test(
        "Rule 10: one subject at two issuers is two; a revocation that does not say which is refused and does nothing"
    )
    func sameSubjectOfTwoIssuers() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let real = try testbed.token(.euAnalyst)
        let subject = try #require(try Testbed.claims(real)["sub"] as? String)
        let copy = try ground.token(subject)
        let (one, two) = (try ground.session(real), try ground.session(copy))
        defer { one.close() }
        defer { two.close() }
        for arguments in [["--subject", subject], ["--subject", subject, "--issuer", ground.issuer + "/"]] {
            let run = try Command.run(
                testbed.binary, ["revoke"] + arguments + ["--socket", "\(ground.gateway.folder)/admin.sock"])
            #expect(run.status == 1)
            #expect(run.error.contains("expected one of"), "\(run.error)")
        }
        try ground.expectAlive(one)
        try ground.expectAlive(two)
        try ground.revoke("--subject", subject, "--issuer", ground.issuer)
        try ground.expectEnd(two)
        try ground.expectAlive(one)
        try ground.expectRefused(copy)
        try ground.session(real).close()
    }

    @Test(
        "F-ID-15: kill -9 right behind the answer: after the start it is still refused, the others are let in"
    )
    func survivesKill() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-2"))
        let id = try #require(try Testbed.claims(two)["jti"] as? String)
        try ground.session(one).close()
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.gateway.restart(SIGKILL)
        try ground.expectRefused(one)
        try ground.session(two).close()
        try ground.revoke("--token-id", id, "--issuer", ground.issuer)
        try ground.gateway.restart(SIGKILL)
        try ground.expectRefused(one)
        try ground.expectRefused(two)
        try ground.session(try ground.token("exec-2")).close()
        try ground.revoke("--issuer", ground.issuer)
        try ground.gateway.restart(SIGTERM)
        try ground.expectRefused(try ground.token("exec-3"))
        try ground.session(testbed.token(.euAnalyst)).close()
    }

    @Test("A token that is issued after the revocation of its subject is let in")
    func laterToken() throws {
        let ground = try RevocationGround(testbed, edit: { "leeway: 0\n" + $0 })
        defer { ground.remove() }
        let old = try ground.token("exec-1")
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.expectRefused(old)
        let revoked = Date()
        try testbed.eventually("the second of the revocation is over", within: 3) {
            Date().timeIntervalSince(revoked) > 1.1
        }
        try ground.session(try ground.token("exec-1")).close()
        try ground.expectRefused(old)
    }

    @Test("F-ID-15: with a broken file of revocations no gateway starts, and it says why")
    func brokenStore() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        ground.gateway.process.signal(SIGTERM)
        _ = ground.gateway.process.wait(timeout: 20)
        let file = "\(ground.gateway.folder)/state/revocations"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacingOccurrences(of: "exec-1", with: "exec-2").write(
            toFile: file, atomically: true, encoding: .utf8)
        let run = try Command.run(
            testbed.binary, ["serve", "--config", ground.gateway.testbed.configuration], timeout: 10)
        #expect(run.status == 1)
        #expect(run.error.contains("cannot start: \(file):2: the revocations are damaged"), "\(run.error)")
        #expect(try ground.gateway.testbed.psql("select 1").error.contains("Connection refused"))
    }

    @Test("Rule 9: a revocation between the token's verification and the session's start refuses the login")
    func whileConnecting() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-2"))
        let process = try #require(
            Int32(try testbed.direct(.euA, "select split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")))
        // A server that makes no new backends: logins wait for it.
        kill(process, SIGSTOP)
        defer { kill(process, SIGCONT) }
        let clients = try [one, two].map { token in
            let client = try RawClient(host: ground.gateway.testbed.host, port: ground.gateway.testbed.port)
            try client.beginTLS(authority: testbed.authority, host: testbed.host)
            try client.startup([("user", "auto"), ("database", "orders@eu-west-1")])
            #expect(try client.readFrame()?.letter == "R")
            try client.password(token)
            return client
        }
        defer { for client in clients { client.close() } }
        try testbed.eventually("both wait for the server", within: 2) {
            try ground.sessions().map { $0["state"] as? String } == ["connecting", "connecting"]
        }
        let begun = Date()
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.expectEnd(clients[0], "28000", message: "access was revoked")
        #expect(Date().timeIntervalSince(begun) < 1)
        kill(process, SIGCONT)
        #expect(try clients[1].readFrames(until: "Z").last?.letter == "Z")
    }
}
