// How long the policy takes to decide: `script/bench --decisions` builds and runs this. Prints one line a case: the
// case, then the microseconds of one decision.

import GatewayPolicy

/// One policy and one principal, with how many decisions to time.
struct DecisionCase {
    var title: String
    var rules: Int
    var groups: Int
    /// The conditions of rule `number`, beside its issuer.
    var who: (Int) -> [Condition]
    /// The groups of the principal, which meets the last rule alone.
    var group: (Int) -> String
    var last: (Int) -> String

    func measure() -> Double {
        let policy = Policy(
            rules: (0..<rules).map { number in
                let issuer = Condition.claim(name: "issuer", patterns: [Pattern("https://id.example.com")])
                return Rule(
                    name: "rule-\(number)", who: .all([issuer] + who(number)),
                    databases: [Pattern("orders*")], regions: ["EU"], roles: ["analyst"], access: .readOnly)
            },
            regions: [
                PolicyRegion(name: "eu-west-1", jurisdiction: "EU"),
                PolicyRegion(name: "us-east-1", jurisdiction: "US"),
            ],
            databases: [PolicyDatabase(name: "orders", replicaRegions: ["eu-west-1", "us-east-1"])],
            gatewayRegion: "eu-west-1")
        let names = (0..<(groups - 1)).map(group) + [last(rules - 1)]
        let request = AccessRequest(
            principal: Principal(
                issuer: "https://id.example.com", subject: "executor-1", planner: nil, task: nil, tokenID: nil,
                claims: ["groups": .array(names.map { .string($0) })], mapped: [:]),
            database: "orders")
        guard (try? policy.decide(request))?.rule == "rule-\(rules - 1)" else {
            fatalError("\(title): the wrong rule decides")
        }
        // The best of five runs of at least 50 ms each.
        return (0..<5).map { _ in
            var decisions = 0
            let clock = ContinuousClock()
            let start = clock.now
            repeat {
                guard (try? policy.decide(request)) != nil else { fatalError("not decided") }
                decisions += 1
            } while clock.now - start < .milliseconds(50)
            return (clock.now - start) / .microseconds(1) / Double(decisions)
        }.min() ?? 0
    }
}

@main
enum Decisions {
    static func literal(_ name: String) -> Condition { .claim(name: "groups", patterns: [Pattern(name)]) }

    static func main() {
        var cases: [DecisionCase] = []
        for (rules, groups) in [(10, 10), (1_000, 100), (10_000, 10), (10_000, 1_000)] {
            cases.append(
                DecisionCase(
                    title: "a group each", rules: rules, groups: groups, who: { [literal("team-\($0)")] },
                    group: { "elsewhere-\($0)" }, last: { "team-\($0)" }))
        }
        cases.append(
            DecisionCase(
                title: "a glob each, `team-N-*`", rules: 10_000, groups: 1_000, who: { [literal("team-\($0)-*")] },
                group: { "elsewhere-\($0)" }, last: { "team-\($0)-lead" }))
        cases.append(
            DecisionCase(
                title: "a group and a planner each; every group fits 10 rules", rules: 10_000, groups: 1_000,
                who: { number in
                    [
                        literal("team-\(number / 10)"),
                        .any([
                            .claim(name: "planner", patterns: [Pattern("planner-\(number)")]),
                            literal("member-\(number)"),
                        ]),
                    ]
                },
                group: { "team-\($0 + 1)" }, last: { "member-\($0)" }))
        for one in cases {
            print("\(one.rules)\t\(one.groups)\t\(one.title)\t\(one.measure())")
        }
    }
}
