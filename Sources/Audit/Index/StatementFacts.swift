import Audit
import SQLText

/// What is known of a statement's text: as its record says, or, where it does not (`capture.describe: false`), as the
/// gateway would have said.
struct StatementFacts: Sendable, Equatable {
    var classes: [String] = []
    var relations: [String] = []
    /// 16 hex digits.
    var fingerprint: String?

    /// By their bytes, of records that do not say it themselves.
    struct Memory {
        private var known: [ArraySlice<UInt8>: StatementFacts] = [:]

        mutating func facts(_ record: RecordScanner) -> StatementFacts? {
            if record.has(.fingerprint) || record.has(.classes) || record.has(.relations) {
                return StatementFacts(written: record)
            }
            // Of a text that goes on in other records, this is not the whole.
            guard let raw = record.rawText(.sql), !record.has(.sqlBytes),
                raw.count <= IndexLimits.describedBytes
            else { return record.has(.sql) ? StatementFacts() : nil }
            if let facts = known[raw] { return facts }
            let facts = record.text(.sql).map { StatementFacts(reading: $0) } ?? StatementFacts()
            if known.count >= IndexLimits.rememberedTexts { known.removeAll() }
            known[ArraySlice(Array(raw))] = facts
            return facts
        }
    }

    init() {}

    private init(written record: RecordScanner) {
        classes = record.texts(.classes).flatMap { $0.split(separator: ",").map(String.init) }
        relations = record.texts(.relations)
        fingerprint = record.text(.fingerprint)
    }

    private init(reading sql: String) {
        guard case .facts(let facts) = SQLText.read(Array(sql.utf8).span, fingerprint: true) else { return }
        classes = facts.recordedClasses
        relations = Array(facts.recordedRelations.prefix(SQLFacts.recordedRelationLimit))
        fingerprint = facts.fingerprint.map { value in
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
    }
}
