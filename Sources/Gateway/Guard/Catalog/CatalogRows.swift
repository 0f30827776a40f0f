/// What was read of a catalogue, before anything is concluded from it. OIDs that lead nowhere are passed over: the
/// server's own operators and types are not among the rows.
package struct CatalogRows: Sendable {
    package struct Relation: Sendable, Hashable {
        package var oid: UInt32
        package var schema: String
        package var name: String
        package var kind: CatalogRelationKind
        /// Its row's type (`reltype`), 0: none.
        package var rowType: UInt32

        package init(
            oid: UInt32, schema: String, name: String, kind: CatalogRelationKind, rowType: UInt32 = 0
        ) {
            self.oid = oid
            self.schema = schema
            self.name = name
            self.kind = kind
            self.rowType = rowType
        }
    }

    package struct Function: Sendable, Hashable {
        package var oid: UInt32
        package var schema: String
        package var name: String
        package var language: String
        package var languageIsTrusted: Bool
        /// `prokind`: f, p, a or w.
        package var kind: String
        package var isSecurityDefiner: Bool
        /// It can be called with one argument (`pronargs`, `pronargdefaults`).
        package var takesOne: Bool
        package var `extension`: String?
        /// `proconfig`: `name=value`.
        package var settings: [String]
        /// `probin`: the library of a C function.
        package var library: String?
        /// `prosrc`: the body, or the symbol; nil: longer than `CatalogLimits.body`.
        package var source: String?
        /// The body is stored parsed (`prosqlbody`): the links say what it uses.
        package var isParsed: Bool

        package init(
            oid: UInt32, schema: String, name: String, language: String, languageIsTrusted: Bool = true,
            kind: String = "f", isSecurityDefiner: Bool = false, takesOne: Bool = true,
            extension: String? = nil,
            settings: [String] = [], library: String? = nil, source: String?, isParsed: Bool = false
        ) {
            self.oid = oid
            self.schema = schema
            self.name = name
            self.language = language
            self.languageIsTrusted = languageIsTrusted
            self.kind = kind
            self.isSecurityDefiner = isSecurityDefiner
            self.takesOne = takesOne
            self.extension = `extension`
            self.settings = settings
            self.library = library
            self.source = source
            self.isParsed = isParsed
        }
    }

    /// An operator, or a type.
    package struct Named: Sendable, Hashable {
        package var oid: UInt32
        package var schema: String
        package var name: String

        package init(oid: UInt32, schema: String, name: String) {
            self.oid = oid
            self.schema = schema
            self.name = name
        }
    }

    /// An array type, which can be named like any other (`_text`).
    package struct Array: Sendable, Hashable {
        package var type: Named
        /// The OID of its elements' type.
        package var element: UInt32

        package init(type: Named, element: UInt32) {
            self.type = type
            self.element = element
        }
    }

    /// One of the server's own functions.
    package struct BuiltIn: Sendable, Hashable {
        package var oid: UInt32
        package var name: String
        /// `prosrc`, by which an `internal` function calls it under another name.
        package var symbol: String

        package init(oid: UInt32, name: String, symbol: String) {
            self.oid = oid
            self.name = name
            self.symbol = symbol
        }
    }

    package struct Link: Sendable, Hashable {
        package var from: CatalogNode
        package var kind: CatalogLink
        package var to: CatalogNode

        package init(_ from: CatalogNode, _ kind: CatalogLink, _ to: CatalogNode) {
            self.from = from
            self.kind = kind
            self.to = to
        }
    }

    package var serverVersion: Int
    package var relations: [Relation] = []
    package var functions: [Function] = []
    package var operators: [Named] = []
    package var types: [Named] = []
    /// Operator classes.
    package var classes: [Named] = []
    /// Array types.
    package var arrays: [Array] = []
    /// The server's own operators, and its types, arrays and operator classes: by name only.
    package var serverOperators: [Named] = []
    package var serverTypes: [Named] = []
    package var builtIns: [BuiltIn] = []
    package var links: [Link] = []

    package init(serverVersion: Int) { self.serverVersion = serverVersion }
}

/// An object by its OID.
package enum CatalogNode: Sendable, Hashable {
    case relation(UInt32)
    case function(UInt32)
    case `operator`(UInt32)
    case type(UInt32)
    /// An operator class, which is its family.
    case operatorClass(UInt32)
    /// An operator family, with the operators and functions of its classes.
    case family(UInt32)
    /// Any statement, whatever it names.
    case ambient
    /// Any statement that changes the schema.
    case schemaChange
    /// What compares the bounds of partitions.
    case partitionKeys
}

/// How one object uses another.
package enum CatalogLink: String, Sendable, Hashable, CaseIterable {
    /// The query of a view, which writing an updatable view follows to its tables.
    case view
    /// A rule for INSERT, UPDATE or DELETE.
    case rule
    /// A partition or child, from its parent.
    case child
    /// A table whose foreign key has rows of it changed when the one it refers to changes.
    case cascade
    /// A table that refers to it by a foreign key, which TRUNCATE … CASCADE empties with it.
    case truncated
    /// What planning may evaluate, or any read runs: checks, index expressions, partition keys, row security.
    case planned
    /// What runs when rows are written: triggers, defaults, generated columns, row security for writing.
    case written
    /// What locking rows runs beyond reading them: row security for UPDATE; and a view's query that locks them.
    case locked, locks
    /// The other side of a foreign key, which is looked up when rows are written.
    case reference
    /// A column's type, or its domain's base.
    case column
    /// A column's type that is a domain. Its checks run when it is written, and for values that an expression makes of
    /// its type: `array_append(array_agg(c), 'x')`.
    case domain
    /// A parsed body that only reads.
    case reads
    /// Everything else: calling or naming one runs or names the other.
    case uses
}
