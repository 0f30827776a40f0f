/// Which rules stand behind others that match whoever they match.
package struct RuleShadows {
    private let rules: [Rule]
    private let index: RuleIndex

    /// - Parameter rules: in the order of the file.
    package init(_ rules: [Rule]) {
        self.rules = rules
        index = RuleIndex(rules.map { ($0.who, []) })
    }

    /// The rules that decide in the place of rule `number` for everybody who meets the condition, on the databases
    /// named; nil where for one of them no earlier rule is known to.
    package func deciding(
        for condition: Condition, before number: Int, on databases: [String]
    ) -> [Rule]? {
        let earlier = index.mayCover(condition).prefix { $0 < number }.map { rules[$0] }.filter {
            // What only observes decides for nobody, but is asked before what observes too.
            ($0.mode == .enforce || rules[number].mode == .observe) && $0.who.covers(condition)
        }
        var deciding: [Rule] = []
        for database in databases {
            guard
                let rule = earlier.first(where: { rule in
                    rule.databases.contains { $0.matches(database) }
                })
            else { return nil }
            if !deciding.contains(where: { $0.name == rule.name }) { deciding.append(rule) }
        }
        return deciding.isEmpty ? nil : deciding
    }
}
