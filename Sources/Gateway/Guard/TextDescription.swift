import Audit
import SQLText

/// What the log says of a text beside the text: `fingerprint`, `class`, `relations`. Encoded once, with its judgement.
enum TextDescription {
    /// Relations that are named; of more, the list says how many.
    static let relationLimit = 64
    /// Room for the longest list of relations (`RecordBatch.listLimit`) and the other two.
    private static let recordLimit = 16 << 10

    static func encode(_ facts: SQLFacts) -> RecordFragment {
        RecordBatch.fragment(recordLimit: recordLimit) { batch in
            if let fingerprint = facts.fingerprint { batch.add("fingerprint", hex: fingerprint) }
            let classes = classes(facts)
            if !classes.isEmpty { batch.add("class", classes.joined(separator: ",")) }
            let relations = relations(facts)
            if !relations.isEmpty { batch.add("relations", relations, atMost: relationLimit) }
        }
    }

    /// Of all its statements, those inside others too, in the order in which they begin.
    private static func classes(_ facts: SQLFacts) -> [String] {
        var classes: [String] = []
        for statement in facts.statements {
            // The VALUES of an INSERT, or in a FROM, is no statement of its own to a reader.
            if statement.kind == .values, statement.range == nil { continue }
            let name = "\(statement.kind.recordedClass)"
            if !classes.contains(name) { classes.append(name) }
        }
        return classes
    }

    private static func relations(_ facts: SQLFacts) -> [String] {
        var relations: [String] = []
        var seen: Set<String> = []
        for relation in facts.relations {
            let name = quoted(relation.name)
            let written = relation.schema.map { "\(quoted($0)).\(name)" } ?? name
            if seen.insert(written).inserted { relations.append(written) }
        }
        return relations
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
