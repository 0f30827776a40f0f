import GatewayGuard

/// A statement that the gateway refused: the replica gets one in its place that it is sure to fail, and its error is
/// replaced by the refusal (architecture: "Refusing a statement").
struct RefusedStatement {
    let message: UInt64
    /// What the replica's error names; empty where it names nothing of ours, and the message's turn tells.
    let nonce: [UInt8]
    /// The SQLSTATE that the replica's error has.
    let provoked: String
    let refusal: Refusal

    /// Whether an ErrorResponse is the one that was provoked.
    ///
    /// - Parameter oldest: the message that is answered now.
    func isAnswered(by body: Span<UInt8>, oldest: UInt64?) -> Bool {
        nonce.isEmpty ? oldest == message : body.holds(nonce)
    }
}

/// Why a frame is not forwarded, and what its record holds.
struct Refused {
    enum Record {
        /// The statement's length in bytes, or the message's where nil.
        case length(Int?)
        /// What it names: its text, the prepared statement, the function.
        case whole
    }

    let refusal: Refusal
    let verdict: StatementVerdict
    let record: Record

    init(_ refusal: Refusal, _ verdict: StatementVerdict? = nil, record: Record = .whole) {
        self.refusal = refusal
        self.verdict =
            verdict ?? StatementVerdict(isAllowed: false, classes: [], reasons: [refusal.message])
        self.record = record
    }

    /// What it counts as: the classes for which it is refused, else what is wrong with it.
    func countedClasses(_ rules: GuardRules) -> [String] {
        let forbidden = rules.refused.names
        let classes = verdict.classes.filter(forbidden.contains)
        guard classes.isEmpty else { return classes }
        if case .statementTooLong = refusal { return ["too_long"] }
        if case .statementUngathered = refusal { return ["no_memory"] }
        if case .statementTooComplex = refusal { return ["too_complex"] }
        if case .statementUnreadable = refusal { return ["unreadable"] }
        if case .beyondLogBudget = refusal { return ["over_budget"] }
        if case .overLogBudget = refusal { return ["over_budget"] }
        return ["other"]
    }
}

extension Span where Element == UInt8 {
    /// Whether the bytes occur in it.
    fileprivate func holds(_ needle: [UInt8]) -> Bool {
        guard !needle.isEmpty, needle.count <= count else { return false }
        for start in 0...(count - needle.count) where self[start] == needle[0] {
            var index = 1
            while index < needle.count, self[start + index] == needle[index] { index += 1 }
            if index == needle.count { return true }
        }
        return false
    }
}
