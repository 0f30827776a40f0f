/// One finding about a configuration file. The message says what was found and what was expected; secrets and
/// substituted values are never in it.
package struct ConfigurationMistake: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Severity: String, Sendable, Hashable, CaseIterable {
        /// The gateway does not start with it.
        case mistake
        /// The gateway starts; somebody should know.
        case warning
    }
    package let severity: Severity
    package let file: String
    /// 1-based; the column counts Unicode scalars.
    package let line: Int
    package let column: Int
    package let message: String

    package init(severity: Severity, file: String, line: Int, column: Int, message: String) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `file:line:column: mistake: message`
    package var description: String { "\(file):\(line):\(column): \(severity.rawValue): \(message)" }
}

/// What reading a configuration came to.
package enum ConfigurationReading: Sendable {
    case valid(Configuration, warnings: [ConfigurationMistake])
    /// At least one mistake; warnings are among them, all in the order of the file.
    case mistaken([ConfigurationMistake])

    /// Mistakes and warnings, in the order of the file.
    package var findings: [ConfigurationMistake] {
        switch self {
        case .valid(_, let warnings): return warnings
        case .mistaken(let findings): return findings
        }
    }

    /// The configuration, or nil where there is a mistake.
    package var configuration: Configuration? {
        switch self {
        case .valid(let configuration, _): return configuration
        case .mistaken: return nil
        }
    }
}

/// Gathers what is found while one file is read.
final class Findings {
    let file: String
    private(set) var all: [ConfigurationMistake] = []
    /// Also where the mistake itself was left out because there are so many.
    private(set) var hasMistake = false

    init(file: String) { self.file = file }

    func mistake(_ position: Position, _ message: String) {
        hasMistake = true
        add(.mistake, position, message)
    }

    func warning(_ position: Position, _ message: String) { add(.warning, position, message) }

    /// So many mistakes that further ones are left out.
    var isFull: Bool { hasMistake && all.count >= ConfigurationLimits.findings }

    /// In the order of the file; the same finding twice (through an alias) is kept once.
    var sorted: [ConfigurationMistake] {
        var seen: Set<ConfigurationMistake> = []
        let unique = all.filter { seen.insert($0).inserted }
        return unique.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            return (a.line, a.column, left.offset) < (b.line, b.column, right.offset)
        }.map(\.element)
    }

    private func add(_ severity: ConfigurationMistake.Severity, _ position: Position, _ message: String) {
        guard all.count < ConfigurationLimits.findings else {
            // A mistake takes a warning's place: it must not be lost among them.
            guard severity == .mistake, let last = all.lastIndex(where: { $0.severity == .warning }) else {
                return
            }
            all.remove(at: last)
            return add(severity, position, message)
        }
        all.append(
            ConfigurationMistake(
                severity: severity, file: file, line: position.line, column: position.column, message: message
            ))
    }
}

/// Where something stands in the file, 1-based.
struct Position: Hashable {
    var line: Int
    var column: Int
    static let start = Position(line: 1, column: 1)
}

/// Limits on what a configuration file may be.
enum ConfigurationLimits {
    /// Bytes of the file.
    static let fileBytes = 8 << 20
    /// Levels of mappings and lists.
    static let depth = 32
    /// Values in the file, those behind aliases counted each time.
    static let nodes = 400_000
    /// Bytes that aliases could blow the file up to at worst.
    static let expandedBytes = 64 << 20
    /// Bytes that are read again to find one duplicate key after the other.
    static let rereadBytes = 32 << 20
    /// Findings that are kept.
    static let findings = 1_000
    /// Characters of a found value that a message quotes.
    static let quoted = 60
}
