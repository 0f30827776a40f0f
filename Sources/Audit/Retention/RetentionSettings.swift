/// When a log's oldest segments are removed.
package struct RetentionSettings: Sendable {
    /// What hears of it.
    package enum Event: Sendable, Equatable {
        /// The records below `end` are gone; those from `first` on went just now.
        case removed(first: UInt64, end: UInt64)
        /// Why nothing can be removed at the moment, once; nil: it can be again.
        case trouble(AuditError?)
    }

    /// Age of its newest record at which a segment may be removed.
    package var age: Duration
    /// Why, for the record: the key of the configuration, and its value.
    package var reason: String
    /// The digest of the configuration that says so; nil: none does.
    package var policy: String?
    /// How often old segments are looked for.
    package var interval: Duration
    /// How long what cannot be done yet is left alone: twice as long each time.
    package var firstPause: Duration = .seconds(1)
    package var longestPause: Duration = .seconds(60)
    package var tell: @Sendable (Event) -> Void

    package init(
        age: Duration, reason: String, policy: String? = nil, interval: Duration = .seconds(3600),
        tell: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.age = age
        self.reason = reason
        self.policy = policy
        self.interval = interval
        self.tell = tell
    }
}
