/// What the statements that Parse messages prepared in one session were judged as, by the message's number.
package struct PreparedTexts: Sendable {
    /// Named statements that are remembered; of more, those that were not used for longest are forgotten, and refused
    /// where something is forbidden.
    package static let limit = 4096
    /// Bytes of memory that their texts may take, an estimate.
    package static let byteLimit = 16 << 20
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
        /// When it was used last, of all uses.
        var used: UInt64 = 0

        var bytes: Int { texts.reduce(0) { $0 + $1.bytes } }
    }

    private var named: [UInt64: Entry] = [:]
    private var namedBytes = 0
    private var unnamed: [(message: UInt64, entry: Entry)] = []
    private var unnamedBytes = 0
    private var uses: UInt64 = 0
    /// What was found last, and holds: most sessions use one statement many times.
    private var last: (message: UInt64, verdict: UInt64)?

    package init() {}

    /// - Parameter verdict: the number of the policy and catalogue that it was judged by.
    package mutating func note(_ texts: [JudgedText], of message: UInt64, isNamed: Bool, verdict: UInt64) {
        last = nil
        let entry = Entry(texts: texts, verdict: verdict, used: nextUse())
        guard isNamed else { return noteUnnamed(entry, of: message) }
        if let replaced = named.updateValue(entry, forKey: message) { namedBytes -= replaced.bytes }
        namedBytes += entry.bytes
        if named.count > PreparedTexts.limit || namedBytes > PreparedTexts.byteLimit { forget(but: message) }
    }

    private mutating func noteUnnamed(_ entry: Entry, of message: UInt64) {
        unnamed.append((message, entry))
        unnamedBytes += entry.bytes
        while unnamed.count > 1,
            unnamed.count > PreparedTexts.unnamedLimit || unnamedBytes > PreparedTexts.byteLimit
        {
            unnamedBytes -= unnamed.removeFirst().entry.bytes
        }
    }

    /// Half of the names, or of the bytes, go: those that were not used for longest.
    private mutating func forget(but message: UInt64) {
        let oldest = named.filter { $0.key != message }.sorted { $0.value.used < $1.value.used }
        for (message, entry) in oldest {
            guard named.count > PreparedTexts.limit / 2 || namedBytes > PreparedTexts.byteLimit / 2 else {
                return
            }
            named.removeValue(forKey: message)
            namedBytes -= entry.bytes
        }
    }

    private mutating func nextUse() -> UInt64 {
        uses &+= 1
        return uses
    }

    /// It was judged again, and is allowed by the policy and catalogue of this number.
    package mutating func renew(_ message: UInt64, _ texts: [JudgedText], verdict: UInt64) {
        last = nil
        if let index = unnamed.lastIndex(where: { $0.message == message }) {
            unnamed[index].entry.texts = texts
            unnamed[index].entry.verdict = verdict
        } else {
            named[message]?.texts = texts
            named[message]?.verdict = verdict
        }
    }

    package mutating func find(_ message: UInt64, verdict: UInt64) -> Found {
        if let last, last == (message, verdict) { return .current }
        let found: Entry
        if let entry = unnamed.last(where: { $0.message == message })?.entry {
            found = entry
        } else if let entry = named[message] {
            found = entry
            let use = nextUse()
            named[message]?.used = use
        } else {
            return .unknown
        }
        guard found.verdict == verdict else { return .earlier(found.texts) }
        last = (message, verdict)
        return .current
    }
}
