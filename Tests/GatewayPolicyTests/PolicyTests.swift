import GatewayPolicy
import Testing

@Suite("Decisions of the policy")
struct PolicyTests {
    static let regions = [
        PolicyRegion(name: "eu-west-1", jurisdiction: "EU"),
        PolicyRegion(name: "eu-central-1", jurisdiction: "EU"),
        PolicyRegion(name: "us-east-1", jurisdiction: "US"),
    ]
    static let databases = [
        PolicyDatabase(
            name: "orders", replicaRegions: ["eu-west-1", "eu-central-1", "us-east-1", "eu-west-1"]),
        PolicyDatabase(name: "orders_eu", replicaRegions: ["eu-west-1"]),
        PolicyDatabase(name: "scratch", replicaRegions: ["eu-west-1"]),
    ]
    static func who(_ group: String) -> Condition { .claim(name: "groups", patterns: [Pattern(group)]) }

    static let analysts = Rule(
        name: "eu-analysts", who: who("eu-analysts"), databases: [Pattern("orders")], regions: ["EU"],
        roles: ["analyst", "reader"], access: .readOnly)
    static let writers = Rule(
        name: "eu-writers", who: who("eu-writers"), databases: [Pattern("orders*")], regions: ["EU"],
        roles: ["writer"], access: .readWrite)
    static let us = Rule(
        name: "us-analysts", who: who("us-analysts"), databases: [Pattern("orders")], regions: ["us-east-1"],
        roles: ["analyst"], access: .readOnly, transit: ["EU"])
    static let streams = Rule(
        name: "streams", who: who("streams"), databases: [Pattern("orders")], regions: ["EU"],
        roles: ["writer"],
        access: .readWrite, replicates: true, replication: true)

    static func policy(_ rules: [Rule] = [analysts, writers, us, streams], gateway: String = "eu-west-1")
        -> Policy
    {
        Policy(rules: rules, regions: regions, databases: databases, gatewayRegion: gateway)
    }

    static func principal(_ groups: String..., subject: String = "exec-1") -> Principal {
        Principal(
            issuer: "https://id.example.com", subject: subject, planner: nil, task: nil, tokenID: nil,
            claims: ["sub": .string(subject), "groups": .array(groups.map { .string($0) })], mapped: [:])
    }

    /// `group database[@region…] role` and the answer: `rule role region,region` or the refusal.
    struct Case: CustomStringConvertible, Sendable {
        var group: String
        var database: String
        var asked: [String] = []
        var role: String?
        var replication = false
        var gateway = "eu-west-1"
        var expected: Answer
        var description: String { "\(group) \(database) \(asked) \(role ?? "auto")" }
    }
    enum Answer: Sendable, Equatable {
        case allowed(rule: String, role: String, regions: [String])
        case refused(PolicyRefusal)
    }

