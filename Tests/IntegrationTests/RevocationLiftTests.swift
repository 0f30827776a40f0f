import Foundation
import Glibc
import Testing

/// What is revoked can be seen, and taken back.
@Suite(.serialized)
struct RevocationLiftTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func list(_ ground: RevocationGround) throws -> [[String: Any]] {
        let run = try ground.gateway.domicile("revoke", "--list", "--json")
        try #require(run.status == 0, "\(run.error)")
        let answer = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        return try #require(answer?["revocations"] as? [[String: Any]])
    }

    @Test(
        "F-ID-15: a lifted revocation is over at once and after kill -9, is recorded, and the others hold on")
    func lift() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let (one, two) = (try ground.token("exec-1"), try ground.token("exec-2"))
        let id = try #require(try Testbed.claims(two)["jti"] as? String)
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.revoke("--token-id", id, "--issuer", ground.issuer)
        #expect(
            try list(ground).map { $0["subject"] as? String ?? $0["token_id"] as? String } == ["exec-1", id])
        let run = try ground.gateway.domicile(
            "revoke", "--lift", "--subject", "exec-1", "--issuer", ground.issuer, "--reason", "found again")
        #expect(run.status == 0)
        #expect(run.text == "lifted the revocation of subject exec-1 of \(ground.issuer)")
        try ground.session(one).close()
        try ground.expectRefused(two)
        try ground.gateway.restart(SIGKILL)
        try ground.session(one).close()
        try ground.expectRefused(two)
        #expect(try list(ground).compactMap { $0["token_id"] as? String } == [id])

        let own = ground.gateway.testbed
        let record = try #require(
            own.log("eu-west-1").records.first {
                $0.type == "admin" && $0.keys["operation"] as? String == "lift"
            })
        #expect(record.keys["target"] as? String == "subject exec-1 of \(ground.issuer)")
        #expect(record.keys["reason"] as? String == "found again")
    }

    @Test("Lifting what is not revoked ends with status 1 and changes nothing; an issuer's name is its own")
    func unknown() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let token = try ground.token("exec-1")
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        let first = try Testbed.variable("DOMICILE_ISSUER")
        for arguments in [
            ["--subject", "exec-2", "--issuer", ground.issuer], ["--subject", "exec-1", "--issuer", first],
            ["--token-id", "exec-1", "--issuer", ground.issuer], ["--issuer", ground.issuer],
            ["--subject", "exec-1"],
        ] {
            let run = try Command.run(
                testbed.binary,
                ["revoke", "--lift"] + arguments + ["--socket", "\(ground.gateway.folder)/admin.sock"])
            #expect(run.status == 1, "\(arguments)")
            #expect(
                run.error.contains("there is no revocation of ") || run.error.contains("expected one of"),
                "\(run.error)")
        }
        try ground.expectRefused(token)
        #expect(try list(ground).count == 1)
        let wrong = try ground.gateway.domicile("revoke", "--list", "--lift")
        #expect(wrong.status == 64)
    }

    @Test("The list is a table for people, over HTTP it needs the right to read, and lifting that to revoke")
    func listed() throws {
        let ground = try RevocationGround(
            testbed,
            edit: {
                $0.replacingOccurrences(of: "may: [read, kill, revoke, reload]", with: "may: [read]")
            })
        defer { ground.remove() }
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.revoke("--issuer", ground.issuer)
        let run = try ground.gateway.domicile("revoke", "--list")
        let lines = run.text.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("WHAT     NAME"))
        #expect(run.text.contains("subject  exec-1  \(ground.issuer)"), "\(run.text)")
        let reader = try Testbed.variable("DOMICILE_TOKEN_OPERATOR")
        #expect(try ground.http("GET", "/api/revocations", token: reader).status == 200)
        #expect(try ground.http("GET", "/api/revocations", token: nil).status == 401)
        let body = #"{"subject": "exec-1", "issuer": "\#(ground.issuer)"}"#
        #expect(try ground.http("POST", "/api/lift", body, token: reader).status == 403)
        #expect(try list(ground).count == 2)
        let reads = try ground.gateway.testbed.log("eu-west-1").records.filter {
            $0.type == "admin" && $0.keys["target"] as? String == "revocations"
        }
        #expect(reads.count >= 3)
    }

    @Test("The metrics say how many revocations are in force, and how many sessions they ended")
    func metrics() throws {
        let ground = try RevocationGround(testbed)
        defer { ground.remove() }
        let sessions = try (0..<3).map { _ in try ground.session(try ground.token("exec-1")) }
        defer { for client in sessions { client.close() } }
        let own = ground.gateway.testbed
        #expect(try own.metric("domicile_revocations") == 0)
        try ground.revoke("--subject", "exec-1", "--issuer", ground.issuer)
        try ground.revoke("--subject", "exec-2", "--issuer", ground.issuer)
        #expect(try own.metric("domicile_revocations") == 2)
        #expect(try own.metric("domicile_sessions_revoked_total") == 3)
        _ = try ground.gateway.domicile(
            "revoke", "--lift", "--subject", "exec-2", "--issuer", ground.issuer)
        #expect(try own.metric("domicile_revocations") == 1)
    }
}
