/// What a token leaves of its own rights: one entry of type `domicile` of its `authorization_details` (RFC 9396 section
/// 2). It takes away and never gives: what it names beyond the rule counts for nothing.
package struct Narrowing: Sendable, Hashable {
    /// Databases, also as globs; nil: not narrowed. An empty list leaves nothing, here and below.
    package var databases: [Pattern]?
    /// Names of regions or jurisdictions.
    package var regions: [String]?
    package var roles: [String]?
    package var access: Access?
    /// Classes of statements that are forbidden besides the rule's.
    package var forbid: Set<StatementClass>

    package init(
        databases: [Pattern]? = nil, regions: [String]? = nil, roles: [String]? = nil, access: Access? = nil,
        forbid: Set<StatementClass> = []
    ) {
        self.databases = databases
        self.regions = regions
        self.roles = roles
        self.access = access
        self.forbid = forbid
    }

    /// What an entry left nothing of, in the order in which it is looked at.
    package enum Member: Int, Sendable, Hashable, CaseIterable {
        case database
        case role
        case region
    }
}

/// Rights that a session may have: a rule's for one request, before or after a token narrowed them.
struct Rights: Sendable, Hashable {
    /// In the order of preference.
    var roles: [String]
    var regions: [String]
    var access: Access
    var forbid: Set<StatementClass>

    enum Narrowed {
        case left(Rights)
        case nothingLeft(Narrowing.Member)
    }

    /// What an entry leaves of these rights on a database.
    func narrowed(
        by narrowing: Narrowing, database: String, regions known: [PolicyRegion]
    ) -> Narrowed {
        var left = self
        if let databases = narrowing.databases, !databases.contains(where: { $0.matches(database) }) {
            return .nothingLeft(.database)
        }
        if let named = narrowing.roles {
            left.roles = roles.filter { role in named.contains { $0.hasSameBytes(as: role) } }
        }
        guard !left.roles.isEmpty else { return .nothingLeft(.role) }
        if let named = narrowing.regions {
            let meant = PolicyRegion.expand(named, in: known)
            left.regions = regions.filter { region in meant.contains { $0.hasSameBytes(as: region) } }
        }
        guard !left.regions.isEmpty else { return .nothingLeft(.region) }
        if narrowing.access == .readOnly { left.access = .readOnly }
        left.forbid.formUnion(narrowing.forbid)
        return .left(left)
    }
}
