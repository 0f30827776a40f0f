/// When the issuer of a live session's token is asked again whether it is active (RFC 7662), and what its answer means
/// for the session. Pure: asking, and the timer, are the session's.
package struct LiveIntrospection: Sendable {
    /// A session's token is asked about no oftener, whatever `cache` says: each session is a question.
    package static let shortestPause: Duration = .seconds(5)
    /// Where the issuer's entry has no `introspection` any more; a reload may bring it back.
    package static let idlePause: Duration = .seconds(60)
    /// Questions without an answer, one after the other, before the session ends: an issuer may be restarting.
    package static let tries = 3
    /// The same where the gateway had too many questions under way: its own fault, and so not that soon.
    package static let busyTries = 30
    package static let retryPause: Duration = .seconds(2)

    package enum Answer: Hashable, Sendable {
        case said(IntrospectionOutcome)
        /// As many questions are under way as may be, and `on_error: refuse` holds.
        case busy
    }

    package enum Action: Hashable, Sendable {
        /// The token is active: ask again when that counts no more.
        case goOn
        case tryAgain(after: Duration)
        /// The issuer says that the token is not active.
        case endInactive
        /// It said nothing, and `on_error: refuse` holds.
        case endUnanswered
    }

    private var unanswered = 0
    private var busy = 0

    package init() {}

    /// How long to wait before the next question.
    /// - Parameter remembered: how long the issuer's last word counts; nil where it is not to be asked.
    package func pause(remembered: Duration?) -> Duration {
        guard let remembered else { return Self.idlePause }
        return max(Self.shortestPause, remembered)
    }

    package mutating func answered(_ answer: Answer) -> Action {
        switch answer {
        case .said(.active):
            self = LiveIntrospection()
            return .goOn
        case .said(.inactive): return .endInactive
        case .said(.unavailable):
            unanswered += 1
            return unanswered < Self.tries ? .tryAgain(after: Self.retryPause) : .endUnanswered
        case .busy:
            busy += 1
            return busy < Self.busyTries ? .tryAgain(after: Self.retryPause) : .endUnanswered
        }
    }
}

/// A live session's token, kept to be asked about. Its bytes go to its issuer and nowhere else: no text form holds them.
package struct LiveToken: Sendable, CustomStringConvertible, CustomReflectable {
    package let bytes: [UInt8]
    package var machine = LiveIntrospection()

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
