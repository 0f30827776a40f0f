import Foundation
import GatewayConfiguration
import GatewayPolicy
import Testing

@Suite("What domicile init writes")
struct StarterTests {
    /// One region and one server, everything else by default.
    private static var one: StarterAnswers {
        var answers = StarterAnswers()
        answers.regions = [.init(name: "eu-west-1", jurisdiction: "EU")]
        answers.issuer = "https://id.example.com"
        answers.replicas = [.init(database: "orders", region: "eu-west-1", host: "db1.internal", port: 5_432)]
        return answers
    }

    /// Three regions in two jurisdictions, and a database that only one of them holds.
    private static var three: StarterAnswers {
        var answers = one
        answers.regions += [
            .init(name: "eu-central-1", jurisdiction: "EU"), .init(name: "us-east-1", jurisdiction: "US"),
        ]
        answers.replicas += [
            .init(database: "orders", region: "eu-central-1", host: "db2.internal", port: 5_433),
            .init(database: "orders", region: "us-east-1", host: "10.3.0.1", port: 5_432),
            .init(database: "payroll", region: "eu-west-1", host: "fd00::7", port: 5_432),
        ]
        return answers
    }

    private func read(_ answers: StarterAnswers) -> ConfigurationReading {
        ConfigurationFile.read(
            Array(StarterConfiguration(answers).text.utf8), file: "/etc/domicile/domicile.yaml",
            environment: [:], hostName: "gw", purpose: .policy)
    }

    @Test("One region: no mistake and no warning, password files, one rule for the group that may only read")
    func oneRegion() throws {
        let reading = read(StarterTests.one)
        #expect(reading.findings.map(\.message) == [])
        let configuration = try #require(reading.configuration)
        #expect(configuration.region == "eu-west-1")
        #expect(configuration.issuers.map(\.issuer) == ["https://id.example.com"])
        #expect(configuration.health.passwordFile == "/etc/domicile/secrets/health.password")
        #expect(configuration.audit.key == "/etc/domicile/audit.key")
        #expect(configuration.regions.map(\.audit) == ["/etc/domicile/audit/eu-west-1"])
        let rule = try #require(configuration.rules.first)
        #expect(configuration.rules.count == 1)
        #expect(rule.name == "executors")
        #expect(rule.access == .readOnly)
        #expect(rule.forbid == [.egress, .ddl, .roleChange, .peers])
        guard case .passwordFile(let file) = configuration.databases.first?.upstream.roles["analyst"] else {
            Issue.record("the role has no password file")
            return
        }
        #expect(file == "/etc/domicile/secrets/analyst.password")
    }

