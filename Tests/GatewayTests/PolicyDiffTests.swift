import Audit
import Foundation
import Gateway
import GatewayConfiguration
import GatewayPolicy
import Testing

/// Recorded sessions decided again by another policy.
struct PolicyDiffTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("examples/policy/domicile.yaml").path

    /// The example's configuration with some of its text replaced.
    private func configuration(_ changes: [(String, String)] = []) throws -> Configuration {
        var text = try String(contentsOfFile: PolicyDiffTests.file, encoding: .utf8)
        for (from, to) in changes {
            try #require(text.contains(from))
            text = text.replacingOccurrences(of: from, with: to)
        }
        let reading = ConfigurationFile.read(
            Array(text.utf8), file: "/p/domicile.yaml", environment: [:], hostName: "h", purpose: .policy)
        return try #require(reading.configuration, "\(reading.findings)")
    }

    private func login(
        _ claims: String, session: String = "s1", database: String = "orders", regions: String = "",
        role: String = "auto", replication: Bool = false, issuer: String = "https://id.example.com",
        gateway: String = "eu-west-1"
    ) throws -> RecordedLogin {
        let text = """
            {"seq":1,"time":"2026-11-26T10:00:00.000000Z","type":"session.start","session":"\(session)","issuer":"\(issuer)",\
            "subject":"anna","asked":{"database":"\(database)","regions":[\(regions)],"role":"\(role)","replication":\(replication),"gateway_region":"\(gateway)"},\
            "claims":{\(claims)}}
            """
        let record = try #require(JSONValue(Array(text.utf8)))
        return try #require(RecordedLogin(record, region: "eu-west-1"))
    }

    private let analyst = #""authorization_details":null,"azp":null,"groups":["eu-analysts"]"#
    private let writer = #""authorization_details":null,"azp":"planner-1","groups":["eu-writers"]"#

    private func kinds(_ claims: String, _ changes: [(String, String)]) throws -> [String] {
        var diff = PolicyDiff(from: try configuration(), to: try configuration(changes))
        diff.add(try login(claims))
        #expect(diff.decided == 1)
        #expect(diff.changed == diff.changes.count)
        return diff.changes.flatMap { $0.change.kinds.map(\.rawValue) }
    }

    @Test("Nothing changes where the policy does not")
    func same() throws {
        #expect(try kinds(analyst, []) == [])
        #expect(try kinds(writer, [("analyst: {", "analyst: {")]) == [])
    }

    @Test(
        "Every kind of change is told: allowed or not, rule, role, regions, access, forbid, replication, settings"
    )
    func everyKind() throws {
        let rules = [
            ("groups: [eu-analysts]", "groups: [other]", "allowed_to_refused"),
            ("name: eu-analysts\n", "name: analysts\n", "rule"),
            ("roles: [analyst]\n    forbid", "roles: [writer]\n    forbid", "role"),
            (
                "regions: [EU]\n    roles: [analyst]", "regions: [eu-west-1]\n    roles: [analyst]",
                "regions_narrower"
            ),
            (
                "regions: [EU]\n    roles: [analyst]", "regions: [EU, US]\n    roles: [analyst]",
                "regions_wider"
            ),
            (
                "regions: [EU]\n    roles: [analyst]", "regions: [eu-west-1, US]\n    roles: [analyst]",
                "regions_other"
            ),
            ("role_change, peers]", "role_change, peers, opaque]", "forbids_more"),
            ("role_change, peers]", "role_change]", "forbids_less"),
            ("role_change, peers]", "role_change, opaque]", "forbids_other"),
            ("role_change, peers]", "role_change, peers]\n    temporary: forbid", "settings"),
        ]
        for (from, to, kind) in rules { #expect(try kinds(analyst, [(from, to)]) == [kind]) }
        #expect(
            try kinds(
                analyst,
                [
                    (
                        "role_change, peers]",
                        "role_change, peers]\n    access: read_write\n    replicates: allow"
                    )
                ])
                == ["access_wider", "replicates_to"])
        #expect(
            try kinds(writer, [("access: read_write\n    replicates: allow", "access: read_only")])
                == ["access_narrower", "replicates_to"])
        #expect(try kinds(writer, [("    replicates: allow\n", "")]) == ["allowed_to_refused"])
        let nobody = #""authorization_details":null,"azp":null,"groups":["eu-new"]"#
        #expect(try kinds(nobody, [("[eu-analysts]", "[eu-analysts, eu-new]")]) == ["refused_to_allowed"])
        let robot = #""authorization_details":null,"azp":null,"groups":["us-analysts"]"#
        #expect(
            try kinds(robot, [("transit: [eu-west-1]", "transit: []")]) == ["allowed_to_refused"])
    }

    @Test("What was asked for counts: region, role, replication, and what the token leaves")
    func asked() throws {
        let narrower = try configuration([
            ("regions: [EU]\n    roles: [analyst]", "regions: [eu-west-1]\n    roles: [analyst]")
        ])
        var diff = PolicyDiff(from: try configuration(), to: narrower)
        diff.add(try login(analyst, session: "a", database: "orders@eu-west-1", regions: #""eu-west-1""#))
        #expect(diff.changed == 0)
        diff.add(
            try login(analyst, session: "b", database: "orders@eu-central-1", regions: #""eu-central-1""#))
        diff.add(try login(analyst, session: "c", role: "writer"))
        diff.add(try login(analyst, session: "d", replication: true))
        let narrowed =
            #""authorization_details":[{"type":"domicile","regions":["eu-west-1"]}],"azp":null,"groups":["eu-analysts"]"#
        diff.add(try login(narrowed, session: "e"))
        #expect(diff.decided == 5)
        #expect(diff.changes.map(\.example.session) == ["b"])
        #expect(
            diff.changes.map(\.change.old) == [
                "eu-analysts: analyst, read_only, [eu-central-1], forbids ddl, egress, peers, role_change"
            ])
        #expect(diff.changes.map(\.change.new) == ["refused by eu-analysts: region"])
    }

    @Test("A session whose record lacks a claim that the new policy looks at is undecidable, and says which")
    func undecidable() throws {
        let new = try configuration([
            ("who: { groups: [eu-analysts] }", "who: { groups: [eu-analysts], department: sales }")
        ])
        var diff = PolicyDiff(from: try configuration(), to: new)
        diff.add(try login(analyst, session: "a"))
        diff.add(try login(analyst, session: "b"))
        diff.add(try login(writer, session: "c"))
        #expect(diff.undecidable.map(\.lacking) == [["department"]])
        #expect(diff.undecidable.map(\.count) == [2])
        #expect(diff.undecidable.map(\.example.session) == ["a"])
        // The writers' groups do not meet the rule, whatever their department is.
        #expect(diff.decided == 1)
        #expect(diff.changed == 0)
    }

    @Test("A rule that only observes decides nothing again, whatever claims it looks at")
    func observing() throws {
        let rule = """
            rules:
              - name: strict
                mode: observe
                who: { groups: [eu-analysts], department: sales }
                databases: [orders]
                regions: [eu-west-1]
                roles: [analyst]

            """
        var diff = PolicyDiff(from: try configuration(), to: try configuration([("rules:\n", rule)]))
        diff.add(try login(analyst))
        #expect(diff.decided == 1)
        #expect(diff.changed == 0)
    }

    @Test("An older gateway's records are undecidable, a login without a principal is none of the policy's")
    func older() throws {
        var diff = PolicyDiff(from: try configuration(), to: try configuration())
        func record(_ text: String) throws -> RecordedLogin? {
            RecordedLogin(try #require(JSONValue(Array(text.utf8))), region: "eu-west-1")
        }
        let who = #""issuer":"https://id.example.com","subject":"anna""#
        let asked =
            #""asked":{"database":"orders","regions":[],"role":"auto","replication":false,"gateway_region":"eu-west-1"}"#
        diff.add(try record("{\(who)}"))
        diff.add(try record("{\(who),\(asked),\"claims_omitted\":true}"))
        diff.add(try record("{\(who),\(asked),\"claims\":{\"groups\":[]}}"))
        diff.add(try record("{\(asked)}"))
        let older = #""asked":{"database":"orders","regions":[],"role":"auto","replication":false}"#
        diff.add(try record("{\(who),\(older),\"claims\":{\"groups\":[]}}"))
        #expect(
            Set(diff.undecidable.map(\.lacking)) == [
                ["asked"], ["claims"], ["authorization_details"], ["gateway_region"],
            ])
        #expect(!diff.isUnchanged)
        #expect(diff.withoutPrincipal == 1)
        #expect(diff.decided == 0)
    }

    @Test("A session is decided as the gateway that it came to would: by that one's region")
    func anotherGateway() throws {
        let us = #""authorization_details":null,"azp":null,"groups":["us-analysts"]"#
        let new = try configuration([("    transit: [eu-west-1]\n", "")])
        var diff = PolicyDiff(from: try configuration(), to: new)
        diff.add(try login(us, session: "a", gateway: "us-east-1"))
        #expect(diff.decided == 1 && diff.isUnchanged)
        diff.add(try login(us, session: "b"))
        #expect(diff.changes.map(\.change.new) == ["refused by us-analysts: transit"])
    }

    @Test("A policy that takes another claim for the subject cannot decide by records of before")
    func anotherSubject() throws {
        let new = try configuration([
            ("audience: [domicile]", "audience: [domicile]\n    claims: { subject: email }")
        ])
        var diff = PolicyDiff(from: try configuration(), to: new)
        diff.add(try login(analyst))
        #expect(diff.undecidable.map(\.lacking) == [["subject"]])
    }

    @Test("A line that cannot be read leaves it unsure that nothing changes")
    func unreadable() throws {
        var diff = PolicyDiff(from: try configuration(), to: try configuration())
        diff.add(try login(analyst))
        #expect(diff.isUnchanged)
        diff.addUnreadable()
        #expect(!diff.isUnchanged)
    }

    @Test("A new policy without the issuer refuses its tokens")
    func issuer() throws {
        let new = try configuration([("issuer: https://id.example.com", "issuer: https://new.example.com")])
        var diff = PolicyDiff(from: try configuration(), to: new)
        diff.add(try login(analyst))
        #expect(diff.changes.map(\.change.new) == ["refused: token"])
    }

    @Test(
        "Where a name means another claim than it did when the session was recorded, the record does not say it"
    )
    func remapped() throws {
        let new = try configuration([
            ("audience: [domicile]", "audience: [domicile]\n    claims: { groups: grp }")
        ])
        var diff = PolicyDiff(from: try configuration(), to: new)
        diff.add(try login(analyst))
        #expect(diff.undecidable.map(\.lacking) == [["groups"]])
    }

    @Test("Changes beyond the limit are counted and not told apart, those within it go on")
    func limit() throws {
        let none = try configuration([("[eu-analysts]", "[x]"), ("[eu-writers]", "[y]")])
        var diff = PolicyDiff(from: try configuration(), to: none, groupLimit: 1)
        diff.add(try login(analyst, session: "a"))
        diff.add(try login(writer, session: "b"))
        diff.add(try login(analyst, session: "c"))
        #expect(diff.changes.map(\.count) == [2])
        #expect(diff.ungrouped == 1)
        #expect(diff.changed == 3)
    }
}
