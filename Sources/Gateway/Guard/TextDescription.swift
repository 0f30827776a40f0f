import Audit
import SQLText

/// What the log says of a text beside the text: `fingerprint`, `class`, `relations`. Encoded once, with its judgement.
package enum TextDescription {
    /// Room for the longest list of relations (`RecordBatch.listLimit`) and the other two.
    private static let recordLimit = 16 << 10

    /// Of a text that the grammar does not take, or that is too much for it.
    package static let unparsed = RecordBatch.fragment(recordLimit: recordLimit) { $0.add("unparsed", true) }

    static func encode(_ facts: SQLFacts) -> RecordFragment {
        RecordBatch.fragment(recordLimit: recordLimit) { batch in
            if let fingerprint = facts.fingerprint { batch.add("fingerprint", hex: fingerprint) }
            let classes = facts.recordedClasses
            if !classes.isEmpty { batch.add("class", classes.joined(separator: ",")) }
            let relations = facts.recordedRelations
            if !relations.isEmpty {
                batch.add("relations", relations, atMost: SQLFacts.recordedRelationLimit)
            }
        }
    }
}
