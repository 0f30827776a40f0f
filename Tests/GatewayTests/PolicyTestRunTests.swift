import Foundation
import Gateway
import GatewayConfiguration
import GatewayPolicy
import Testing

/// What `domicile policy test` says of a policy, tried with the example that the repository carries.
struct PolicyTestRunTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("examples/policy")
        .path

    private func configuration() throws -> Configuration {
        let reading = ConfigurationFile.load(
            path: PolicyTestRunTests.folder + "/domicile.yaml", environment: [:], purpose: .policy)
        return try #require(reading.configuration, "\(reading.findings)")
    }

    private func run(_ cases: String) throws -> PolicyTestRun {
        switch PolicyTestFile.read(Array(cases.utf8), file: "t.yaml") {
        case .valid(let file): return PolicyTestRun(file, configuration: try configuration())
        case .mistaken(let found):
            Issue.record("\(found)")
            throw CancellationError()
        }
    }

    private func differences(_ claims: String, _ request: String, _ expect: String) throws -> [String] {
        let run = try run(
            """
            cases:
              - name: it
                claims: { iss: https://id.example.com, sub: anna, \(claims) }
                request: { database: orders, \(request) }
                expect: { \(expect) }
            """)
        return run.outcomes.flatMap { $0.differences.map(\.description) }
    }

    @Test("The repository's example passes whole, and its cases come to every rule")
    func example() throws {
        let path = PolicyTestRunTests.folder + "/orders.test.yaml"
        guard case .valid(let file) = PolicyTestFile.load(path: path) else {
            Issue.record("the example cannot be read")
            return
        }
        #expect(file.configuration == PolicyTestRunTests.folder + "/domicile.yaml")
        let run = PolicyTestRun(file, configuration: try configuration())
        #expect(run.outcomes.count == 8)
        #expect(run.outcomes.flatMap(\.differences) == [])
        #expect(PolicyTestRun.uncovered([run]).map(\.name) == [])
    }

    @Test("Each key of an expectation that does not hold is a difference of its own, with what was got")
    func decided() throws {
        let found = try differences(
            "groups: [eu-analysts]", "user: auto",
            "rule: eu-writers, role: writer, regions: [eu-west-1], access: read_write, forbid: [], replicates_to: [us-east-1]"
        )
        #expect(
            found == [
                "rule: expected eu-writers, got eu-analysts", "role: expected writer, got analyst",
                "regions: expected [eu-west-1], got [eu-central-1, eu-west-1]",
                "access: expected read_write, got read_only",
                "forbid: expected [], got [ddl, egress, peers, role_change]",
                "replicates_to: expected [us-east-1], got []",
            ])
    }

    @Test("A session where a refusal is expected fails the case, and a refusal where a session is expected")
    func refused() throws {
        #expect(
            try differences("groups: [eu-analysts]", "user: auto", "refused: no_rule") == [
                "refused: expected no_rule, got allowed by eu-analysts, role analyst in [eu-west-1, eu-central-1]"
            ])
        #expect(
            try differences("groups: [nobody]", "user: auto", "role: analyst") == [
                "answer: expected a session, got refused: no_rule (42501). No rule of the policy matches the principal and the database."
            ])
        #expect(
            try differences("groups: [eu-analysts]", "user: writer", "refused: no_rule") == [
                "refused: expected no_rule, got refused by eu-analysts: role (42501). Rule \"eu-analysts\" allows the roles analyst."
            ])
        #expect(
            try differences("groups: [eu-analysts]", "user: writer", "refused: role, rule: eu-writers") == [
                "rule: expected eu-writers, got eu-analysts"
            ])
    }

    @Test(
        "Every reason of a refusal can be expected, by its word and by its SQLSTATE",
        arguments: [
            ("{ iss: https://other, sub: a }", "{ database: orders }", "token", "28P01"),
            ("{ iss: https://id.example.com }", "{ database: orders }", "token", "28P01"),
            (
                "{ iss: https://id.example.com, sub: a, authorization_details: 7 }", "{ database: orders }",
                "token", "28P01"
            ),
            (
                "{ iss: https://id.example.com, sub: a }", "{ database: orders@EU@US }", "database_name",
                "3D000"
            ),
            (
                "{ iss: https://id.example.com, sub: a }", "{ database: orders, region: a@b }",
                "database_name", "3D000"
            ),
            ("{ iss: https://id.example.com, sub: a }", "{ database: payroll }", "unknown_database", "3D000"),
            ("{ iss: https://id.example.com, sub: a }", "{ database: orders }", "no_rule", "42501"),
            (
                "{ iss: https://id.example.com, sub: a, groups: eu-analysts }",
                "{ database: orders, user: w }", "role", "42501"
            ),
            (
                "{ iss: https://id.example.com, sub: a, groups: eu-analysts }", "{ database: orders@US }",
                "region", "42501"
            ),
            (
                "{ iss: https://id.example.com, sub: a, groups: eu-analysts }",
                "{ database: orders, replication: true }", "replication", "42501"
            ),
            (
                "{ iss: https://id.example.com, sub: a, groups: eu-analysts, authorization_details: [{ type: domicile, roles: [] }] }",
                "{ database: orders }", "narrowed", "42501"
            ),
        ])
    func reasons(claims: String, request: String, reason: String, sqlstate: String) throws {
        for expected in [reason, "\"\(sqlstate)\""] {
            let run = try run(
                """
                cases:
                  - name: it
                    claims: \(claims)
                    request: \(request)
                    expect: { refused: \(expected) }
                """)
            #expect(run.outcomes.flatMap(\.differences) == [])
        }
    }

    @Test("Asking for one's own subject as the role is asking for auto")
    func ownName() throws {
        #expect(try differences("groups: [eu-analysts]", "user: anna", "role: analyst") == [])
    }

    @Test("A rule that no case came to is uncovered, and one that refused a case is not")
    func coverage() throws {
        let run = try run(
            """
            cases:
              - name: it
                claims: { iss: https://id.example.com, sub: anna, groups: [us-analysts] }
                request: { database: orders, replication: true }
                expect: { refused: replication }
            """)
        #expect(PolicyTestRun.uncovered([run]).map(\.name) == ["eu-analysts", "eu-writers"])
        #expect(PolicyTestRun.uncovered([run]).map(\.line) == [26, 32])
    }

    @Test("JUnit's XML escapes what XML takes for itself, and has no character that XML has none for")
    func junit() throws {
        let run = try run(
            """
            cases:
              - name: "<a href='x'>&\\"\\uFFFE"
                claims: { iss: https://id.example.com, sub: anna, groups: [eu-analysts] }
                request: { database: orders }
                expect: { role: "<w>" }
              - name: fine
                claims: { iss: https://id.example.com, sub: anna, groups: [eu-analysts] }
                request: { database: orders }
                expect: { role: analyst }
            """)
        #expect(
            JUnitReport.escaped("\u{1}\u{b}a\n\t\r\u{85}]]>") == "\u{fffd}\u{fffd}a&#10;&#9;&#13;\u{85}]]&gt;"
        )
        var report = JUnitReport()
        report.add(run)
        report.addCoverage(of: "g.yaml", uncovered: ["g.yaml:1:2: rule a"])
        #expect(
            report.xml == """
                <?xml version="1.0" encoding="UTF-8"?>
                <testsuites name="domicile policy test" tests="3" failures="2" errors="0">
                  <testsuite name="t.yaml" tests="2" failures="1" errors="0" skipped="0">
                    <testcase classname="t.yaml" name="&lt;a href=&apos;x&apos;&gt;&amp;&quot;\u{fffd}" file="t.yaml" line="2">
                      <failure message="role: expected &lt;w&gt;, got analyst" type="policy">role: expected &lt;w&gt;, got analyst</failure>
                    </testcase>
                    <testcase classname="t.yaml" name="fine" file="t.yaml" line="6"/>
                  </testsuite>
                  <testsuite name="g.yaml" tests="1" failures="1" errors="0" skipped="0">
                    <testcase classname="g.yaml" name="every rule is matched by a case" file="g.yaml">
                      <failure message="rules matched by no case: g.yaml:1:2: rule a" type="policy">rules matched by no case: g.yaml:1:2: rule a</failure>
                    </testcase>
                  </testsuite>
                </testsuites>

                """)
    }
}
