/// Slows down whoever keeps sending tokens that are refused: the answer to such a token comes later, the more of them the
/// address has sent lately. Nothing else waits. A good token from the same address, behind the same NAT say, is let in at
/// once, and so nobody can be locked out by another's failures.
package struct LoginFailures {
    private struct Count {
        /// Failures that are not forgotten yet, as of `updated`.
        var failures: Double
        var updated: UInt64
    }

    /// Failures of an address that are answered at once.
    package static let free = 10
    /// What the first failure beyond those waits; each further one waits twice as long.
    package static let first = Duration.milliseconds(100)
    /// Failures that are counted of an address: one is forgotten each second, all of them within so many.
    package static let most = 20
    /// Addresses that are remembered at once. Beyond it a new one is answered at once.
    package static let rememberedAddresses = 10_000

    private static let second: UInt64 = 1_000_000_000
    private var counts: [[UInt8]: Count] = [:]
    private var swept: UInt64 = 0

    package init() {}

    /// Addresses that are remembered now.
    package var addresses: Int { counts.count }

    /// A token of this address was refused.
    ///
    /// - Parameters:
    ///   - limit: the longest that an answer is held back.
    ///   - now: monotonic nanoseconds.
    /// - Returns: how long this answer is held back.
    package mutating func failed(_ address: [UInt8], limit: Duration, now: UInt64) -> Duration {
        if counts[address] == nil, counts.count >= LoginFailures.rememberedAddresses {
            sweep(now)
            guard counts.count < LoginFailures.rememberedAddresses else { return .zero }
        }
        var count = counts[address] ?? Count(failures: 0, updated: now)
        let kept = LoginFailures.kept(count, now)
        count.failures = min(Double(LoginFailures.most), kept + 1)
        // Workers' clocks stand a turn apart: time that was counted is not counted again.
        count.updated = max(count.updated, now)
        counts[address] = count
        let beyond = Int(count.failures) - LoginFailures.free
        guard beyond > 0 else { return .zero }
        return min(limit, LoginFailures.first * (1 << (beyond - 1)))
    }

    /// Forgets the addresses whose failures are all forgotten, at most once a second.
    private mutating func sweep(_ now: UInt64) {
        guard swept == 0 || now >= swept &+ LoginFailures.second else { return }
        swept = max(1, now)
        counts = counts.filter { LoginFailures.kept($0.value, now) > 0 }
    }

    private static func kept(_ count: Count, _ now: UInt64) -> Double {
        let elapsed = now >= count.updated ? now - count.updated : 0
        return max(0, count.failures - Double(elapsed) / Double(second))
    }
}