    @Test(
        "Three regions: minted certificates, a rule for each jurisdiction with its own group, transit where the gateway is elsewhere"
    )
    func threeRegions() throws {
        let reading = read(StarterTests.three)
        #expect(reading.findings.map(\.message) == [])
        let configuration = try #require(reading.configuration)
        #expect(configuration.databases.map(\.name) == ["orders", "payroll"])
        #expect(
            configuration.databases[0].replicas.map(\.name) == [
                "orders-eu-west-1", "orders-eu-central-1", "orders-us-east-1",
            ])
        #expect(configuration.databases[0].replicas.map(\.port) == [5_432, 5_433, 5_432])
        #expect(configuration.databases[1].replicas.map(\.host) == ["fd00::7"])
        #expect(configuration.rules.map(\.name) == ["executors-eu", "executors-us"])
        #expect(configuration.rules.map(\.regions) == [["EU"], ["US"]])
        #expect(configuration.rules.map(\.transit) == [[], ["eu-west-1"]])
        for database in configuration.databases {
            guard case .minted = database.upstream.roles["analyst"] else {
                Issue.record("\(database.name): the role's certificate is not minted")
                continue
            }
        }
    }

    @Test("The policy that is written answers: a member of eu is served in EU alone, nobody else at all")
    func policy() throws {
        let policy = Policy(try #require(read(StarterTests.three).configuration))
        func answer(_ groups: [String], _ database: String) -> String {
            let principal = Principal(
                issuer: "https://id.example.com", subject: "anna", planner: nil, task: nil, tokenID: nil,
                claims: ["groups": .array(groups.map { .string($0) })], mapped: ["groups": ["groups"]])
            do throws(PolicyRefusal) {
                let decision = try policy.decide(AccessRequest(principal: principal, database: database))
                return "\(decision.rule): \(decision.regions.joined(separator: " "))"
            } catch {
                return "refused"
            }
        }
        #expect(answer(["analysts-eu"], "orders") == "executors-eu: eu-west-1 eu-central-1")
        #expect(answer(["analysts-us"], "orders") == "executors-us: us-east-1")
        #expect(answer(["analysts-us"], "payroll") == "refused")
        #expect(answer(["analysts"], "orders") == "refused")
    }

    @Test(
        "Values that YAML or the shell would read otherwise stay what they are",
        arguments: [
            "no", "1e3", "0x10", "a: b", "#1", "it's", "say \"so\"", "back\\slash", "*", "grüße", "- x",
        ])
    func odd(value: String) throws {
        var answers = StarterTests.one
        answers.group = value
        answers.audience = value
        answers.operators = value
        let configuration = try #require(read(answers).configuration)
        #expect(configuration.issuers[0].audience == [value])
        #expect(configuration.operators.count == 1)
    }

    @Test("The same answers give the same bytes, and each line has at most 125 characters")
    func stable() {
        #expect(
            StarterConfiguration(StarterTests.three).text == StarterConfiguration(StarterTests.three).text)
        for line in StarterConfiguration(StarterTests.three).text.split(separator: "\n") {
            #expect(line.count <= 125, "\(line)")
        }
    }

    @Test(
        "A region is NAME=JURISDICTION, a server DATABASE@REGION=HOST[:PORT], IPv6 in brackets; anything else is none"
    )
    func forms() {
        #expect(StarterAnswers.Region("eu-west-1=EU") == .init(name: "eu-west-1", jurisdiction: "EU"))
        for text in ["eu-west-1", "=EU", "eu-west-1=", "a b=EU"] {
            #expect(StarterAnswers.Region(text) == nil)
        }
        func replica(_ text: String) -> String? {
            StarterAnswers.Replica(text).map { "\($0.database) \($0.region) \($0.host) \($0.port)" }
        }
        #expect(replica("orders@eu=db.internal") == "orders eu db.internal 5432")
        #expect(replica("orders@eu=db.internal:6000") == "orders eu db.internal 6000")
        #expect(replica("orders@eu=[fd00::7]:6000") == "orders eu fd00::7 6000")
        #expect(replica("orders@eu=[fd00::7]") == "orders eu fd00::7 5432")
        for text in ["orders=db", "orders@eu", "@eu=db", "orders@eu=", "orders@eu=db:0", "orders@eu=a b"] {
            #expect(replica(text) == nil, "\(text)")
        }
    }

    @Test("What is missing and what contradicts itself is said, all of it at once")
    func incomplete() {
        #expect(StarterAnswers().missing.count == 3)
        #expect(StarterTests.three.missing == [])
        #expect(StarterTests.three.contradictions == [])
        var answers = StarterTests.one
        answers.regions.append(answers.regions[0])
        answers.replicas.append(answers.replicas[0])
        answers.replicas.append(.init(database: "orders", region: "mars", host: "m", port: 1))
        #expect(
            answers.contradictions == [
                "region eu-west-1 is named twice", "orders@mars is in no region that is named",
                "orders@eu-west-1 is named twice",
            ])
    }

    @Test(
        "The SQL for the servers names each role, holds what servers keep of passwords and none of them, and quotes what must be"
    )
    func roles() {
        var answers = StarterTests.one
        answers.role = #"an"a'lyst"#
        #expect(
            StarterRoles.passwordFiles(answers) == [
                "secrets/health.password", #"secrets/an"a'lyst.password"#,
            ])
        let text = StarterRoles(
            answers, verifiers: ["secrets/health.password": "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5"]
        ).text
        #expect(text.contains(#"CREATE ROLE "an""a'lyst" LOGIN;"#))
        #expect(text.contains("rolname = 'an\"a''lyst'"))
        #expect(
            text.contains(#"ALTER ROLE "domicile_health" PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5';"#))
        // No verifier: the file's password is not what a server would make of it.
        #expect(text.contains(#"\password "an""a'lyst""#) && !text.contains("cat secrets"))
        #expect(text.contains("GRANT pg_monitor, pg_signal_backend TO domicile_health;"))
        #expect(!text.contains("ssl_ca_file"))
        let minted = StarterRoles(StarterTests.three, verifiers: [:]).text
        #expect(minted.contains("ssl_ca_file = 'role-ca.crt'") && !minted.contains("analyst.password"))
        #expect(StarterRoles.passwordFiles(StarterTests.three) == ["secrets/health.password"])
    }
}
