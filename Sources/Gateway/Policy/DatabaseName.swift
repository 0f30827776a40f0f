/// What `dbname` of a startup packet asks for: a database, optionally with a region or jurisdiction behind
/// `@` (interface.md, "Connecting"). Nothing is trimmed, folded or decoded: `Orders`, `orders ` and
/// `orders%40EU` are names of their own.
package struct DatabaseName: Sendable, Hashable {
    package let database: String
    /// The region or jurisdiction asked for; nil where the name has no `@`.
    package let region: String?

    package init(database: String, region: String?) {
        self.database = database
        self.region = region
    }

    /// Reads `name` or `name@region`.
    ///
    /// - Throws: `DatabaseNameMistake` for an empty part, a second `@`, or a control character.
    package init(parsing text: String) throws(DatabaseNameMistake) {
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw .severalRegions }
        guard let first = parts.first, !first.isEmpty else { throw .emptyDatabase }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { throw .controlCharacter }
        database = String(Substring(first))
        guard parts.count == 2 else {
            region = nil
            return
        }
        guard !parts[1].isEmpty else { throw .emptyRegion }
        region = String(Substring(parts[1]))
    }

    /// Reads the value of the setting `domicile.region`: one name of a region or jurisdiction.
    ///
    /// - Throws: `DatabaseNameMistake` where it is empty, holds an `@`, or a control character.
    package static func regionAsked(_ text: String) throws(DatabaseNameMistake) -> String {
        guard !text.isEmpty else { throw .emptyRegion }
        guard !text.utf8.contains(UInt8(ascii: "@")) else { throw .severalRegions }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else { throw .controlCharacter }
        return text
    }
}

/// Why a `dbname` or `domicile.region` cannot be read. None of these reaches the policy.
package enum DatabaseNameMistake: Error, Sendable, Hashable, CustomStringConvertible {
    case emptyDatabase
    case emptyRegion
    case severalRegions
    case controlCharacter

    package var description: String {
        switch self {
        case .emptyDatabase: return "the database name is empty"
        case .emptyRegion: return "the region asked for is empty"
        case .severalRegions: return "more than one region is asked for; expected database or database@region"
        case .controlCharacter: return "the database name holds a control character"
        }
    }
}
