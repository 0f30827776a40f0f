import Foundation
import GatewayExplanation
import GatewayPolicy
import Testing

/// `--statement`: the guard's verdict for the decided rule, with everything that was found.
@Suite struct StatementTests {
    private func judge(
        _ statement: String, group: String = "eu-analysts", replication: Bool = false,
        details: ClaimValue? = nil, on ground: FixedGround? = nil
    ) async throws -> StatementReport {
        var claims: [String: ClaimValue] = [
            "iss": .string("https://id.example.com"), "sub": .string("exec-1"),
            "groups": .array([.string(group)]),
        ]
        claims["authorization_details"] = details
        let report = try await Explanation.explain(
            ExplanationQuestion(
                identity: .claims(claims, source: "c"), database: "orders", replication: replication,
                statement: statement), on: ground ?? FixedGround())
        #expect(report.isWhollyAllowed == report.statement?.allowed)
        return try #require(report.statement)
    }

    @Test("What nothing speaks against is allowed, by the catalogue of the selected replica")
    func allowed() async throws {
        let report = try await judge("SELECT count(*) FROM customers")
        #expect(report.allowed && report.refusal == nil && report.findings.isEmpty)
        #expect(report.statements == ["SELECT"] && report.classes == [])
        #expect(report.forbid == ["ddl", "egress"] && report.tokenForbid == [])
        #expect(report.access == "read_only" && report.temporary == "allow")
        #expect(report.catalog.read && report.catalog.replica == "eu-a" && report.catalog.relations == 3)
        #expect(report.catalog.ageSeconds == 2)
    }

