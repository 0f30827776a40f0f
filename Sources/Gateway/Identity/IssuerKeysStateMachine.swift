/// When one issuer's keys may be fetched, and how long they serve. Pure: time comes in as a reading of a
/// monotonic clock, fetching is the driver's.
///
/// Keys are fetched for two reasons: by schedule, and on demand, when a token names a key that is not there.
/// What an executor writes into `kid` is free to choose, so demand is bounded: one fetch in flight for all
/// who wait, 30 s between demands counted from the try whatever came of it, and none where two tries of
/// either kind lie within 30 s. While there are no keys that serve nobody can log in, whatever tokens say: then the
/// schedule tries again after 1 s, 2 s, 4 s and so on up to 30 s.
package struct IssuerKeysStateMachine: Sendable {
    package static let coolDown: Duration = .seconds(30)
    package static let triesInCoolDown = 2
    /// After a first failure without keys that serve: the provider may be starting beside the gateway. Doubled with
    /// each further one, up to `coolDown`.
    package static let firstRetry: Duration = .seconds(1)

    package enum Action: Hashable, Sendable {
        case fetch
        /// A fetch is in flight already.
        case wait
        case coolingDown(retryAfter: Duration)
    }

    private struct Loaded {
        var keys: KeySet
        var at: Duration
    }

    private let refresh: Duration
    private let maxAge: Duration
    private var loaded: Loaded?
    private var tries: [Duration] = []
    private var lastDemand: Duration?
    private var nextRefresh: Duration
    private var inFlight = false
    /// Failures in a row while no keys served.
    private var failuresWithoutKeys = 0
    package private(set) var fetches = 0
    package private(set) var failures = 0
    /// Counts the key sets: it stays where a fetch brings the same one again.
    package private(set) var version: UInt64 = 0

    /// - Parameters:
    ///   - refresh: age at which keys are fetched again by schedule; half of `maxAge` where that is less, so that they
    ///     do not age out while their provider is well.
    ///   - maxAge: age beyond which they no longer serve.
    package init(refresh: Duration, maxAge: Duration, now: Duration) {
        self.refresh = min(refresh, maxAge / 2)
        self.maxAge = maxAge
        nextRefresh = now
    }

    /// The keys that may verify tokens now; nil where there never were any or they have aged out.
    package func usableKeys(now: Duration) -> KeySet? {
        guard let loaded, now - loaded.at <= maxAge else { return nil }
        return loaded.keys
    }

    /// The first moment at which the keys no longer serve.
    private var ageOut: Duration? { loaded.map { $0.at + maxAge + .milliseconds(1) } }

    /// How old the keys are, usable or not.
    package func age(now: Duration) -> Duration? { loaded.map { now - $0.at } }

    /// A token needs keys that are not there.
    package mutating func keysDemanded(now: Duration) -> Action {
        if inFlight { return .wait }
        if let lastDemand, now - lastDemand < Self.coolDown {
            return .coolingDown(retryAfter: Self.coolDown - (now - lastDemand))
        }
        let recent = recentTries(now: now)
        if recent.count >= Self.triesInCoolDown, let oldest = recent.first {
            return .coolingDown(retryAfter: Self.coolDown - (now - oldest))
        }
        lastDemand = now
        begin(now: now)
        return .fetch
    }

    /// Time has passed: whether the schedule asks for a fetch now, which then counts as begun.
    package mutating func refreshDue(now: Duration) -> Bool {
        guard !inFlight, now >= nextRefresh else { return false }
        guard usableKeys(now: now) == nil || recentTries(now: now).count < Self.triesInCoolDown else {
            return false
        }
        begin(now: now)
        return true
    }

    /// The file that holds the keys has changed: the next `refreshDue` fetches.
    package mutating func sourceChanged(now: Duration) {
        nextRefresh = min(nextRefresh, now)
    }

    /// - Parameter jitter: 0…1, so that many gateways do not ask at the same moment.
    package mutating func keysFetched(_ keys: KeySet, now: Duration, jitter: Double) {
        inFlight = false
        failuresWithoutKeys = 0
        if loaded?.keys.fingerprint != keys.fingerprint { version += 1 }
        loaded = Loaded(keys: keys, at: now)
        nextRefresh = now + refresh * (1 - 0.2 * min(max(jitter, 0), 1))
    }

    /// The known keys stay: an answer that is not whole never empties the set.
    package mutating func fetchFailed(now: Duration) {
        inFlight = false
        failures += 1
        guard usableKeys(now: now) == nil else {
            // They may age out before the next try, which then is due at once.
            nextRefresh = min(now + Self.coolDown, ageOut ?? .zero)
            return
        }
        failuresWithoutKeys += 1
        nextRefresh = now + min(Self.firstRetry * (1 << min(failuresWithoutKeys - 1, 5)), Self.coolDown)
    }

    private mutating func begin(now: Duration) {
        inFlight = true
        fetches += 1
        tries = recentTries(now: now) + [now]
    }

    private func recentTries(now: Duration) -> [Duration] {
        tries.filter { now - $0 < Self.coolDown }
    }
}
