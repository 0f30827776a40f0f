import Foundation
import GatewayConfiguration
import GatewayPolicy
import Testing

@Suite("docs/configuration.md and docs/policy.md are true")
struct DocumentTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func document(_ name: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/\(name)"), encoding: .utf8)
    }

    private func yamlBlocks(_ text: String) -> [String] {
        text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
    }

    /// The regions and databases that the policy's examples are about.
    static let base = """
        region: eu-west-1
        listen: [ { unix: run/s } ]
        issuers: [ { issuer: "https://id.example.com", audience: [domicile] } ]
        regions:
          eu-west-1: { jurisdiction: EU }
          eu-central-1: { jurisdiction: EU }
          us-east-1: { jurisdiction: US }
        databases:
          orders:
            replicas:
              - { name: a, region: eu-west-1, kind: primary, host: 127.0.0.1 }
              - { name: b, region: eu-central-1, host: 127.0.0.2, attest: { cluster_name: b } }
              - { name: c, region: us-east-1, host: 127.0.0.3, attest: { cluster_name: c } }
            upstream: &upstream
              sslrootcert: upstream-ca.pem
              roles: { analyst: { trust: true }, reader: { trust: true }, writer: { trust: true } }
          orders_archive:
            replicas: [ { name: d, region: eu-west-1, kind: primary, host: 127.0.0.1 } ]
            upstream: *upstream

        """

    @Test("configuration.md ends with the tables of the reference")
    func reference() throws {
        #expect(try document("configuration.md").hasSuffix("list.\n\n" + ConfigurationReference.markdown))
    }

    @Test("configuration.md's example has no mistake, and the warning of its password")
    func example() throws {
        let example = try #require(yamlBlocks(try document("configuration.md")).first)
        let found = fixture.findings(example)
        #expect(!found.contains { $0.contains(" mistake ") }, "\(found)")
        #expect(found.count == 2, "\(found)")
    }

    @Test("Every example of policy.md is accepted")
    func policyExamples() throws {
        let blocks = yamlBlocks(try document("policy.md"))
        #expect(blocks.count == 4)
        for block in blocks {
            let found = fixture.findings(Self.base + block)
            #expect(!found.contains { $0.contains(" mistake ") }, "\(found)")
        }
    }

    @Test("policy.md's table of answers is what the policy answers")
    func policyAnswers() throws {
        let text = try document("policy.md")
        let rules = try #require(yamlBlocks(text).first)
        let configuration = try #require(fixture.read(Self.base + rules).configuration)
        let policy = Policy(configuration)
        let table = text.components(separatedBy: "| answer |\n|---|---|---|---|---|\n").last ?? ""
        let rows = table.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("|") }
        #expect(rows.count == 14)
        for row in rows {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            try #require(cells.count == 5)
            let name = try DatabaseName(parsing: cells[2])
            let groups = cells[0].split(separator: " ").map { ClaimValue.string(String($0)) }
            let principal = Principal(
                issuer: "https://id.example.com", subject: "exec-1", planner: cells[1], task: nil,
                tokenID: nil,
                claims: ["sub": .string("exec-1"), "azp": .string(cells[1]), "groups": .array(groups)],
                mapped: configuration.issuers[0].claims)
            let request = AccessRequest(
                principal: principal, database: name.database, regionsAsked: name.region.map { [$0] } ?? [],
                role: cells[3] == "auto" ? nil : cells[3])
            #expect(answer(policy, request) == cells[4], "\(row)")
        }
    }

    @Test("F-ID-12: no example puts a token where a list of processes or a shell's history shows it")
    func examplesHideTokens() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let docs = try FileManager.default.contentsOfDirectory(
            atPath: root.appendingPathComponent("docs").path)
        let names =
            ["README.md", "examples/docker/README.md"]
            + docs.filter { $0.hasSuffix(".md") }.map { "docs/\($0)" }
        #expect(names.count > 8)
        var seen = 0
        for name in names {
            let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
            for line in text.split(separator: "\n") {
                // A password in a URI: scheme://user:password@host.
                #expect(
                    line.firstMatch(of: /postgres(ql)?:\/\/[^\s\/@:]*:[^\s\/@]+@/) == nil, "\(name): \(line)")
                guard line.contains("psql ") else { continue }
                seen += 1
                #expect(!line.contains("password="), "\(name): \(line)")
            }
        }
        #expect(seen > 3)
    }

    private func answer(_ policy: Policy, _ request: AccessRequest) -> String {
        do throws(PolicyRefusal) {
            let decision = try policy.decide(request)
            let regions = decision.regions.joined(separator: " ")
            return "\(decision.rule): \(decision.role), \(decision.access.rawValue), \(regions)"
        } catch {
            switch error {
            case .unknownDatabase: return "refused: no such database"
            case .noRule: return "refused: no rule"
            case .role: return "refused: role"
            case .region: return "refused: region"
            case .transit: return "refused: transit"
            case .replicates: return "refused: replicates"
            case .replication: return "refused: replication"
            case .narrowed: return "refused: token"
            }
        }
    }
}