    static let both = ["eu-west-1", "eu-central-1"]
    static let cases: [Case] = [
        Case(
            group: "eu-analysts", database: "orders",
            expected: .allowed(rule: "eu-analysts", role: "analyst", regions: both)),
        Case(
            group: "eu-analysts", database: "orders", role: "reader",
            expected: .allowed(rule: "eu-analysts", role: "reader", regions: both)),
        Case(
            group: "eu-analysts", database: "orders", role: "auto",
            expected: .allowed(rule: "eu-analysts", role: "analyst", regions: both)),
        Case(
            group: "eu-analysts", database: "orders", role: "exec-1",
            expected: .allowed(rule: "eu-analysts", role: "analyst", regions: both)),
        Case(
            group: "eu-analysts", database: "orders", role: "writer",
            expected: .refused(.role("writer", rule: "eu-analysts", allowed: ["analyst", "reader"]))),
        Case(
            group: "eu-analysts", database: "orders", role: "Analyst",
            expected: .refused(.role("Analyst", rule: "eu-analysts", allowed: ["analyst", "reader"]))),
        // A region or jurisdiction asked for narrows, and every one of them.
        Case(
            group: "eu-analysts", database: "orders", asked: ["eu-central-1"],
            expected: .allowed(rule: "eu-analysts", role: "analyst", regions: ["eu-central-1"])),
        Case(
            group: "eu-analysts", database: "orders", asked: ["EU"],
            expected: .allowed(rule: "eu-analysts", role: "analyst", regions: both)),
        Case(
            group: "eu-analysts", database: "orders", asked: ["EU", "eu-west-1"],
            expected: .allowed(rule: "eu-analysts", role: "analyst", regions: ["eu-west-1"])),
        Case(
            group: "eu-analysts", database: "orders", asked: ["us-east-1"],
            expected: .refused(.region(asked: ["us-east-1"], rule: "eu-analysts", allowed: both))),
        Case(
            group: "eu-analysts", database: "orders", asked: ["eu-west-1", "us-east-1"],
            expected: .refused(
                .region(asked: ["eu-west-1", "us-east-1"], rule: "eu-analysts", allowed: both))),
        Case(
            group: "eu-analysts", database: "orders", asked: ["eu-west-1", "eu-central-1"],
            expected: .refused(
                .region(asked: ["eu-west-1", "eu-central-1"], rule: "eu-analysts", allowed: both))),
        Case(
            group: "eu-analysts", database: "orders", asked: ["mars"],
            expected: .refused(.region(asked: ["mars"], rule: "eu-analysts", allowed: both))),
        Case(
            group: "eu-analysts", database: "orders", asked: ["eu"],
            expected: .refused(.region(asked: ["eu"], rule: "eu-analysts", allowed: both))),
        Case(
            group: "eu-analysts", database: "orders", asked: ["*"],
            expected: .refused(.region(asked: ["*"], rule: "eu-analysts", allowed: both))),
        // Databases.
        Case(group: "eu-analysts", database: "scratch", expected: .refused(.noRule)),
        Case(group: "eu-analysts", database: "nowhere", expected: .refused(.unknownDatabase("nowhere"))),
        Case(group: "eu-analysts", database: "ORDERS", expected: .refused(.unknownDatabase("ORDERS"))),
        Case(group: "eu-analysts", database: "orders ", expected: .refused(.unknownDatabase("orders "))),
        Case(group: "eu-analysts", database: "orders*", expected: .refused(.unknownDatabase("orders*"))),
        Case(group: "eu-analysts-evil", database: "orders", expected: .refused(.noRule)),
        Case(group: "", database: "orders", expected: .refused(.noRule)),
        // Transit: the gateway's own region must be allowed, or named.
        Case(
            group: "us-analysts", database: "orders",
            expected: .allowed(rule: "us-analysts", role: "analyst", regions: ["us-east-1"])),
        Case(
            group: "eu-analysts", database: "orders", gateway: "us-east-1",
            expected: .refused(.transit(gateway: "us-east-1", rule: "eu-analysts"))),
        // What was asked for does not count: the gateway in eu-west-1 may serve eu-central-1.
        Case(
            group: "eu-analysts", database: "orders", asked: ["eu-west-1"], gateway: "eu-central-1",
            expected: .allowed(rule: "eu-analysts", role: "analyst", regions: ["eu-west-1"])),
        // Replication carries writes.
        Case(
            group: "eu-writers", database: "orders",
            expected: .refused(.replicates(to: ["us-east-1"], rule: "eu-writers"))),
        Case(
            group: "eu-writers", database: "orders_eu",
            expected: .allowed(rule: "eu-writers", role: "writer", regions: both)),
        Case(
            group: "streams", database: "orders",
            expected: .allowed(rule: "streams", role: "writer", regions: both)),
        // Replication connections.
        Case(
            group: "eu-analysts", database: "orders", replication: true,
            expected: .refused(.replication(rule: "eu-analysts"))),
        Case(
            group: "streams", database: "orders", replication: true,
            expected: .allowed(rule: "streams", role: "writer", regions: both)),
    ]

    static func request(_ test: Case) -> AccessRequest {
        AccessRequest(
            principal: principal(test.group), database: test.database, regionsAsked: test.asked,
            role: test.role,
            replication: test.replication)
    }

    @Test("Rules 1, 2: a request gets the decision or the refusal that the rules say", arguments: cases)
    func decides(_ test: Case) {
        let policy = Self.policy(gateway: test.gateway)
        let answer: Answer
        do throws(PolicyRefusal) {
            let decision = try policy.decide(Self.request(test))
            answer = .allowed(rule: decision.rule, role: decision.role, regions: decision.regions)
            #expect(decision.database == test.database)
            #expect(decision.replication == test.replication)
        } catch {
            answer = .refused(error)
        }
        #expect(answer == test.expected)
    }

    @Test("An explanation ends as the decision does, and matches one rule at most", arguments: cases)
    func explains(_ test: Case) {
        let policy = Self.policy(gateway: test.gateway)
        let request = Self.request(test)
        let trace = policy.explain(request)
        let decided: Result<Decision, PolicyRefusal>
        do throws(PolicyRefusal) { decided = .success(try policy.decide(request)) } catch {
            decided = .failure(error)
        }
        #expect(trace.outcome == decided)
        let matched = trace.rules.filter { $0.verdict == .matched }
        #expect(matched.count <= 1)
        #expect(trace.checks.isEmpty == matched.isEmpty)
        if case .success(let decision) = decided {
            #expect(matched.first?.name == decision.rule)
            #expect(trace.checks.allSatisfy { $0.held })
        } else if !matched.isEmpty {
            #expect(trace.checks.contains { !$0.held })
        }
    }

