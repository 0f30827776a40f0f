import GatewayPolicy
import Seeded
import Testing

/// The index must find the rule that asking each in turn finds. `explain` asks each in turn.
@Suite("Finding the rule that decides")
struct RuleIndexTests {
    private static let pieces = ["a", "ab", "b", "abc", "*", "?", "/", "x", "é"]
    private static let claims = ["groups", "planner", "deep.er", "n"]

    private static func text(_ random: inout SeededGenerator) -> String {
        (0..<(1 + random.next(below: 4))).map { _ in pieces[random.next(below: pieces.count)] }.joined()
    }

    /// As a token has it: without wildcards more often than not.
    private static func value(_ random: inout SeededGenerator) -> ClaimValue {
        switch random.next(below: 8) {
        case 0: .integer(Int64(random.next(below: 3)))
        case 1: .bool(random.next(below: 2) == 0)
        case 2: .null
        case 3: .object(["er": .string(text(&random))])
        default: .string(text(&random).filter { $0 != "*" && $0 != "?" })
        }
    }

    private static func condition(_ random: inout SeededGenerator, depth: Int = 0) -> Condition {
        let conditions = { (random: inout SeededGenerator) in
            (0..<random.next(below: 4)).map { _ in condition(&random, depth: depth + 1) }
        }
        switch depth < 3 ? random.next(below: 5) : 0 {
        case 1: return .all(conditions(&random))
        case 2: return .any(conditions(&random))
        default:
            let patterns = (0..<random.next(below: 4)).map { _ in
                Pattern(
                    random.next(below: 9) == 0 ? ["0", "1", "true"][random.next(below: 3)] : text(&random))
            }
            return .claim(name: claims[random.next(below: claims.count)], patterns: patterns)
        }
    }

    private static func principal(_ random: inout SeededGenerator) -> Principal {
        var found: [String: ClaimValue] = [:]
        for name in ["groups", "planner", "deep", "n"] where random.next(below: 5) != 0 {
            found[name] =
                random.next(below: 2) == 0
                ? value(&random) : .array((0..<random.next(below: 6)).map { _ in value(&random) })
        }
        return Principal(
            issuer: "i", subject: "s", planner: nil, task: nil, tokenID: nil, claims: found, mapped: [:])
    }

    @Test("The rule that decides is the one that asking rule by rule finds")
    func sameAsInTurn() {
        var random = SeededGenerator(seed: 2_026)
        var decided = 0
        for _ in 0..<3_000 {
            let rules = (0..<(1 + random.next(below: 12))).map { number in
                Rule(
                    name: "rule-\(number)", who: Self.condition(&random),
                    databases: [Pattern(["d0", "d1", "d*"][random.next(below: 3)])], regions: ["r"],
                    roles: ["x"], access: .readOnly)
            }
            let policy = Policy(
                rules: rules, regions: [PolicyRegion(name: "r", jurisdiction: "J")],
                databases: [
                    PolicyDatabase(name: "d0", replicaRegions: ["r"]),
                    PolicyDatabase(name: "d1", replicaRegions: ["r"]),
                ], gatewayRegion: "r")
            for _ in 0..<4 {
                let request = AccessRequest(
                    principal: Self.principal(&random), database: ["d0", "d1"][random.next(below: 2)])
                let inTurn = policy.explain(request).rules.first { $0.verdict == .matched }?.name
                let found: String?
                do throws(PolicyRefusal) {
                    found = try policy.decide(request).rule
                } catch {
                    found = error.rule
                }
                #expect(found == inTurn, "\(rules.map(\.who)) for \(request.principal.claims)")
                if inTurn != nil { decided += 1 }
            }
        }
        // Neither all nor none: else it would show little.
        #expect(decided > 2_000 && decided < 11_000, "\(decided) of 12,000 decided")
    }

    @Test(
        "Each shape of pattern is found by the values that it fits and by no others",
        arguments: [
            ("team-a", "team-a", true), ("team-a", "team-ab", false), ("team-*", "team-", true),
            ("team-*", "team", false), ("*-admin", "eu-admin", true), ("*-admin", "eu-admins", false),
            ("eu-*-admin", "eu-x-admin", true), ("eu-*-admin", "eu-admin", false), ("*x*", "axb", true),
            ("*x*", "ab", false), ("*", "", true), ("?", "", false), ("*", "a/b", false), ("", "", true),
        ])
    func shapes(pattern: String, value: String, fits: Bool) {
        let policy = PolicyTests.policy([
            Rule(
                name: "one", who: .claim(name: "groups", patterns: [Pattern(pattern)]),
                databases: [Pattern("orders")], regions: ["EU"], roles: ["analyst"], access: .readOnly)
        ])
        let decision = try? policy.decide(
            AccessRequest(principal: PolicyTests.principal(value), database: "orders"))
        #expect((decision != nil) == fits)
    }
}
