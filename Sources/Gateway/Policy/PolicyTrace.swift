/// How the policy came to its answer: what `domicile explain` shows. Holds names, patterns and outcomes, and
/// no claim's value but those of `authorization_details`.
package struct PolicyTrace: Sendable {
    /// Every rule, in the order of the file.
    package let rules: [RuleTrace]
    /// The checks of the rule that matched; empty where none did.
    package let checks: [CheckTrace]
    package let outcome: Result<Decision, PolicyRefusal>
    /// What a rule that only observes would have answered.
    package let observation: Observation?

    /// What a token's entries leave, in words.
    static func words(_ narrowings: [Narrowing]) -> String {
        guard !narrowings.isEmpty else { return "the token narrows nothing" }
        func list(_ name: String, _ values: [String]?) -> String? {
            values.map { "\(name) [\($0.joined(separator: ", "))]" }
        }
        let entries = narrowings.map { entry in
            let members = [
                list("databases", entry.databases?.map(\.text)), list("regions", entry.regions),
                list("roles", entry.roles), entry.access.map { "access \($0.rawValue)" },
                entry.forbid.isEmpty ? nil : list("forbid", entry.forbid.map(\.rawValue).sorted()),
            ].compactMap(\.self)
            return members.isEmpty ? "everything" : members.joined(separator: ", ")
        }
        return "the token leaves " + entries.joined(separator: "; or ")
    }
}

/// One rule's part in a trace.
package struct RuleTrace: Sendable, Hashable {
    package enum Verdict: String, Sendable, Hashable {
        case matched
        /// It matched and only observes.
        case observed
        case passedOver = "passed_over"
        /// An earlier rule had matched, or the database does not exist.
        case notReached = "not_reached"
    }
    package let name: String
    /// Where the rule stands in its file; nil where it has none.
    package let line: Int?
    package let verdict: Verdict
    package let databases: [String]
    /// Whether one of `databases` fits the database asked for.
    package let databaseHeld: Bool
    package let who: ConditionTrace

    init(rule: Rule, reached: Bool, databaseHeld: Bool, who: ConditionTrace) {
        name = rule.name
        line = rule.line
        databases = rule.databases.map(\.text)
        self.databaseHeld = databaseHeld
        self.who = who
        let found: Verdict =
            switch rule.mode {
            case .enforce: .matched
            case .observe: .observed
            }
        verdict = reached ? (databaseHeld && who.held ? found : .passedOver) : .notReached
    }
}

/// A condition of `who` and whether it held.
package indirect enum ConditionTrace: Sendable, Hashable {
    /// `present`: the token has such a claim.
    case claim(name: String, patterns: [String], present: Bool, held: Bool)
    case all([ConditionTrace], held: Bool)
    case any([ConditionTrace], held: Bool)

    package var held: Bool {
        switch self {
        case .claim(_, _, _, let held), .all(_, let held), .any(_, let held): return held
        }
    }
}

/// A check behind the match.
package struct CheckTrace: Sendable, Hashable {
    package enum Name: String, Sendable, Hashable, CaseIterable {
        case role, region, transit, replicates, replication, token, statements
    }
    package let name: Name
    package let held: Bool
    /// What was asked for and what the rule allows.
    package let detail: String
}
