/// What the policy answered for one connection. Only `Policy.decide` makes one.
package struct Decision: Sendable, Hashable {
    private let terms: RuleTerms
    /// The database that goes upstream; the one the rule was matched with.
    package let database: String
    /// Regions the session may be served from, after what was asked for and the token narrowed them. Never empty.
    package let regions: [String]
    package let role: String
    package let access: Access
    package let forbid: Set<StatementClass>
    /// The executor's replication connection is allowed and asked for.
    package let replication: Bool
    /// Regions outside the rule that a writer's data streams on to (`replicates: allow`).
    package let replicatesTo: [String]

    package var rule: String { terms.rule }
    package var forbidsTemporary: Bool { terms.forbidsTemporary }
    package var capture: CaptureOverride { terms.capture }
    package var session: SessionOverride { terms.session }

    init(
        terms: RuleTerms, database: String, rights: Rights, role: String, replication: Bool,
        replicatesTo: [String]
    ) {
        self.terms = terms
        self.database = database
        self.regions = rights.regions
        self.role = role
        self.access = rights.access
        self.forbid = rights.forbid
        self.replication = replication
        self.replicatesTo = replicatesTo
    }
}

/// What a rule with `mode: observe` would have answered for one connection. Nothing rests on it. An object, since hardly a
/// session has one.
package final class Observation: Sendable {
    package let rule: String
    package let outcome: Result<Decision, PolicyRefusal>

    init(rule: String, outcome: Result<Decision, PolicyRefusal>) {
        self.rule = rule
        self.outcome = outcome
    }
}

/// Why the policy refused a request. All but `unknownDatabase` (3D000) are SQLSTATE 42501.
package enum PolicyRefusal: Error, Sendable, Hashable {
    /// The configuration has no such database.
    case unknownDatabase(String)
    /// No rule matches this principal and database.
    case noRule
    /// The rule does not hand out the role asked for.
    case role(String, rule: String, allowed: [String])
    /// What was asked for leaves no allowed region.
    case region(asked: [String], rule: String, allowed: [String])
    /// The gateway's own region is neither allowed nor in the rule's `transit`.
    case transit(gateway: String, rule: String)
    /// A writer's data would stream on to these regions and the rule does not say `replicates: allow`.
    case replicates(to: [String], rule: String)
    /// A replication connection without `replication: allow`.
    case replication(rule: String)
    /// The token's `authorization_details` leave nothing of what was asked for and the rule allows.
    case narrowed(Narrowing.Member, rule: String)
}

extension PolicyRefusal {
    /// The rule that matched and refused; nil where none matched.
    package var rule: String? {
        switch self {
        case .unknownDatabase, .noRule: nil
        case .role(_, let rule, _), .region(_, let rule, _), .transit(_, let rule), .replicates(_, let rule),
            .replication(let rule), .narrowed(_, let rule):
            rule
        }
    }
}
