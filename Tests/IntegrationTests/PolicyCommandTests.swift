import Foundation
import Testing

/// `domicile policy test` and `domicile policy diff`, on the testbed's policy and the log of a gateway of the tests' own.
@Suite(.serialized)
struct PolicyCommandTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Without the testbed's passwords: they are not needed.
    private func policy(_ arguments: [String]) throws -> Command.Run {
        try Command.run(
            testbed.binary, ["policy"] + arguments, environment: ["PATH": "/usr/bin:/bin"])
    }

    private func json(_ run: Command.Run) throws -> [String: Any] {
        try #require(
            try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any],
            "\(run.output) \(run.error)")
    }

    @Test(
        "policy test passes the repository's example, also where rules must be covered, without its secrets")
    func example() throws {
        let file = "\(testbed.root)/examples/policy/orders.test.yaml"
        let run = try policy(["test", "--require-coverage", file])
        #expect(run.status == 0, "\(run.error)")
        #expect(run.output == "8 cases, 0 failed; 3 of 3 rules matched\n")
    }

    @Test(
        "policy test ends with 1 for a failed or uncovered case and says where; 78 for a file that is wrong")
    func failures() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("policy"))
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("a.test.yaml").path
        let junit = folder.appendingPathComponent("a.xml").path
        let config = "\(testbed.root)/examples/policy/domicile.yaml"
        func write(_ reason: String) throws {
            try """
            cases:
              - name: "<one>"
                claims: { iss: https://id.example.com, sub: anna, groups: [eu-analysts] }
                request: { database: orders }
                expect: { \(reason) }
            """.write(toFile: file, atomically: true, encoding: .utf8)
        }
        try write("refused: no_rule")
        let failed = try policy(["test", "--config", config, "--junit", junit, file])
        #expect(failed.status == 1)
        #expect(
            failed.output.hasPrefix(
                "\(file):2:5: failed: <one>: refused: expected no_rule, got allowed by eu-analysts"))
        #expect(failed.output.contains("domicile.yaml:32:5: rule eu-writers: matched by no case"))
        #expect(try String(contentsOfFile: junit, encoding: .utf8).contains("name=\"&lt;one&gt;\""))
        try write("role: analyst")
        #expect(try policy(["test", "--config", config, file]).status == 0)
        let uncovered = try policy(["test", "--config", config, "--require-coverage", "--json", file])
        #expect(uncovered.status == 1)
        #expect(try json(uncovered)["ok"] as? Bool == false)
        let nameless = try policy(["test", file])
        #expect(nameless.status == 78)
        #expect(nameless.error.contains("missing key `configuration`"))
        try write("rol: analyst")
        let wrong = try policy(["test", "--config", config, file])
        #expect(wrong.status == 78)
        #expect(
            wrong.error.contains(
                "\(file):5:15: mistake: unknown key \"rol\" in `cases[].expect`; did you mean `role`?"),
            "\(wrong.error)")
    }

    @Test(
        "Records hold what was asked and the claims that rules look at; policy diff lists what a new policy changes"
    )
    func diff() throws {
        let gateway = try OwnGateway(testbed)
        defer { gateway.remove() }
        let own = gateway.testbed
        #expect(try own.psql("select 1", database: "orders@EU").text == "1")
        #expect(try own.psql("select 1", user: "nobody", token: .usAnalyst).status != 0)
        #expect(try own.psql("select 1", user: "writer", token: .euWriter).text == "1")
        try own.eventually("the sessions are recorded") {
            let records = try own.log("eu-west-1").records
            return records.count { $0.type == "session.start" } == 2
                && records.count { $0.type == "session.refused" } == 1
        }
        let records = try own.log("eu-west-1").records
        let start = try #require(
            records.first { $0.type == "session.start" && $0.keys["rule"] as? String == "eu-analysts" })
        let asked = try #require(start.keys["asked"] as? [String: Any])
        #expect(asked["database"] as? String == "orders@EU")
        #expect(asked["regions"] as? [String] == ["EU"])
        #expect(asked["role"] as? String == "analyst")
        #expect(asked["replication"] as? Bool == false)
        let claims = try #require(start.keys["claims"] as? [String: Any])
        #expect(Set(claims.keys) == ["authorization_details", "groups"])
        #expect(claims["groups"] as? [String] == ["eu-analysts"])
        #expect(claims["authorization_details"] is NSNull)

        let same = try policy(["diff", own.configuration, own.configuration, "--audit", own.audit])
        #expect(same.status == 0, "\(same.error)")
        #expect(
            same.output
                == "3 sessions decided again, 0 changed, 0 undecidable; 0 refused before a policy was asked\n"
        )
        let candidate = "\(gateway.folder)/new.yaml"
        let text = try String(contentsOfFile: own.configuration, encoding: .utf8)
        try OwnGateway.without(rule: "eu-analysts", text)
            .replacingOccurrences(
                of: "groups: [eu-writers] }", with: "groups: [eu-writers], department: sales }"
            ).write(toFile: candidate, atomically: true, encoding: .utf8)
        // The folder of the gateway holds that of its logs.
        let changed = try policy(["diff", own.configuration, candidate, "--audit", gateway.folder, "--json"])
        #expect(changed.status == 1, "\(changed.error)")
        let report = try json(changed)
        #expect(report["decided"] as? Int == 2)
        let changes = try #require(report["changes"] as? [[String: Any]])
        #expect(changes.map { $0["kinds"] as? [String] } == [["allowed_to_refused"]])
        #expect(changes.first?["new"] as? String == "refused: no_rule")
        #expect((changes.first?["example"] as? [String: Any])?["session"] as? String == start.session)
        let undecidable = try #require(report["undecidable"] as? [[String: Any]])
        #expect(undecidable.map { $0["lacking"] as? [String] } == [["department"]])
        let later = try policy([
            "diff", own.configuration, candidate, "--audit", own.audit, "--since", "2999-01-01T00:00:00Z",
        ])
        #expect(later.status == 0)
        #expect(later.output.hasPrefix("0 sessions decided again"))
        #expect(
            try policy(["diff", own.configuration, candidate, "--audit", own.audit, "--since", "soon"]).status
                == 64)
    }
}
