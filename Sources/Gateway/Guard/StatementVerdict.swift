/// What the guard says of one text in one session.
package struct StatementVerdict: Sendable, Hashable {
    package var isAllowed: Bool
    /// interface.md's classes that it belongs to, whether forbidden or not.
    package var classes: [String]
    /// Why it is refused, a line each; empty where it is allowed.
    package var reasons: [String]
    /// The same without what a constant of the text says.
    package var plainReasons: [String]

    /// - Parameter plainReasons: nil where the reasons quote no constant.
    package init(
        isAllowed: Bool, classes: [String], reasons: [String], plainReasons: [String]? = nil
    ) {
        self.plainReasons = plainReasons ?? reasons
        self.isAllowed = isAllowed
        self.classes = classes
        self.reasons = reasons
    }

    package static let allowed = StatementVerdict(isAllowed: true, classes: [], reasons: [])

    /// Reasons that an executor is told; a text may give thousands.
    package static let reasonLimit = 8
}

/// One thing that a text does, as one session's rules see it.
package struct StatementFinding: Sendable, Hashable {
    package var classes: GuardedClasses
    package var reason: String
    /// It speaks against the statement.
    package var isRefused: Bool
}