    @Test("Each thing that speaks against it is told with its classes, and what an executor would see")
    func refused() async throws {
        let report = try await judge(
            "SELECT * FROM far; CREATE TABLE t (a int); SELECT pg_terminate_backend(1) FROM pg_stat_activity")
        #expect(report.statements == ["SELECT", "CREATE TABLE", "SELECT"])
        #expect(report.classes == ["egress", "ddl", "peers"])
        let refused = report.findings.filter(\.refused)
        #expect(
            refused.map(\.reason) == [
                "CREATE TABLE changes the schema", "public.far is a foreign table",
                "pg_terminate_backend signals other sessions",
            ])
        #expect(refused.map(\.classes) == [["ddl"], ["egress"], ["peers", "every_session"]])
        // The rule does not forbid peers: told, and not held against it.
        #expect(
            report.findings.filter { !$0.refused }.map(\.reason) == ["pg_stat_activity shows other sessions"])
        #expect(report.refusal?.sqlstate == "42501")
        #expect(report.refusal?.message == "statement is not allowed")
        #expect(
            report.refusal?.detail
                == "Rule \"analysts\" forbids it: CREATE TABLE changes the schema; public.far is a foreign table; "
                + "pg_terminate_backend signals other sessions.")
    }

    @Test("An executor is told eight reasons, explain all of them, the refused ones first, up to its limit")
    func manyReasons() async throws {
        let names = (1...12).map { "lost_\($0)" }
        let sql = "SELECT 1 FROM pg_stat_activity, " + names.joined(separator: ", ")
        let report = try await judge(sql)
        let expected = names.map { "the relation \($0) is not in the catalogue that was read last" }
        #expect(report.findings.filter(\.refused).map(\.reason) == expected)
        #expect(report.findings.count == 13 && report.findings.last?.refused == false)
        #expect(report.findingsLeftOut == 0)
        #expect(report.refusal?.detail.contains("lost_8 is") == true)
        #expect(report.refusal?.detail.contains("lost_9 is") == false)
        let more = (1...201).map { "lost_\($0)" }.joined(separator: ", ")
        let cut = try await judge("SELECT 1 FROM \(more)")
        #expect(cut.findings.count == 200 && cut.findingsLeftOut == 1)
    }

    @Test("What the token forbids beyond the rule is told apart")
    func tokenForbids() async throws {
        let details = ClaimValue.array([
            .object(["type": .string("domicile"), "forbid": .array([.string("peers"), .string("ddl")])])
        ])
        let report = try await judge("SELECT * FROM pg_stat_activity", details: details)
        #expect(report.forbid == ["ddl", "egress"] && report.tokenForbid == ["peers"])
        #expect(!report.allowed && report.findings.map(\.refused) == [true])
    }

    @Test("What cannot be read is refused as in a session: 42601, 54001, 54000")
    func unreadable() async throws {
        let unknown = try await judge("SELEC 1")
        #expect(unknown.refusal?.sqlstate == "42601" && !unknown.allowed)
        let deep = String(repeating: "1+", count: 3_000)
        #expect(try await judge("SELECT \(deep)1").refusal?.sqlstate == "54001")
        let long = "SELECT '" + String(repeating: "a", count: 64 << 10) + "'"
        #expect(try await judge(long).refusal?.sqlstate == "54000")
    }

    @Test(
        "Where nothing is forbidden the replica's grammar decides, and what is refused to everybody still is")
    func free() async throws {
        let unknown = try await judge("SELEC 1", group: "eu-writers")
        #expect(unknown.allowed && unknown.note?.contains("grammar") == true)
        let role = try await judge("DROP ROLE analyst", group: "eu-writers")
        #expect(!role.allowed)
        #expect(
            role.findings.filter(\.refused).map(\.reason) == [
                "the role analyst is handed out by the gateway"
            ])
        #expect(try await judge("DROP TABLE customers", group: "eu-writers").allowed)
    }

    @Test("Without a catalogue the verdict says so")
    func noCatalog() async throws {
        var ground = try FixedGround()
        ground.catalog = nil
        let report = try await judge("SELECT * FROM customers", on: ground)
        #expect(!report.catalog.read && report.catalog.failure == "not read yet" && !report.allowed)
        ground.statuses = [:]
        let nowhere = try await Explanation.explain(
            ExplanationQuestion(
                identity: .token(Array("good".utf8)), database: "orders", statement: "SELECT 1"),
            on: ground)
        #expect(nowhere.refusal?.sqlstate == "08001")
        #expect(nowhere.statement?.catalog.failure == "no replica is selected")
        #expect(nowhere.text.contains("no catalogue (no replica is selected)"))
    }

    @Test("Commands of the replication protocol are not judged, and SQL beside them is")
    func replication() async throws {
        let command = try await judge("IDENTIFY_SYSTEM", group: "eu-writers", replication: true)
        #expect(command.allowed && command.note?.contains("replication") == true)
        let sql = try await judge("DROP ROLE writer", group: "eu-writers", replication: true)
        #expect(!sql.allowed)
    }

    @Test("As text: the verdict, each finding, the catalogue, the error")
    func text() async throws {
        let lines = try await Explanation.explain(
            ExplanationQuestion(
                identity: .token(Array("good".utf8)), database: "orders",
                statement: "SELECT * FROM far, pg_stat_activity"), on: FixedGround()
        ).text.split(separator: "\n").suffix(7)
        #expect(
            lines.joined(separator: "\n") == """
                statement refused (SELECT): egress, peers
                          no  public.far is a foreign table [egress]
                          yes pg_stat_activity shows other sessions [peers]
                          names looked up in the catalogue of eu-a, confirmed 2.0 s ago
                statement refused: 42501 statement is not allowed
                          Rule "analysts" forbids it: public.far is a foreign table.
                          Leave it out, or ask the operator for a rule that allows it.
                """)
    }

    @Test("A rule that only observes is told with what it would refuse, and nothing rests on it")
    func observed() async throws {
        let candidate = """
            rules:
              - name: stricter
                mode: observe
                who: { groups: [eu-analysts] }
                databases: [orders]
                regions: [EU]
                roles: [analyst]
                forbid: [peers]

            """
        let ground = try FixedGround { $0.replacingOccurrences(of: "rules:\n", with: candidate) }
        func explain(_ statement: String, user: String? = nil) async throws -> ExplanationReport {
            try await Explanation.explain(
                ExplanationQuestion(
                    identity: .token(Array("good".utf8)), database: "orders", user: user,
                    statement: statement), on: ground)
        }
        let report = try await explain("SELECT * FROM pg_stat_activity")
        #expect(report.isWhollyAllowed && report.statement?.allowed == true)
        #expect(report.rules?.map(\.verdict) == ["observed", "matched", "not_reached"])
        #expect(report.observed?.rule == "stricter" && report.observed?.allowed == true)
        #expect(report.observed?.statementReasons == ["pg_stat_activity shows other sessions"])
        #expect(report.text.contains("observed  rule stricter would allow\n"))
        #expect(
            report.text.hasSuffix(
                "observed  rule stricter would refuse the statement: pg_stat_activity shows other sessions"))
        #expect(try await explain("SELECT 1").observed?.statementReasons == nil)
    }
}
