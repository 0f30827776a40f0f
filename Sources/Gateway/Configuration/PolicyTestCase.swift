import GatewayPolicy

/// One case of a policy's unit tests: somebody who asks for something, and what the policy must answer.
package struct PolicyTestCase: Sendable, Hashable {
    package var name: String
    /// Where it stands in its file, 1-based.
    package var line: Int
    package var column: Int
    package var claims: [String: ClaimValue]
    /// As in dbname: a database, optionally with `@region`.
    package var database: String
    /// As in user.
    package var user: String
    /// As in `domicile.region`.
    package var region: String?
    package var replication: Bool
    package var expected: PolicyExpectation
}

/// What of an answer must be so; nil: anything.
package struct PolicyExpectation: Sendable, Hashable {
    package var rule: String?
    package var role: String?
    package var regions: [String]?
    package var access: Access?
    package var forbid: Set<StatementClass>?
    package var replicatesTo: [String]?
    package var refused: PolicyTestRefusal?

    package init(
        rule: String? = nil, role: String? = nil, regions: [String]? = nil, access: Access? = nil,
        forbid: Set<StatementClass>? = nil, replicatesTo: [String]? = nil, refused: PolicyTestRefusal? = nil
    ) {
        self.rule = rule
        self.role = role
        self.regions = regions
        self.access = access
        self.forbid = forbid
        self.replicatesTo = replicatesTo
        self.refused = refused
    }
}

/// A refusal that a case expects.
package enum PolicyTestRefusal: Sendable, Hashable {
    case reason(Reason)
    case sqlstate(String)

    /// Why a request is refused, in one word.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The token would be refused: its issuer is not configured, it has no subject, or its authorization_details
        /// cannot be read.
        case token
        /// The name of the database or of the region asked for cannot be read.
        case databaseName = "database_name"
        case unknownDatabase = "unknown_database"
        case noRule = "no_rule"
        case role
        case region
        case transit
        case replicates
        case replication
        /// The token's authorization_details leave nothing.
        case narrowed
    }

    /// What a policy can refuse with, and a token or a name before it (interface.md, "Errors an executor sees").
    package static let sqlstates = ["42501", "3D000", "28P01"]

    init?(_ text: String) {
        if let reason = Reason(rawValue: text) {
            self = .reason(reason)
        } else if PolicyTestRefusal.sqlstates.contains(text) {
            self = .sqlstate(text)
        } else {
            return nil
        }
    }

    package var text: String {
        switch self {
        case .reason(let reason): reason.rawValue
        case .sqlstate(let state): state
        }
    }
}

extension PolicyTestRefusal.Reason {
    package init(_ refusal: PolicyRefusal) {
        switch refusal {
        case .unknownDatabase: self = .unknownDatabase
        case .noRule: self = .noRule
        case .role: self = .role
        case .region: self = .region
        case .transit: self = .transit
        case .replicates: self = .replicates
        case .replication: self = .replication
        case .narrowed: self = .narrowed
        }
    }
}
