import Foundation
import Testing

/// `mode: observe` on a gateway of the test's own.
@Suite(.serialized)
struct ObservedRuleTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// A copy of a rule in front of it, with another name, that only observes.
    private static func observing(_ rule: String, _ text: String, changed: (from: String, to: String))
        -> String
    {
        let begin = "  - name: \(rule)\n"
        guard let start = text.range(of: begin),
            let end = text.range(of: "  - name: ", range: start.upperBound..<text.endIndex)
        else { return text }
        let body = text[start.upperBound..<end.lowerBound]
            .replacingOccurrences(of: changed.from, with: changed.to)
        return text.replacingOccurrences(
            of: begin, with: "  - name: candidate\n    mode: observe\n" + body + begin)
    }

    @Test(
        "What a rule that observes would forbid runs, and its record says who would have refused it and why")
    func statements() throws {
        let own = try OwnGateway(
            testbed,
            edit: { text in
                Self.observing(
                    "eu-writers", text,
                    changed: (from: "    access: read_write", to: "    access: read_write\n    forbid: [ddl]")
                )
            })
        defer { own.remove() }
        // What names mean is known once the catalogue was read.
        try own.testbed.eventually("the catalogue is read") {
            let up =
                "domicile_replica_catalog_up{database=\"scratch\",replica=\"scratch-eu-a\",region=\"eu-west-1\"}"
            return try own.testbed.metric(up) == 1
        }
        let (application, table) = (Testbed.unique("observed"), Testbed.unique("observed"))
        // Deeper than what is judged: an enforced rule would refuse it.
        let deep =
            "select " + String(repeating: "abs(", count: 2_500) + "1" + String(repeating: ")", count: 2_500)
        let run = try own.testbed.psqlCommands(
            [
                "create table \(table) (a int)", "select count(*) from \(table)", "drop table \(table)",
                "selec 1", deep,
            ],
            user: "writer", database: "scratch", token: testbed.token(.euWriter), application: application)
        #expect(run.text.contains("0"), "\(run.error)")
        #expect(run.error.contains("syntax error"))
        #expect(!run.error.contains("42501"), "\(run.error)")
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let queries = log.records(of: sessions, "query")
        let observed = queries.map { ($0.keys["verdict"] as? [String: Any])?["observed"] as? [String: Any] }
        #expect(observed.map { $0 != nil } == [true, false, true, true, true], "\(queries.map(\.line))")
        let verdict = try #require(queries.first?.keys["verdict"] as? [String: Any])
        #expect(verdict["allowed"] as? Bool == true)
        #expect(verdict["classes"] as? [String] == ["ddl"])
        #expect(observed.first??["rule"] as? String == "candidate")
        #expect(observed.first??["allowed"] as? Bool == false)
        #expect((observed.first??["reasons"] as? [String])?.first?.contains("CREATE TABLE") == true)
        let start = try #require(log.records(of: sessions, "session.start").first)
        #expect(start.keys["rule"] as? String == "eu-writers")
        let decision = try #require(start.keys["decision"] as? [String: Any])
        let wouldBe = try #require(decision["observed"] as? [String: Any])
        #expect(wouldBe["rule"] as? String == "candidate")
        #expect(wouldBe["allowed"] as? Bool == true)
        #expect(wouldBe["forbid"] as? [String] == ["ddl"])
    }

    @Test(
        "A session that such a rule would refuse is served, and one that it would allow is not let in by it")
    func sessions() throws {
        let own = try OwnGateway(
            testbed,
            edit: { text in
                Self.observing(
                    "eu-analysts", text, changed: (from: "    regions: [EU]", to: "    regions: [us-east-1]"))
            })
        defer { own.remove() }
        let application = Testbed.unique("observed")
        let run = try own.testbed.psql("show cluster_name", extra: ["PGAPPNAME": application])
        #expect(run.text == "orders-eu-a", "\(run.error)")
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-west-1")
        let start = try #require(log.records(of: sessions, "session.start").first)
        let wouldBe = try #require(
            (start.keys["decision"] as? [String: Any])?["observed"] as? [String: Any])
        #expect(wouldBe["allowed"] as? Bool == false)
        #expect(wouldBe["sqlstate"] as? String == "42501")
        try own.reload { text in
            let changed = Self.observing("eu-analysts", text, changed: (from: "", to: ""))
            return OwnGateway.without(rule: "eu-analysts", changed)
        }
        try own.testbed.eventually("the rule is gone") {
            try own.testbed.metric("domicile_config_reloads_total") == 1
        }
        let unwanted = Testbed.unique("observed")
        let refused = try own.testbed.psql("select 1", extra: ["PGAPPNAME": unwanted])
        #expect(refused.status == 2)
        let record = try #require(try own.testbed.refusal(unwanted))
        #expect(record.sqlstate == "42501")
        let allowed = try #require(
            (record.keys["decision"] as? [String: Any])?["observed"] as? [String: Any])
        #expect(allowed["allowed"] as? Bool == true)
        #expect(allowed["regions"] as? [String] == ["eu-west-1", "eu-central-1"])
    }
}
