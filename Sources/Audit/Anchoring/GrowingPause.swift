/// How long something that failed is left alone: twice as long after each failure, up to a limit.
package struct GrowingPause: Sendable, Equatable {
    private let first: Duration
    private let longest: Duration
    private var next: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
        next = first
    }

    /// It failed (once more).
    /// - Returns: the time until the next try.
    package mutating func failed() -> Duration {
        defer { next = min(longest, next * 2) }
        return next
    }

    package mutating func succeeded() { next = first }
}
