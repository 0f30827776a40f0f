/// The two-phase transactions that a session's texts prepare and end, until the replica has said what became of them: a name is
/// nobody's by its being sent (architecture.md, rule 6).
struct TransactionTexts {
    /// A CommandComplete of PREPARE TRANSACTION, COMMIT PREPARED or ROLLBACK PREPARED.
    struct Tag {
        /// The Query, or the Parse of what was executed.
        let message: UInt64
        let isPrepared: Bool
    }

    private struct Names {
        let message: UInt64
        /// A Query runs once; what a Parse prepared may run often.
        let isQuery: Bool
        var prepared: [String]
        var ended: [String]
    }

    /// Texts that are remembered; of the oldest no answer is told any more.
    static let limit = 256

    private var texts: [Names] = []

    /// Something was sent of which no answer has told yet, or may tell again.
    var isWaited: Bool { !texts.isEmpty }

    mutating func note(_ message: UInt64, isQuery: Bool, prepared: [String], ended: [String]) {
        if texts.count == TransactionTexts.limit { texts.removeFirst() }
        texts.append(Names(message: message, isQuery: isQuery, prepared: prepared, ended: ended))
    }

    /// Whether a text that was sent prepares one of these.
    func isPreparing(_ names: [String]) -> Bool {
        guard !names.isEmpty else { return false }
        return texts.contains { text in names.contains { text.prepared.contains($0) } }
    }

    /// The name of what was done; a Query's statements are answered in their order.
    mutating func settle(_ tag: Tag) -> String? {
        guard let at = texts.firstIndex(where: { $0.message == tag.message }) else { return nil }
        guard texts[at].isQuery else {
            return tag.isPrepared ? texts[at].prepared.first : texts[at].ended.first
        }
        if tag.isPrepared { return texts[at].prepared.isEmpty ? nil : texts[at].prepared.removeFirst() }
        return texts[at].ended.isEmpty ? nil : texts[at].ended.removeFirst()
    }

    /// All that was sent has been answered: what has not been done by now was refused.
    mutating func answered() { texts.removeAll(where: \.isQuery) }
}
