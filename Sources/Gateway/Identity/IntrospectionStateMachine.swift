/// What is known of tokens that issuers were asked about. Pure: time comes in as a reading of a monotonic clock,
/// asking is the driver's. Only `active: true` is remembered, for the configured time and no longer than the token
/// lives; `active: false` and failures never are.
package struct IntrospectionStateMachine: Sendable {
    /// Tokens that are remembered at a time.
    package static let remembered = 10_000
    /// Questions under way at a time.
    package static let asking = 256

    package enum Action: Hashable, Sendable {
        /// It was said to be active a moment ago.
        case active
        case ask
        /// The same token is being asked about.
        case wait
        case busy
    }

    /// Digest of a token.
    package typealias Key = [UInt8]

    private var active: [Key: Duration] = [:]
    private var inFlight: Set<Key> = []

    package init() {}

    package mutating func tokenReceived(_ key: Key, now: Duration) -> Action {
        if let until = active[key] {
            if now < until { return .active }
            active[key] = nil
        }
        if inFlight.contains(key) { return .wait }
        guard inFlight.count < Self.asking else { return .busy }
        inFlight.insert(key)
        return .ask
    }

    /// For how long it is still known to be active; zero where it has to be asked.
    package func remembered(_ key: Key, now: Duration) -> Duration {
        active[key].map { max(.zero, $0 - now) } ?? .zero
    }

    /// - Parameter lifetime: how long it may be remembered; nil where it is not active, or nobody knows.
    package mutating func answered(_ key: Key, rememberFor lifetime: Duration?, now: Duration) {
        inFlight.remove(key)
        guard let lifetime, lifetime > .zero else { return }
        if active.count >= Self.remembered { active = active.filter { $0.value > now } }
        guard active.count < Self.remembered else { return }
        active[key] = now + lifetime
    }

    /// The configuration changed: what was said under the old one does not count.
    package mutating func forget() { active = [:] }
}
