import CPGQuery

/// A statement of PostgreSQL's grammar; forms that are judged apart are told apart.
package typealias StatementKind = SQLStatementKind

/// What a text names and does, as its raw parse tree tells it: nothing is resolved against a catalogue.
package struct SQLFacts: Sendable {
    package struct Statement: Sendable {
        package var kind: StatementKind
        /// Where its text lies, in bytes; nil for a statement inside another.
        package var range: Range<Int>?
    }

    package struct RelationUse: OptionSet, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }
        package static let read = RelationUse(rawValue: 1)
        package static let written = RelationUse(rawValue: 2)
        package static let made = RelationUse(rawValue: 4)
        /// Named by a statement that changes, locks or refers to it without reading its rows.
        package static let changed = RelationUse(rawValue: 8)
        /// `ONLY`: without its children.
        package static let only = RelationUse(rawValue: 16)
        package static let temporary = RelationUse(rawValue: 32)
        /// With what refers to it: TRUNCATE … CASCADE.
        package static let cascading = RelationUse(rawValue: 64)
        /// Dropped or locked: nothing is read, and nothing that hangs on it runs.
        package static let named = RelationUse(rawValue: 128)
        /// A view is made of it that may be automatically updatable: what the view is used for is not known yet.
        package static let writable = RelationUse(rawValue: 256)
        /// Its rows are locked (FOR UPDATE and the like), now or through the view that is made of it.
        package static let locked = RelationUse(rawValue: 512)
    }

    package struct Relation: Sendable {
        package var schema: String?
        package var name: String
        package var use: RelationUse
    }

    package struct Function: Sendable {
        package var schema: String?
        package var name: String
        package var arguments: Int
        /// A call; else a mention, as in CREATE TRIGGER.
        package var isCalled: Bool
        /// What is made calls it: a trigger, a cast, an operator.
        package var isUsed = false
        /// The statement makes it.
        package var isMade: Bool
    }

    package struct Name: Sendable {
        package var schema: String?
        package var name: String
        /// The statement makes it.
        package var isMade = false
        /// An option's value, which may be something else.
        package var isOption = false
    }

    package enum SettingAction: UInt16, Sendable {
        case set, setLocal, reset, resetAll
        /// A mode of BEGIN, SET TRANSACTION or SET SESSION CHARACTERISTICS, under its setting's name.
        case transaction
        /// A call or mention of set_config.
        case setConfig
    }

    package struct Setting: Sendable {
        package var action: SettingAction
        /// As it is written; nil where it is computed, or is all of them.
        package var name: String?
        /// nil where it is computed, or a list.
        package var value: String?
    }

    package enum Deed: UInt16, Sendable {
        case copyProgram, copyFile, copyIn, copyOut, securityDefiner, serverFile, foreignOptions
        /// ANALYZE and the like of whatever there is.
        case everyRelation
        /// Something is given to a role that is named.
        case otherOwner
        /// DROP … IF EXISTS.
        case ifExists
        /// What is granted on what a role that is named makes.
        case otherRole
    }

    package struct Body: Sendable {
        /// nil where it is no constant.
        package var language: String?
        package var text: String?
    }

    /// libpg_query's fingerprint: the same for texts that differ in constants, spaces and the like. Nil where it was not
    /// asked for, or is too much work.
    package var fingerprint: UInt64?
    package var statements: [Statement] = []
    package var relations: [Relation] = []
    package var functions: [Function] = []
    /// Names where they may call a function of one argument: `a.b`, `(a).b`.
    package var attributes: [String] = []
    package var operators: [Name] = []
    package var types: [Name] = []
    /// Types by their OIDs: a Parse message's for its parameters.
    package var typeOIDs: [UInt32] = []
    /// Schemas that get another name.
    package var schemas: [String] = []
    package var settings: [Setting] = []
    package var deeds: [Deed] = []
    package var bodies: [Body] = []
    /// Statements that PREPARE makes, and that EXECUTE runs.
    package var prepared: [String] = []
    package var executed: [String] = []
    /// Identifiers of two-phase transactions.
    package var transactions: [String] = []
    /// Roles that are named where roles are made, changed or given; nil for CURRENT_USER, PUBLIC and the like.
    package var roles: [String?] = []
    /// Databases that are changed or dropped.
    package var databases: [String] = []
    /// A relation, function, operator or type is named by bytes beyond ASCII, read as UTF-8 here.
    package var namesBeyondASCII = false
    /// Tags of nodes that the walk does not know.
    package var unknownNodes: [Int] = []

    package init() {}

    /// How many names have to be looked up.
    package var names: Int {
        relations.count + functions.count + attributes.count + operators.count + types.count + typeOIDs.count
    }

    /// The statements at the top, in their order.
    package var topLevel: [Statement] { statements.filter { $0.range != nil } }
}
