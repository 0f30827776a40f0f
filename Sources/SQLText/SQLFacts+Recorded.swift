/// What the log says of a text: the words for its statements, and what they name.
extension SQLFacts {
    /// Relations that a record names; of more, it says how many.
    package static let recordedRelationLimit = 64

    /// Of all its statements, those inside others too, in the order in which they begin.
    package var recordedClasses: [String] {
        var classes: [String] = []
        for statement in statements {
            // The VALUES of an INSERT, or in a FROM, is no statement of its own to a reader.
            if statement.kind == .values, statement.range == nil { continue }
            let name = "\(statement.kind.recordedClass)"
            if !classes.contains(name) { classes.append(name) }
        }
        return classes
    }

    /// Of all that it names, as they can be written, each once.
    package var recordedRelations: [String] {
        var written: [String] = []
        var seen: Set<String> = []
        for relation in relations {
            let name = SQLFacts.quoted(relation.name)
            let whole = relation.schema.map { "\(SQLFacts.quoted($0)).\(name)" } ?? name
            if seen.insert(whole).inserted { written.append(whole) }
        }
        return written
    }

    /// A name as it can be written: in double quotes where it is not all lower case letters, digits and `_`.
    private static func quoted(_ name: String) -> String {
        var isPlain = true
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case 0x61...0x7a, 0x5f, 0x80...0xff: break
            case 0x30...0x39, 0x24: if index == 0 { isPlain = false }
            default: isPlain = false
            }
        }
        guard !isPlain || name.isEmpty else { return name }
        var out = "\""
        for character in name.unicodeScalars {
            if character == "\"" { out.unicodeScalars.append(character) }
            out.unicodeScalars.append(character)
        }
        return out + "\""
    }
}
