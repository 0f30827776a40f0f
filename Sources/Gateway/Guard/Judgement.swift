import SQLText

/// What a text does, as its tree and the catalogue tell it; which of it a session is refused is its rules' to say.
package struct Judgement: Sendable {
    /// One thing it does, and why that is told of it: words that an executor can act on.
    package struct Finding: Sendable, Hashable {
        package var classes: GuardedClasses
        package var reason: String
    }

    package var findings: [Finding] = []
    /// Relations that the catalogue does not know: the session may have made them.
    package var unknownRelations: [String] = []
    /// Relations that it makes.
    package var made: [String] = []
    /// Those of them that are temporary.
    package var madeTemporary: [String] = []
    /// Relations that it changes or drops, no schema change where the session made them as temporary ones; nil: none.
    package var changedTemporaries: [String]?
    /// It names something by bytes beyond ASCII, which are read as UTF-8.
    package var namesBeyondASCII = false
    /// It sets client_encoding.
    package var setsEncoding = false
    /// What it prepares, and what it runs that was prepared.
    package var prepared: [String] = []
    package var executed: [String] = []
    /// Two-phase transactions that it prepares, and that it ends.
    package var preparedTransactions: [String] = []
    package var endedTransactions: [String] = []
    /// Roles and databases that it changes; nil for CURRENT_USER, ALL and the like.
    package var changedRoles: [String?] = []
    package var changedDatabases: [String] = []

    package init() {}

    package mutating func add(_ classes: GuardedClasses, _ reason: String) {
        guard !classes.isEmpty else { return }
        findings.append(Finding(classes: classes, reason: reason))
    }
}
