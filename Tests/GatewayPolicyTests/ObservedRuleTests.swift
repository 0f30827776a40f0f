import GatewayPolicy
import Testing

@Suite("Rules that only observe")
struct ObservedRuleTests {
    private static func observing(_ change: (inout Rule) -> Void = { _ in }) -> Rule {
        var rule = PolicyTests.analysts
        rule.name = "candidate"
        rule.mode = .observe
        change(&rule)
        return rule
    }

    private func request(_ group: String = "eu-analysts", asked: [String] = []) -> AccessRequest {
        AccessRequest(
            principal: PolicyTests.principal(group), database: "orders", regionsAsked: asked)
    }

    @Test("One that would refuse refuses nobody, and says what it would have said")
    func wouldRefuse() throws {
        let candidate = Self.observing { $0.regions = ["us-east-1"] }
        let policy = PolicyTests.policy([candidate, PolicyTests.analysts])
        #expect(try policy.decide(request()).rule == "eu-analysts")
        let observation = try #require(policy.observe(request()))
        #expect(observation.rule == "candidate")
        #expect(
            observation.outcome == .failure(.transit(gateway: "eu-west-1", rule: "candidate")))
    }

    @Test("One that would allow allows nobody")
    func wouldAllow() throws {
        let policy = PolicyTests.policy([Self.observing()])
        #expect(throws: PolicyRefusal.noRule) { try policy.decide(request()) }
        guard case .success(let decision)? = policy.observe(request())?.outcome else {
            Issue.record("nothing was observed")
            return
        }
        #expect(decision.rule == "candidate" && decision.regions == ["eu-west-1", "eu-central-1"])
    }

    @Test("Behind the rule that decides, or for others, it would change nothing and says nothing")
    func changesNothing() {
        let behind = PolicyTests.policy([PolicyTests.analysts, Self.observing()])
        #expect(behind.observe(request()) == nil)
        let others = PolicyTests.policy([Self.observing(), PolicyTests.us])
        #expect(others.observe(request("us-analysts")) == nil)
        #expect(PolicyTests.policy().observe(request()) == nil)
    }

    @Test("An explanation marks it as observed and goes on to the rule that decides")
    func explained() {
        let policy = PolicyTests.policy([Self.observing(), PolicyTests.analysts])
        let trace = policy.explain(request())
        #expect(trace.rules.map(\.verdict) == [.observed, .matched])
        #expect(trace.observation?.rule == "candidate")
    }
}
