/// What a session may do to data: `read_only` may use a primary or a standby, `read_write` needs a primary.
package enum Access: String, Sendable, Hashable, CaseIterable {
    case readOnly = "read_only"
    case readWrite = "read_write"
}

/// Classes of statements that a rule may forbid.
package enum StatementClass: String, Sendable, Hashable, CaseIterable {
    case egress
    case ddl
    case roleChange = "role_change"
    case opaque
    case peers
}

/// Whether a rule decides, or is only looked at beside those that do.
package enum RuleMode: String, Sendable, Hashable, CaseIterable {
    case enforce
    /// It decides nothing: what it would decide and refuse is recorded.
    case observe
}

/// What the audit log keeps of a value.
package enum Capture: String, Sendable, Hashable, CaseIterable {
    case keep
    case hash
    case drop
}

/// What the audit log keeps of a COPY's data.
package enum CopyCapture: String, Sendable, Hashable, CaseIterable {
    /// How many bytes.
    case bytes
    /// Their SHA-256 too.
    case digest
}

/// How a session ends when its token does.
package enum ExpiryMode: String, Sendable, Hashable, CaseIterable {
    case kill
    case drain
    case lifetime
}

/// What a rule says differently from `audit.capture`; nil: as there.
package struct CaptureOverride: Sendable, Hashable {
    package var parameters: Capture?
    package var literals: Capture?
    package var describe: Bool?
    package var copy: CopyCapture?

    package init(
        parameters: Capture? = nil, literals: Capture? = nil, describe: Bool? = nil, copy: CopyCapture? = nil
    ) {
        self.parameters = parameters
        self.literals = literals
        self.describe = describe
        self.copy = copy
    }
}

/// What a rule says differently from `session`; nil: as there. `Duration.zero` is never.
package struct SessionOverride: Sendable, Hashable {
    package var expiry: ExpiryMode?
    package var expiryNotice: Duration?
    package var drainTimeout: Duration?
    package var maxLifetime: Duration?
    package var idleTimeout: Duration?

    package init() {}
}

/// A condition of a rule's `who` on the principal's claims.
package indirect enum Condition: Sendable, Hashable {
    /// The claim named (see `Principal.value(named:)`) equals one of the patterns; a claim that is a list
    /// matches where one of its elements does. An empty list of patterns matches nothing.
    case claim(name: String, patterns: [Pattern])
    case all([Condition])
    case any([Condition])
}

/// One entry of the policy. The first rule that matches a principal and a database decides.
package struct Rule: Sendable, Hashable {
    package var name: String
    /// Where the rule stands in its file: 1-based line and column; nil where it has none.
    package var line: Int?
    package var column: Int?
    package var mode: RuleMode
    package var who: Condition
    package var databases: [Pattern]
    /// Names of regions or jurisdictions.
    package var regions: [String]
    /// Roles in the order of preference; `auto` means the first.
    package var roles: [String]
    package var access: Access
    package var forbid: Set<StatementClass>
    /// Regions or jurisdictions that the path may cross without being allowed ones.
    package var transit: [String]
    /// A writer's data may stream on to replicas in regions outside the rule.
    package var replicates: Bool
    /// Replication connections (`replication=…`) are allowed.
    package var replication: Bool
    /// Temporary tables count as `ddl`.
    package var forbidsTemporary: Bool
    package var capture: CaptureOverride
    package var session: SessionOverride

    package init(
        name: String, line: Int? = nil, column: Int? = nil, mode: RuleMode = .enforce, who: Condition,
        databases: [Pattern], regions: [String], roles: [String], access: Access,
        forbid: Set<StatementClass> = [],
        transit: [String] = [], replicates: Bool = false, replication: Bool = false,
        forbidsTemporary: Bool = false, capture: CaptureOverride = CaptureOverride(),
        session: SessionOverride = SessionOverride()
    ) {
        self.name = name
        self.line = line
        self.column = column
        self.mode = mode
        self.who = who
        self.databases = databases
        self.regions = regions
        self.roles = roles
        self.access = access
        self.forbid = forbid
        self.transit = transit
        self.replicates = replicates
        self.replication = replication
        self.forbidsTemporary = forbidsTemporary
        self.capture = capture
        self.session = session
    }
}
