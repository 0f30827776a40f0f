import GatewayConfiguration
import GatewayPolicy

/// A policy's unit tests, run: each case asked and compared.
package struct PolicyTestRun: Sendable {
    package struct Outcome: Sendable {
        package let test: PolicyTestCase
        package let answer: RehearsedAnswer
        package let differences: [PolicyTestDifference]
        package var passed: Bool { differences.isEmpty }
    }

    package let file: String
    package let configuration: Configuration
    package let outcomes: [Outcome]

    package init(_ tests: PolicyTestFile, configuration: Configuration) {
        file = tests.file
        self.configuration = configuration
        let policy = Policy(configuration)
        outcomes = tests.cases.map { test in
            let answer = RehearsedAnswer(test, policy: policy, issuers: configuration.issuers)
            return Outcome(
                test: test, answer: answer,
                differences: PolicyTestDifference.between(test.expected, answer))
        }
    }

    package var failed: Int { outcomes.count { !$0.passed } }

    /// The rules that no case of these runs came to, in the order of their file; those that only observe come to none.
    /// The runs are of one configuration.
    package static func uncovered(_ runs: [PolicyTestRun]) -> [Rule] {
        let decided = Set(runs.flatMap { $0.outcomes.compactMap(\.answer.rule) })
        return runs.first?.configuration.rules.filter { rule in
            rule.mode == .enforce && !decided.contains(rule.name)
        } ?? []
    }
}

/// One thing that is not as a case expects.
package struct PolicyTestDifference: Sendable, Hashable, CustomStringConvertible {
    /// The key of `expect`.
    package let key: String
    package let expected: String
    package let got: String

    package var description: String { "\(key): expected \(expected), got \(got)" }

    static func between(
        _ expected: PolicyExpectation, _ answer: RehearsedAnswer
    ) -> [PolicyTestDifference] {
        switch answer {
        case .allowed(let decision): between(expected, decision)
        case .refused(let refusal): between(expected, refusal)
        }
    }

    private static func between(
        _ expected: PolicyExpectation, _ decision: Decision
    ) -> [PolicyTestDifference] {
        if let refused = expected.refused {
            let got = "allowed by \(decision.rule), role \(decision.role) in \(list(decision.regions))"
            return [PolicyTestDifference(key: "refused", expected: refused.text, got: got)]
        }
        var found: [PolicyTestDifference] = []
        func compare(_ key: String, _ expected: String?, _ got: String) {
            guard let expected, !expected.hasSameBytes(as: got) else { return }
            found.append(PolicyTestDifference(key: key, expected: expected, got: got))
        }
        func compareSets(_ key: String, _ expected: [String]?, _ got: [String]) {
            compare(key, expected.map { list($0.sorted()) }, list(got.sorted()))
        }
        compare("rule", expected.rule, decision.rule)
        compare("role", expected.role, decision.role)
        compareSets("regions", expected.regions, decision.regions)
        compare("access", expected.access?.rawValue, decision.access.rawValue)
        compareSets("forbid", expected.forbid?.map(\.rawValue), decision.forbid.map(\.rawValue))
        compareSets("replicates_to", expected.replicatesTo, decision.replicatesTo)
        return found
    }

    private static func between(
        _ expected: PolicyExpectation, _ refusal: RehearsedRefusal
    ) -> [PolicyTestDifference] {
        let by = refusal.rule.map { " by \($0)" } ?? ""
        let got = "refused\(by): \(refusal.reason.rawValue) (\(refusal.sqlstate)). \(refusal.detail)"
        guard let refused = expected.refused else {
            let key = expected.rule == nil ? "answer" : "rule"
            return [PolicyTestDifference(key: key, expected: expected.rule ?? "a session", got: got)]
        }
        switch refused {
        case .reason(let reason) where reason == refusal.reason: break
        case .sqlstate(let state) where state == refusal.sqlstate: break
        case .reason, .sqlstate:
            return [PolicyTestDifference(key: "refused", expected: refused.text, got: got)]
        }
        guard let rule = expected.rule, !rule.hasSameBytes(as: refusal.rule ?? "") else { return [] }
        return [PolicyTestDifference(key: "rule", expected: rule, got: refusal.rule ?? "none")]
    }

    private static func list(_ names: [String]) -> String { "[\(names.joined(separator: ", "))]" }
}
