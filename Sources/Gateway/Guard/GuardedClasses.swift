import GatewayCatalog
import GatewayPolicy

/// What a statement can be refused for: the classes that a rule may forbid, and what is not a rule's choice.
package struct GuardedClasses: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let egress = GuardedClasses(rawValue: 1)
    package static let ddl = GuardedClasses(rawValue: 2)
    package static let roleChange = GuardedClasses(rawValue: 4)
    package static let opaque = GuardedClasses(rawValue: 8)
    package static let peers = GuardedClasses(rawValue: 16)
    /// Could make a read-only transaction or session writable, or writes in one.
    package static let readOnly = GuardedClasses(rawValue: 32)
    /// Refused in every session.
    package static let always = GuardedClasses(rawValue: 64)
    /// Makes something temporary.
    package static let temporary = GuardedClasses(rawValue: 128)

    /// What SQL that cannot be seen may do. Not `always`: a rule that cares forbids `opaque`.
    package static let hidden: GuardedClasses = [.egress, .ddl, .roleChange, .opaque, .peers, .readOnly]

    package init(_ statementClass: StatementClass) {
        switch statementClass {
        case .egress: self = .egress
        case .ddl: self = .ddl
        case .roleChange: self = .roleChange
        case .opaque: self = .opaque
        case .peers: self = .peers
        }
    }

    package init(_ reach: CatalogReach) {
        self = []
        if reach.contains(.egress) { insert(.egress) }
        // What nobody can follow may do all that a session can, by a connection back to this very server too.
        if reach.contains(.opaque) || reach.contains(.program) { formUnion(.hidden) }
        if reach.contains(.settings) { formUnion([.readOnly, .opaque]) }
        if reach.contains(.roleChange) { insert(.roleChange) }
        if reach.contains(.peers) { insert(.peers) }
    }

    /// The classes of interface.md among them, as the log names them.
    package var names: [String] {
        StatementClass.allCases.filter { contains(GuardedClasses($0)) }.map(\.rawValue)
    }

    /// The same, with what is no rule's `forbid`: `read_only` (`access`), `temporary`, and `every_session` for what no
    /// session may do.
    package var allNames: [String] {
        var all = names
        if contains(.readOnly) { all.append("read_only") }
        if contains(.temporary) { all.append("temporary") }
        if contains(.always) { all.append("every_session") }
        return all
    }
}

/// What one session may not do, of its decision and its database.
package struct GuardRules: Sendable, Hashable {
    package var refused: GuardedClasses
    /// Roles and databases that the gateway hands out: what they are is the operator's to change.
    package var roles: Set<String>
    package var databases: Set<String>

    package init(
        forbid: Set<StatementClass>, access: Access, forbidsTemporary: Bool, roles: Set<String>,
        databases: Set<String>
    ) {
        refused = .always
        for statementClass in forbid { refused.formUnion(GuardedClasses(statementClass)) }
        if access == .readOnly { refused.insert(.readOnly) }
        if forbidsTemporary { refused.insert(.temporary) }
        self.roles = roles
        self.databases = databases
    }

    /// Something besides what is refused to everybody.
    package var isGuarded: Bool { refused != .always }
}
