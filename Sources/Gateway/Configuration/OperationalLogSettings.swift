/// What the operational log says, and how its lines look.
package struct OperationalLogSettings: Sendable, Hashable {
    /// From all to little.
    package enum Level: String, Sendable, Hashable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }
    package enum Format: String, Sendable, Hashable, CaseIterable { case text, json }

    package var level: Level
    package var format: Format

    package init(level: Level = .info, format: Format = .text) {
        self.level = level
        self.format = format
    }
}
