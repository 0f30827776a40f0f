import GatewayPolicy
import Seeded
import Testing

/// Random rules, and what becomes of a decision when something is taken from them.
@Suite("Taking something from a rule or asking for less")
struct PolicyNarrowingTests {
    private static let names = ["r0", "r1", "r2", "r3"]
    private static let regions = [
        PolicyRegion(name: "r0", jurisdiction: "J0"), PolicyRegion(name: "r1", jurisdiction: "J0"),
        PolicyRegion(name: "r2", jurisdiction: "J1"), PolicyRegion(name: "r3", jurisdiction: "J1"),
    ]
    private static let claimed = ["a", "b", "c"]

    private static func some(_ all: [String], _ random: inout SeededGenerator) -> [String] {
        all.filter { _ in random.next(below: 2) == 0 }
    }

    private static func condition(_ random: inout SeededGenerator, depth: Int = 0) -> Condition {
        switch depth < 2 ? random.next(below: 4) : 0 {
        case 1: return .all((0..<random.next(below: 3)).map { _ in condition(&random, depth: depth + 1) })
        case 2: return .any((0..<random.next(below: 3)).map { _ in condition(&random, depth: depth + 1) })
        default: return .claim(name: "groups", patterns: some(claimed + ["*"], &random).map { Pattern($0) })
        }
    }

    private static func rule(_ random: inout SeededGenerator) -> Rule {
        let places = names + ["J0", "J1"]
        return Rule(
            name: "rule", who: condition(&random),
            databases: some(["d0", "d1", "d*"], &random).map { Pattern($0) },
            regions: some(places, &random), roles: some(["x", "y"], &random),
            access: random.next(below: 2) == 0 ? .readOnly : .readWrite, transit: some(places, &random),
            replicates: random.next(below: 2) == 0, replication: random.next(below: 2) == 0)
    }

    private static func request(_ random: inout SeededGenerator) -> AccessRequest {
        let principal = Principal(
            issuer: "i", subject: "s", planner: nil, task: nil, tokenID: nil,
            claims: ["groups": .array(some(claimed, &random).map { .string($0) })], mapped: [:])
        let asked = random.next(below: 3) == 0 ? [["r0", "r2", "J0", "J1", "no"][random.next(below: 5)]] : []
        return AccessRequest(
            principal: principal, database: ["d0", "d1"][random.next(below: 2)], regionsAsked: asked,
            role: [nil, "x", "y"][random.next(below: 3)], replication: random.next(below: 4) == 0)
    }

    private static func policy(_ rules: [Rule]) -> Policy {
        let databases = [
            PolicyDatabase(name: "d0", replicaRegions: ["r0"]),
            PolicyDatabase(name: "d1", replicaRegions: ["r0", "r1", "r3"]),
        ]
        return Policy(rules: rules, regions: regions, databases: databases, gatewayRegion: "r0")
    }

    private static func without<Element>(_ list: [Element], _ random: inout SeededGenerator) -> [Element] {
        guard !list.isEmpty else { return list }
        var shorter = list
        shorter.remove(at: random.next(below: list.count))
        return shorter
    }

    /// The condition with one alternative less: a pattern, or a branch of an `any`; or emptied.
    private static func narrowed(_ condition: Condition, _ random: inout SeededGenerator) -> Condition {
        switch condition {
        case .claim(let name, let patterns): return .claim(name: name, patterns: without(patterns, &random))
        case .any(let branches): return .any(without(branches, &random))
        case .all(let parts):
            guard !parts.isEmpty, random.next(below: 2) == 0 else { return .all([]) }
            let index = random.next(below: parts.count)
            return .all(
                parts.enumerated().map { $0.offset == index ? narrowed($0.element, &random) : $0.element })
        }
    }

    private static func narrowed(_ rule: Rule, _ random: inout SeededGenerator) -> Rule {
        var rule = rule
        switch random.next(below: 7) {
        case 0: rule.who = narrowed(rule.who, &random)
        case 1: rule.databases = without(rule.databases, &random)
        case 2: rule.regions = without(rule.regions, &random)
        case 3: rule.roles = without(rule.roles, &random)
        case 4: rule.transit = without(rule.transit, &random)
        case 5: rule.replicates = false
        default: rule.replication = false
        }
        return rule
    }

    private static func decision(_ rules: [Rule], _ request: AccessRequest) -> Decision? {
        try? policy(rules).decide(request)
    }

