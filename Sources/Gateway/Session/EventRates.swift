/// How often each of many did something lately: a bucket each, which holds one second's worth. Bounded: whatever comes,
/// so many are remembered at once and no more. Pure: time is a parameter.
package struct EventRates<Key: Hashable & Sendable>: Sendable {
    /// What is done about one that is not remembered, where there is no room for it.
    package enum Beyond: Sendable {
        /// It may: those who fill the memory keep nobody else out.
        case allowed
        /// All of them have one bucket.
        case together
    }

    private struct Bucket {
        var tokens: Double
        var updated: UInt64
        /// When it was last said to be over its rate.
        var told: UInt64 = 0
    }

    private static var second: UInt64 { 1_000_000_000 }

    private let limit: Int
    private let beyond: Beyond
    private var buckets: [Key: Bucket] = [:]
    private var others: Bucket?
    private var swept: UInt64?

    /// - Parameter limit: how many are remembered at once.
    package init(limit: Int, beyond: Beyond) {
        self.limit = limit
        self.beyond = beyond
    }

    /// How many are remembered now.
    package var count: Int { buckets.count }

    /// One more of this key: whether it is within the rate.
    ///
    /// - Parameter now: monotonic nanoseconds.
    package mutating func take(_ key: Key, perSecond: Int, now: UInt64) -> Bool {
        guard hasPlace(key, now) else {
            switch beyond {
            case .allowed: return true
            case .together:
                let (bucket, isAllowed) = Self.taken(others, perSecond, now)
                others = bucket
                return isAllowed
            }
        }
        let (bucket, isAllowed) = Self.taken(buckets[key], perSecond, now)
        buckets[key] = bucket
        return isAllowed
    }

    /// Whether it should be said that this key is over its rate: once a second.
    package mutating func tells(_ key: Key, now: UInt64) -> Bool {
        guard let bucket = buckets[key] ?? others else { return false }
        guard bucket.told == 0 || now >= bucket.told &+ Self.second else { return false }
        if buckets[key] != nil {
            buckets[key]?.told = max(1, now)
        } else {
            others?.told = max(1, now)
        }
        return true
    }

    /// Whether the key is remembered, or there is room for it. Buckets that are full again are the same as none: they go,
    /// at most once a second.
    private mutating func hasPlace(_ key: Key, _ now: UInt64) -> Bool {
        guard buckets[key] == nil, buckets.count >= limit else { return true }
        if swept.map({ now >= $0 &+ Self.second }) ?? true {
            swept = now
            buckets = buckets.filter { now < $0.value.updated &+ Self.second }
        }
        return buckets.count < limit
    }

    private static func taken(_ known: Bucket?, _ perSecond: Int, _ now: UInt64) -> (Bucket, Bool) {
        let burst = Double(max(1, perSecond))
        var bucket = known ?? Bucket(tokens: burst, updated: now)
        let elapsed = Double(now >= bucket.updated ? now - bucket.updated : 0) / Double(second)
        bucket.tokens = min(burst, bucket.tokens + elapsed * Double(perSecond))
        // Workers' clocks stand a turn apart: time that was counted is not counted again.
        bucket.updated = max(bucket.updated, now)
        let isAllowed = bucket.tokens >= 1
        if isAllowed { bucket.tokens -= 1 }
        return (bucket, isAllowed)
    }
}
