/// What the statements that Parse messages prepared in one session were judged as, by the message's number.
package struct PreparedTexts: Sendable {
    /// Named statements that are remembered; of more, the oldest are forgotten, and refused where something is
    /// forbidden.
    package static let limit = 4096
    /// Unnamed ones: a Bind means the last that was sent, or one before it where the server passed over those behind it.
    package static let unnamedLimit = 256

    package enum Found {
        /// Judged by the policy and the catalogue that hold now.
        case current
        /// Judged by others.
        case earlier([JudgedText])
        case unknown
    }

    private struct Entry {
        /// The ways it can be read.
        var texts: [JudgedText]
        var verdict: UInt64
    }

    private var named: [UInt64: Entry] = [:]
    private var unnamed: [(message: UInt64, entry: Entry)] = []

    package init() {}

    /// - Parameter verdict: the number of the policy and catalogue that it was judged by.
    package mutating func note(_ texts: [JudgedText], of message: UInt64, isNamed: Bool, verdict: UInt64) {
        let entry = Entry(texts: texts, verdict: verdict)
        guard isNamed else {
            if unnamed.count == PreparedTexts.unnamedLimit { unnamed.removeFirst() }
            return unnamed.append((message, entry))
        }
        if named.count >= PreparedTexts.limit {
            let oldest = named.keys.sorted().prefix(PreparedTexts.limit / 2)
            for message in oldest { named.removeValue(forKey: message) }
        }
        named[message] = entry
    }

    package func find(_ message: UInt64, verdict: UInt64) -> Found {
        guard let entry = unnamed.last(where: { $0.message == message })?.entry ?? named[message] else {
            return .unknown
        }
        return entry.verdict == verdict ? .current : .earlier(entry.texts)
    }
}
