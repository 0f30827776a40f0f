import GatewayServers

/// Something that a handed-out role may do and had better not, with the statement that ends it.
package struct GrantFinding: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The role may write: a table, a column, a schema, everything.
        case writes
        /// Data may leave the server: foreign servers and tables, the server's files, programs.
        case egress
        /// It runs as somebody else, or in a language that is not confined.
        case code
        /// The role itself may do more than a session should.
        case attribute
    }

    package var kind: Kind
    /// What may be done, in words.
    package var what: String
    /// Roles that may, sorted.
    package var roles: [String]
    /// What a superuser runs to end it; nil where the server's names are such that none is put together of them.
    package var statement: String?

    package init(kind: Kind, what: String, roles: [String], statement: String?) {
        self.kind = kind
        self.what = what
        self.roles = roles
        self.statement = statement.flatMap { SQLIdentifier.isPrintable($0) ? $0 : nil }
    }

    /// The same for several roles is one finding.
    static func merged(_ findings: [GrantFinding]) -> [GrantFinding] {
        var order: [GrantFinding] = []
        var roles: [GrantFinding: Set<String>] = [:]
        for finding in findings {
            var anybody = finding
            anybody.roles = []
            if roles[anybody] == nil { order.append(anybody) }
            roles[anybody, default: []].formUnion(finding.roles)
        }
        return order.map { anybody in
            var finding = anybody
            finding.roles = (roles[anybody] ?? []).sorted()
            return finding
        }
    }
}