    @Test("F-POL-18: a rule with something taken away allows nothing that it did not allow before")
    func takingAway() {
        var random = SeededGenerator(seed: 4_711)
        var allowed = 0
        for round in 0..<12_000 {
            let rule = Self.rule(&random)
            let request = Self.request(&random)
            guard let after = Self.decision([Self.narrowed(rule, &random)], request) else { continue }
            allowed += 1
            guard let before = Self.decision([rule], request) else {
                Issue.record("round \(round): refused before, allowed after: \(rule)")
                return
            }
            #expect(Set(after.regions).isSubset(of: before.regions), "round \(round)")
            #expect(rule.roles.contains(after.role))
            #expect(after.access == before.access)
        }
        #expect(allowed > 300)
    }

    @Test("F-POL-18: asking for a region allows nothing that was not allowed without it")
    func askingForLess() {
        var random = SeededGenerator(seed: 42)
        var allowed = 0
        for round in 0..<12_000 {
            let rules = (0..<3).map { _ in Self.rule(&random) }
            let request = Self.request(&random)
            var narrower = request
            narrower.regionsAsked.append(["r0", "r1", "r3", "J0", "J1", "no"][random.next(below: 6)])
            guard let after = Self.decision(rules, narrower) else { continue }
            allowed += 1
            guard let before = Self.decision(rules, request) else {
                Issue.record("round \(round): refused before, allowed after")
                return
            }
            #expect(Set(after.regions).isSubset(of: before.regions), "round \(round)")
            #expect(after.role == before.role && after.rule == before.rule)
        }
        #expect(allowed > 300)
    }

    private static func narrowing(_ random: inout SeededGenerator) -> Narrowing {
        func maybe<Value>(_ value: Value) -> Value? { random.next(below: 2) == 0 ? value : nil }
        return Narrowing(
            databases: maybe(some(["d0", "d1", "d*"], &random).map { Pattern($0) }),
            regions: maybe(some(names + ["J0", "J1", "no"], &random)),
            roles: maybe(some(["x", "y", "z"], &random)),
            access: maybe(random.next(below: 2) == 0 ? .readOnly : .readWrite))
    }

    @Test("F-POL-18: a token that narrows itself is allowed nothing that it was not allowed without")
    func narrowingTokens() {
        var random = SeededGenerator(seed: 9_396)
        var allowed = 0
        for round in 0..<12_000 {
            let rules = (0..<3).map { _ in Self.rule(&random) }
            let request = Self.request(&random)
            let entries = (0...random.next(below: 3)).map { _ in Self.narrowing(&random) }
            let principal = request.principal
            var narrower = request
            narrower.principal = Principal(
                issuer: principal.issuer, subject: principal.subject, planner: nil, task: nil, tokenID: nil,
                claims: principal.claims, mapped: [:], narrowings: entries)
            guard let after = Self.decision(rules, narrower) else { continue }
            allowed += 1
            // The role that auto means may be another one: both must be had without narrowing.
            var asked = request
            asked.role = after.role
            guard let before = Self.decision(rules, asked), Self.decision(rules, request) != nil else {
                Issue.record("round \(round): refused before, allowed after")
                return
            }
            #expect(Set(after.regions).isSubset(of: before.regions), "round \(round)")
            #expect(after.rule == before.rule && after.role == before.role)
            #expect(after.access == before.access || after.access == .readOnly)
            #expect(after.forbid.isSuperset(of: before.forbid) && after.replicatesTo == before.replicatesTo)
            #expect(
                entries.contains { entry in
                    entry.databases?.contains { $0.matches(after.database) } != false
                        && entry.roles?.contains(after.role) != false
                }, "round \(round)")
        }
        #expect(allowed > 300)
    }

    @Test("Every decision lies inside its rule's regions, and its path too")
    func insideTheRule() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<8_000 {
            let rule = Self.rule(&random)
            let request = Self.request(&random)
            guard let decision = Self.decision([rule], request) else { continue }
            #expect(!decision.regions.isEmpty)
            for name in decision.regions {
                let region = Self.regions.first { $0.name == name }
                #expect(rule.regions.contains(name) || rule.regions.contains(region?.jurisdiction ?? ""))
            }
            #expect(!Set(rule.regions + rule.transit).isDisjoint(with: ["r0", "J0"]))
            #expect(decision.replicatesTo.isEmpty || rule.replicates)
        }
    }
}