    @Test("The first rule that matches decides, also where a later one would allow more")
    func firstMatch() throws {
        var narrow = Self.analysts
        narrow.name = "narrow"
        narrow.roles = ["reader"]
        let policy = Self.policy([narrow, Self.analysts])
        let request = AccessRequest(
            principal: Self.principal("eu-analysts"), database: "orders", role: "analyst")
        #expect(throws: PolicyRefusal.role("analyst", rule: "narrow", allowed: ["reader"])) {
            try policy.decide(request)
        }
    }

    @Test("Rule 10: a group of one issuer opens no rule of another's, whatever else its token claims")
    func groupsOfTwoIssuers() throws {
        let (one, two) = ("https://id.example.com", "https://id.example.org")
        var rule = Self.analysts
        rule.who = .all([.claim(name: "issuer", patterns: [Pattern(one)]), Self.who("eu-analysts")])
        let policy = Self.policy([rule])
        func request(_ issuer: String) -> AccessRequest {
            let principal = Principal(
                issuer: issuer, subject: "exec-1", planner: nil, task: nil, tokenID: nil,
                claims: [
                    "sub": .string("exec-1"), "groups": .array([.string("eu-analysts")]), "iss": .string(one),
                    "issuer": .string(one),
                ],
                // An entry that maps a name of the policy's own cannot make it mean a claim.
                mapped: ["issuer": ["iss"]])
            return AccessRequest(principal: principal, database: "orders")
        }
        #expect(try policy.decide(request(one)).rule == "eu-analysts")
        for issuer in [two, one + "/", one.uppercased(), ""] {
            #expect(throws: PolicyRefusal.noRule) { try policy.decide(request(issuer)) }
        }
    }

    @Test("Empty lists allow nothing (F-POL-18)")
    func emptyLists() {
        func refusal(_ change: (inout Rule) -> Void) -> PolicyRefusal? {
            var rule = Self.analysts
            change(&rule)
            let request = AccessRequest(principal: Self.principal("eu-analysts"), database: "orders")
            do throws(PolicyRefusal) {
                _ = try Self.policy([rule]).decide(request)
                return nil
            } catch { return error }
        }
        #expect(refusal { $0.databases = [] } == .noRule)
        #expect(refusal { $0.who = .all([]) } == .noRule)
        #expect(refusal { $0.who = .any([]) } == .noRule)
        #expect(refusal { $0.who = .claim(name: "groups", patterns: []) } == .noRule)
        #expect(refusal { $0.roles = [] } == .role("auto", rule: "eu-analysts", allowed: []))
        #expect(refusal { $0.regions = [] } == .region(asked: [], rule: "eu-analysts", allowed: []))
        #expect(refusal { $0.regions = ["MARS"] } == .region(asked: [], rule: "eu-analysts", allowed: []))
        #expect(refusal { _ in } == nil)
        let nothing = Self.policy([])
        let request = AccessRequest(principal: Self.principal("eu-analysts"), database: "orders")
        #expect(throws: PolicyRefusal.noRule) { try nothing.decide(request) }
    }

    @Test("Names are compared byte by byte: U+212A KELVIN SIGN is no K (F-POL-17)")
    func canonicalEquivalents() {
        let databases = [PolicyDatabase(name: "K", replicaRegions: ["K"])]
        let regions = [PolicyRegion(name: "K", jurisdiction: "EK")]
        var rule = Self.analysts
        rule.databases = [Pattern("*")]
        rule.regions = ["K"]
        rule.roles = ["K"]
        let policy = Policy(rules: [rule], regions: regions, databases: databases, gatewayRegion: "K")
        let principal = Self.principal("eu-analysts")
        let kelvin = "\u{212A}"
        #expect(throws: PolicyRefusal.unknownDatabase(kelvin)) {
            try policy.decide(AccessRequest(principal: principal, database: kelvin))
        }
        #expect(throws: PolicyRefusal.role(kelvin, rule: "eu-analysts", allowed: ["K"])) {
            try policy.decide(AccessRequest(principal: principal, database: "K", role: kelvin))
        }
        #expect(throws: PolicyRefusal.region(asked: [kelvin], rule: "eu-analysts", allowed: ["K"])) {
            try policy.decide(AccessRequest(principal: principal, database: "K", regionsAsked: [kelvin]))
        }
    }

    @Test("A role that is both the subject's name and handed out is the role itself")
    func roleNamedAsSubject() throws {
        let principal = Self.principal("eu-analysts", subject: "reader")
        let decision = try Self.policy().decide(
            AccessRequest(principal: principal, database: "orders", role: "reader"))
        #expect(decision.role == "reader")
    }

    @Test("A writer's decision names the regions that its data streams on to")
    func replicatesTo() throws {
        let decision = try Self.policy().decide(
            AccessRequest(principal: Self.principal("streams"), database: "orders"))
        #expect(decision.replicatesTo == ["us-east-1"])
        #expect(decision.access == .readWrite)
    }

    @Test("A trace holds names and patterns, and no claim's value")
    func traceHoldsNoValues() {
        let principal = Principal(
            issuer: "https://id.example.com", subject: "exec-1", planner: nil, task: nil, tokenID: nil,
            claims: ["groups": .string("SECRET-VALUE"), "level": .integer(424_242)], mapped: [:])
        let trace = Self.policy().explain(AccessRequest(principal: principal, database: "orders"))
        #expect(!"\(trace)".contains("SECRET-VALUE"))
        #expect(!"\(trace)".contains("424242"))
        #expect(
            trace.rules.first?.who
                == .claim(
                    name: "groups", patterns: ["eu-analysts"], present: true, held: false))
    }
}
