import Foundation
import GatewayExplanation
import GatewayPolicy
import GatewayRouting
import Testing

@Suite struct ExplanationTests {
    private func claims(_ group: String, _ more: [String: ClaimValue] = [:]) -> ExplanationQuestion.Identity {
        var claims: [String: ClaimValue] = [
            "iss": .string("https://id.example.com"), "sub": .string("exec-1"),
            "groups": .array([.string(group)]),
        ]
        claims.merge(more) { $1 }
        return .claims(claims, source: "claims.json")
    }

    private func explain(
        _ identity: ExplanationQuestion.Identity, _ database: String = "orders", user: String? = nil,
        region: String? = nil, replication: Bool = false, on ground: FixedGround? = nil
    ) async throws -> ExplanationReport {
        try await Explanation.explain(
            ExplanationQuestion(
                identity: identity, database: database, user: user, region: region, replication: replication),
            on: ground ?? FixedGround())
    }

    @Test("The whole text of a login that is allowed: rules, conditions, checks, decision, each replica")
    func allowedText() async throws {
        let report = try await explain(.token(Array("good".utf8)), "orders@eu-west-1")
        #expect(report.isWhollyAllowed)
        let expected = """
            source    /etc/domicile.yaml, policy \(report.digest.prefix(12)), and probes from here (--from-file)
            identity  exec-1 of https://id.example.com (token verified)
            request   database orders, role auto, region eu-west-1
            rule      analysts (line 27): matched
                      yes database in [orders]
                      yes groups in [eu-analysts]
            rule      writers (line 33): not reached
            check     yes role: asked auto, allowed [analyst]
            check     yes region: asked [eu-west-1], allowed [eu-west-1, eu-central-1]
            check     yes transit: gateway in eu-west-1, allowed [eu-west-1, eu-central-1], transit []
            check     yes replicates: access read_only, replicas in [eu-west-1, eu-central-1, us-east-1], replicates refuse
            check     yes replication: not asked for, rule says refuse
            check     yes token: the token narrows nothing
            decision  allowed by rule analysts: role analyst, read_only, regions eu-west-1
                      forbidden: ddl, egress
            replica   eu-a in eu-west-1, selected (primary, round trip 0.41 ms, sessions 3)
            replica   eu-b in eu-central-1, passed over: region eu-central-1 is not allowed here (standby, lag 0.0 s, round trip 0.41 ms)
            replica   us-a in us-east-1, passed over: region us-east-1 is not allowed here (standby, lag 0.0 s, round trip 0.41 ms)
            """
        let lines = report.text.split(separator: "\n")
        for (line, wanted) in zip(lines, expected.split(separator: "\n")) { #expect(line == wanted) }
        #expect(lines.count == expected.split(separator: "\n").count)
    }

    @Test("A refusal names the condition and the check that failed, and asks no replica")
    func refused() async throws {
        let nobody = try await explain(claims("ops"))
        #expect(!nobody.allowed && nobody.refusal?.sqlstate == "42501" && nobody.replicas?.isEmpty == true)
        #expect(nobody.rules?.map(\.verdict) == ["passed_over", "passed_over"])
        #expect(nobody.text.contains("          no  groups in [eu-analysts]"))
        #expect(nobody.text.contains("(not verified: claims from claims.json)"))
        let role = try await explain(claims("eu-analysts"), user: "writer")
        #expect(role.checks?.first { !$0.held }?.name == "role")
        #expect(role.refusal?.message == "role \"writer\" is not allowed")
        let region = try await explain(claims("eu-analysts"), region: "us-east-1")
        #expect(region.text.contains("check     no  region: asked [us-east-1]"))
        #expect(region.text.contains("decision  refused: 42501 region is not allowed"))
        let unknown = try await explain(claims("eu-analysts"), "payroll")
        #expect(unknown.refusal?.sqlstate == "3D000")
        #expect(unknown.rules?.map(\.verdict) == ["not_reached", "not_reached"])
    }

    @Test("A rule that only observes is told with what it would answer, beside the decision")
    func observed() async throws {
        let ground = try FixedGround { text in
            text.replacingOccurrences(
                of: "rules:\n",
                with: "rules:\n  - { name: candidate, mode: observe, who: { groups: [eu-analysts] }, "
                    + "databases: [orders], regions: [us-east-1], roles: [analyst] }\n")
        }
        let report = try await explain(claims("eu-analysts"), on: ground)
        #expect(report.rules?.map(\.verdict) == ["observed", "matched", "not_reached"])
        #expect(report.allowed && report.decision?.rule == "analysts")
        #expect(report.observed?.rule == "candidate" && report.observed?.refusal?.sqlstate == "42501")
        #expect(report.text.contains("observed  rule candidate would refuse: 42501"))
        #expect(try await explain(claims("eu-analysts")).observed == nil)
    }

    @Test("Where the policy allows and no replica can serve, the executor would get 08001 with each reason")
    func noReplica() async throws {
        var ground = try FixedGround()
        ground.statuses[FixedGround.id("eu-a")] = FixedGround.down(.loginTimeout)
        ground.statuses[FixedGround.id("eu-b")] = FixedGround.down(.connectTimeout)
        let report = try await explain(claims("eu-analysts"), on: ground)
        #expect(report.allowed && !report.isWhollyAllowed)
        #expect(report.refusal?.sqlstate == "08001")
        #expect(report.replicas?.map(\.outcome) == [.passedOver, .passedOver, .passedOver])
        #expect(report.replicas?.map(\.failure) == ["login_timeout", "connect_timeout", nil])
        let detail = report.refusal?.detail ?? ""
        #expect(detail.contains("eu-a: unhealthy: connected, and no login within the timeout"), "\(detail)")
        #expect(report.text.contains("replica   eu-b in eu-central-1, passed over: unhealthy: nothing took"))
    }

    @Test("A token that is refused ends before the policy is asked, as at a login")
    func refusedToken() async throws {
        let report = try await explain(.token(Array("bad".utf8)))
        #expect(report.refusal?.sqlstate == "28P01" && report.cause == "token refused: the cause")
        #expect(!report.allowed && report.identity == nil && report.rules == nil && report.replicas == nil)
        #expect(report.text.contains("decision  refused: 28P01 "))
        // Claims that a token could not have.
        let details = ClaimValue.array([.object(["type": .string("domicile"), "region": .string("x")])])
        let claimed = try await explain(claims("eu-analysts", ["authorization_details": details]))
        #expect(claimed.refusal?.sqlstate == "28P01")
        let name = try await explain(claims("eu-analysts"), "orders@a@b")
        #expect(name.refusal != nil && name.rules == nil)
    }

    @Test(
        "Claims of which no principal can be made are a wrong question, not a refused login",
        arguments: [
            ["sub": ClaimValue.string("x")], ["iss": .string("https://other.example"), "sub": .string("x")],
            ["iss": .string("https://id.example.com")],
            ["iss": .string("https://id.example.com"), "sub": .string("")],
            ["iss": .integer(1), "sub": .string("x")],
        ])
    func wrongClaims(claims: [String: ClaimValue]) async throws {
        let ground = try FixedGround()
        do throws(ExplanationFailure) {
            _ = try await Explanation.explain(
                ExplanationQuestion(identity: .claims(claims, source: "c.json"), database: "orders"),
                on: ground)
            Issue.record("it was explained")
        } catch {
            guard case .question(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.hasPrefix("c.json: "))
        }
    }

    @Test("The JSON keeps its keys, and text made of it after a journey is the same text")
    func json() async throws {
        let report = try await explain(claims("eu-analysts"))
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(report)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        for key in [
            "configuration", "digest", "identity", "request", "rules", "checks", "allowed", "decision",
            "replicas",
        ] {
            #expect(object[key] != nil, "\(key)")
        }
        let rule = try #require((object["rules"] as? [[String: Any]])?.first)
        #expect(
            Set(rule.keys) == ["name", "line", "verdict", "databases", "database_held", "who"], "\(rule)")
        let replica = try #require((object["replicas"] as? [[String: Any]])?.last)
        #expect(replica["outcome"] as? String == "passed_over")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(ExplanationReport.self, from: data).text == report.text)
        #expect(!String(decoding: data, as: UTF8.self).contains("eu-analysts\",\"ops"))
    }

    @Test("What the issuer or the executor chose is no order to a terminal")
    func printable() async throws {
        let report = try await explain(
            claims("eu-analysts", ["sub": .string("a\u{1b}[2J\u{202e}b\nrule")]), "orders")
        #expect(report.text.contains(#"identity  a\u{1b}[2J\u{202e}b\u{a}rule of"#), "\(report.text)")
    }

    @Test("A running gateway is named, and said when its configuration is not the file's")
    func source() async throws {
        var report = try await explain(claims("eu-analysts"))
        report.source = ExplanationReport.Source(kind: .gateway, gateway: "gw-1")
        report.source.fileDigest = report.digest
        report.source.isFile = true
        let first = "source    the running gateway gw-1, policy \(report.digest.prefix(12))"
        #expect(report.text.hasPrefix(first + "\nidentity"))
        report.source.fileDigest = String(repeating: "ab", count: 32)
        report.source.isFile = false
        #expect(
            report.text.hasPrefix(
                first
                    + "\n          not the file's, which is abababababab: it is not reloaded, or another gateway's"
            ))
    }
}
