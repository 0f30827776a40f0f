import SQLText

/// What a text does, as its tree and the catalogue tell it; which of it a session is refused is its rules' to say.
package struct Judgement: Sendable {
    /// One thing it does, and why that is told of it: words that an executor can act on.
    package struct Finding: Sendable, Hashable {
        package var classes: GuardedClasses
        package var reason: String
        /// The reason says what a constant of the text says.
        package var quotesConstant = false
    }

    /// Each once.
    package private(set) var findings: [Finding] = []
    /// What the catalogue does not know and the session may have made. Each once.
    package private(set) var unknownNames: [MadeName] = []
    /// Such names that a function's body has, which is a constant.
    package private(set) var unknownNamesOfBodies: [MadeName] = []
    /// It names what the catalogue does not know: that may have been made since.
    package private(set) var namesUnknown = false
    /// What it makes: names with and without a schema.
    package var made: Set<MadeName> = []
    /// Relations among them that are temporary.
    package var madeTemporary: Set<String> = []
    /// Relations that it changes or drops, no schema change where the session made them as temporary ones; nil: none.
    package var changedTemporaries: [String]?
    /// It names something by bytes beyond ASCII, which are read as UTF-8.
    package var namesBeyondASCII = false
    /// It sets client_encoding.
    package var setsEncoding = false
    /// What it prepares, and what it runs that was prepared.
    package var prepared: Set<String> = []
    package var executed: Set<String> = []
    /// Two-phase transactions that it prepares, and that it ends.
    package var preparedTransactions: [String] = []
    package var endedTransactions: [String] = []
    /// Roles and databases that it changes; nil for CURRENT_USER, ALL and the like.
    package var changedRoles: [String?] = []
    package var changedDatabases: [String] = []

    private var found: Set<Finding> = []
    private var unknown: Set<MadeName> = []

    package init() {}

    package mutating func add(
        _ classes: GuardedClasses, _ reason: String, quotesConstant: Bool = false
    ) {
        add(Finding(classes: classes, reason: reason, quotesConstant: quotesConstant))
    }

    mutating func add(_ finding: Finding) {
        guard !finding.classes.isEmpty, found.insert(finding).inserted else { return }
        findings.append(finding)
    }

    /// It gives a verdict nothing to find, whatever the rules and the session.
    var isHarmless: Bool {
        findings.isEmpty && unknownNames.isEmpty && unknownNamesOfBodies.isEmpty
            && changedTemporaries == nil && changedRoles.isEmpty && changedDatabases.isEmpty
            && endedTransactions.isEmpty && executed.isEmpty
    }

    /// Running it changes nothing that later verdicts rest on, nor the schema.
    var leavesNothing: Bool {
        made.isEmpty && madeTemporary.isEmpty && preparedTransactions.isEmpty && endedTransactions.isEmpty
            && prepared.isEmpty && !setsEncoding && !findings.contains { $0.classes.contains(.ddl) }
    }

    /// What is made without a schema is wherever search_path says: it has an empty one.
    mutating func noteMade(_ kind: MadeName.Kind, schema: String?, _ name: String, isTemporary: Bool = false)
    {
        made.insert(MadeName(kind, nil, name))
        made.insert(MadeName(kind, isTemporary ? "pg_temp" : schema ?? "", name))
    }

    mutating func addUnknown(_ name: MadeName) {
        namesUnknown = true
        if unknown.insert(name).inserted { unknownNames.append(name) }
    }

    mutating func addUnknown(function: String) {
        namesUnknown = true
        add(.hidden, "the function \(function) is not known to be harmless")
    }

    /// What a constant of this text does, which is a text itself.
    mutating func add(_ inner: Judgement) {
        for finding in inner.findings { add(finding.classes, finding.reason, quotesConstant: true) }
        for name in inner.unknownNames + inner.unknownNamesOfBodies where unknown.insert(name).inserted {
            unknownNamesOfBodies.append(name)
        }
        namesUnknown = namesUnknown || inner.namesUnknown
    }

    /// What only kept findings apart.
    mutating func finish() {
        found = []
        unknown = []
    }
}
