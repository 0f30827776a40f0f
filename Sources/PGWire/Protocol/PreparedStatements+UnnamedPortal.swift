extension Pipeline {
    /// What an Execute of the unnamed portal would meet.
    package enum UnnamedPortalUse: UInt8, Equatable, Sendable {
        /// A portal that a Bind made, or none.
        case safe
        /// It depends on messages that are unanswered, and a Sync stands between: wait for the answers, then
        /// ask again.
        case unsettled
        /// What a failed Query may have left. An Execute of it always fails; but in a transaction block
        /// PostgreSQL reads memory that is gone, and where it crashes, every session on it ends (seen in
        /// 15.18 with a text of 100,000 bytes). Forward an Execute of a portal that cannot exist instead: the
        /// answer is the same error, 34000 or a skip.
        case leftByQuery
    }
}

/// Where the unnamed portal comes from.
struct UnnamedPortal {
    enum Origin { case nothing, bind, query }

    var known = Origin.nothing
    private var expected: (by: UInt64, origin: Origin, syncSince: Bool)?

    var use: Pipeline.UnnamedPortalUse {
        guard let expected else { return known == .query ? .leftByQuery : .safe }
        switch expected.origin {
        case .query: return .leftByQuery
        case .bind, .nothing: return expected.syncSince ? .unsettled : .safe
        }
    }

    mutating func expect(_ origin: Origin, by message: UInt64) {
        expected = (message, origin, false)
    }

    /// Behind a Sync an Execute is run even though the Bind before it failed.
    mutating func syncSent() {
        expected?.syncSince = true
    }

    mutating func forgetExpectation() {
        expected = nil
    }

    mutating func set(_ origin: Origin, by message: UInt64) {
        known = origin
        if expected?.by == message { expected = nil }
    }
}
