/// What a server answers now beside what one answered in the capture, message by message.
///
/// Where one side has another message than the other, what follows on both is passed over up to the next ReadyForQuery,
/// so that one difference is told once.
package struct AnswerComparison: Sendable {
    package struct Difference: Equatable, Sendable {
        /// nil: nothing more was in the capture, or nothing more came.
        package let captured: String?
        package let played: String?

        package init(captured: String?, played: String?) {
            self.captured = captured
            self.played = played
        }
    }

    /// What to do about a captured answer.
    package enum Turn: Equatable, Sendable {
        /// Read the server's next answer, and say it by `received`.
        case read
        /// It stands behind a difference: go on with the next.
        case skip
    }

    private enum State: Equatable {
        case inStep
        /// Behind a difference. Whether the server's ReadyForQuery has been read already.
        case passing(isServerReady: Bool)
    }

    package private(set) var compared = 0
    package private(set) var differences: [Difference] = []
    private var expected: PlayedAnswer?
    private var state = State.inStep

    package init() {}

    /// The capture's next answer.
    package mutating func awaits(_ answer: PlayedAnswer) -> Turn {
        switch state {
        case .inStep: break
        case .passing(let isServerReady):
            guard answer.isReadyForQuery else { return .skip }
            if isServerReady {
                state = .inStep
                return .skip
            }
        }
        expected = answer
        return .read
    }

    /// What the server sent. True where the captured answer is done with; else it was noise or is passed over, and the
    /// next one is to be read.
    package mutating func received(_ answer: PlayedAnswer) -> Bool {
        guard let expected, !answer.isNoise else { return false }
        if case .passing = state {
            guard answer.isReadyForQuery else { return false }
            state = .inStep
            self.expected = nil
            return true
        }
        compared += 1
        if answer != expected { differences.append(Difference(captured: expected.line, played: answer.line)) }
        if answer.tag != expected.tag {
            state = .passing(isServerReady: answer.isReadyForQuery)
            // The capture is ready, and the server has more to say.
            if expected.isReadyForQuery { return false }
        }
        self.expected = nil
        return true
    }

    /// The server sends no more, or not in time.
    package mutating func ended(_ why: String) {
        differences.append(Difference(captured: expected?.line, played: why))
        expected = nil
    }
}
