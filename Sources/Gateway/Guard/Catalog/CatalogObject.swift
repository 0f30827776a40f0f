/// What every object of the snapshot has.
package protocol CatalogObject: Sendable {
    var schema: String { get }
    var name: String { get }
    /// Everything that any use of it can lead to.
    var reach: CatalogReach { get }
    /// A reason for each kind in `reach`, the gravest first.
    var reasons: [CatalogReason] { get }
}

extension CatalogObject {
    /// Schema and name, for people.
    package var qualifiedName: String { "\(schema).\(name)" }
    /// Why it has the gravest of what it has; empty where it has nothing.
    package var reason: String { reasons.first?.text ?? "" }

    /// Why it has the gravest of these kinds; nil where it has none of them.
    package func reason(for reach: CatalogReach) -> String? {
        reasons.first { !$0.reach.isDisjoint(with: reach) }?.text
    }
}

/// `pg_class.relkind` of what a statement can name.
package enum CatalogRelationKind: String, Sendable, Hashable, CaseIterable {
    case table = "r"
    case partitionedTable = "p"
    case view = "v"
    case materializedView = "m"
    case foreignTable = "f"
    case sequence = "S"

    package var noun: String {
        switch self {
        case .table: "table"
        case .partitionedTable: "partitioned table"
        case .view: "view"
        case .materializedView: "materialized view"
        case .foreignTable: "foreign table"
        case .sequence: "sequence"
        }
    }
}

/// A table, view or sequence. `readOnly` is within `read`, and `read` within `write`.
package struct CatalogRelation: CatalogObject, Hashable {
    package let schema: String
    package let name: String
    package let kind: CatalogRelationKind
    /// Read with its partitions and children: its query, row security, what planning evaluates.
    package let read: CatalogReach
    /// Read by `ONLY`, without them.
    package let readOnly: CatalogReach
    /// Read with a lock on its rows (FOR UPDATE): row security for UPDATE. `read` is within it.
    package let lock: CatalogReach
    /// Written: triggers, rules, defaults, checks, domains, generated columns, and foreign keys that write elsewhere.
    package let write: CatalogReach
    /// Emptied by TRUNCATE … CASCADE: written, and so are the tables that refer to it. `write` is within it.
    package let cascade: CatalogReach
    package let reasons: [CatalogReason]

    package var reach: CatalogReach { readOnly.union(lock).union(write).union(cascade) }

    package init(
        schema: String, name: String, kind: CatalogRelationKind, read: CatalogReach = [],
        readOnly: CatalogReach = [], lock: CatalogReach = [], write: CatalogReach = [],
        cascade: CatalogReach = [], reasons: [CatalogReason] = []
    ) {
        self.schema = schema
        self.name = name
        self.kind = kind
        self.read = read
        self.readOnly = readOnly
        self.lock = lock.union(read)
        self.write = write
        self.cascade = cascade.union(write)
        self.reasons = reasons
    }
}

/// A function, procedure or aggregate that is not the server's own.
package struct CatalogFunction: CatalogObject, Hashable {
    package let schema: String
    package let name: String
    package let language: String
    package let isProcedure: Bool
    package let isSecurityDefiner: Bool
    /// It can be called with one argument, and so as `x.name`.
    package let takesOne: Bool
    /// The extension that it belongs to.
    package let `extension`: String?
    package let reach: CatalogReach
    package let reasons: [CatalogReason]

    package init(
        schema: String, name: String, language: String, isProcedure: Bool = false,
        isSecurityDefiner: Bool = false, takesOne: Bool = true, extension: String? = nil,
        reach: CatalogReach = [], reasons: [CatalogReason] = []
    ) {
        self.schema = schema
        self.name = name
        self.language = language
        self.isProcedure = isProcedure
        self.isSecurityDefiner = isSecurityDefiner
        self.takesOne = takesOne
        self.extension = `extension`
        self.reach = reach
        self.reasons = reasons
    }
}

/// An operator or a type with a reach.
package struct CatalogName: CatalogObject, Hashable {
    package let schema: String
    package let name: String
    package let reach: CatalogReach
    package let reasons: [CatalogReason]

    package init(schema: String, name: String, reach: CatalogReach, reasons: [CatalogReason] = []) {
        self.schema = schema
        self.name = name
        self.reach = reach
        self.reasons = reasons
    }
}

package typealias CatalogOperator = CatalogName
/// By its own functions, by casts from and to it, by a domain's checks, by its parts. Operator classes, which are
/// named where types are, too: by their operators and functions.
package typealias CatalogType = CatalogName
