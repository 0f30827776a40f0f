import Crypto
import GatewayConfiguration

/// Tokens that were found good lately, by the SHA-256 of their bytes, so that the next login with the same one costs no
/// signature. Pure: time is a parameter.
///
/// It only ever says again what the whole verification said of the same bytes, on the same basis and within the same
/// times; of all else it says nothing, and the whole verification decides. The token itself is not kept. Who holds it, and
/// whether it was revoked or is still active, is asked at each login, whether a token is remembered or not (F-ID-14).
struct TokenMemory {
    /// What a verification rested upon besides the token and the time.
    struct Basis: Hashable {
        /// Counts the configurations that were taken over.
        var configuration: UInt64
        /// The issuer's entry: another number after a reload that changes where its keys come from.
        var issuer: UInt64
        /// Counts the issuer's key sets: a key that was withdrawn ends what it signed.
        var keys: UInt64
    }

    private struct Entry {
        var token: VerifiedToken
        var basis: Basis
        /// When it was verified, Unix seconds. Before that, on a clock that was set back, nbf and iat may not hold.
        var since: Int64
        var bytes: Int
    }

    /// Bytes of tokens that are kept in mind for each token that may be: what is kept of one is some times its size.
    static let bytesEach = 4 << 10

    private var limit: Int
    private var entries: [SHA256.Digest: Entry] = [:]
    /// The digests of `entries` in the order that they came in, from `first` on.
    private var order: [SHA256.Digest] = []
    private var first = 0
    private var bytes = 0
    /// Verifications that were answered from memory, and those that were not.
    private(set) var hits = 0
    private(set) var misses = 0

    /// - Parameter limit: how many tokens are remembered at most; 0: none.
    init(limit: Int) { self.limit = limit }

    var count: Int { entries.count }

    /// What was said of these bytes, where it would be said again now.
    ///
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - isCurrent: whether a verification on that basis would rest upon the same today.
    mutating func recall(
        _ digest: SHA256.Digest, now: Int64, leeway: Duration, isCurrent: (Basis) -> Bool
    ) -> VerifiedToken? {
        guard let entry = entries[digest], now >= entry.since,
            Double(now) < Double(entry.token.expires) + leeway.inSeconds, isCurrent(entry.basis)
        else {
            misses += 1
            return nil
        }
        hits += 1
        return entry.token
    }

    /// The token of this digest was verified whole. The one that came in first goes where there is no room: if it is still
    /// in use, that costs one verification.
    mutating func remember(
        _ token: VerifiedToken, digest: SHA256.Digest, bytes size: Int, now: Int64, basis: Basis
    ) {
        let room = limit * TokenMemory.bytesEach
        guard limit > 0, size <= room else { return }
        if let old = entries[digest] {
            // Same bytes, on a newer basis.
            bytes -= old.bytes
        } else {
            while entries.count >= limit || bytes + size > room { forgetFirst() }
            order.append(digest)
        }
        entries[digest] = Entry(token: token, basis: basis, since: now, bytes: size)
        bytes += size
    }

    /// A configuration was taken over: nothing that was said before it counts.
    mutating func reconfigured(limit: Int) {
        self.limit = limit
        entries = [:]
        order = []
        first = 0
        bytes = 0
    }

    private mutating func forgetFirst() {
        guard first < order.count else { return }
        if let gone = entries.removeValue(forKey: order[first]) { bytes -= gone.bytes }
        first += 1
        guard first > 64, first * 2 > order.count else { return }
        order.removeFirst(first)
        first = 0
    }
}

/// How tokens are judged, beside the issuers' own entries.
package struct TokenSettings: Sendable, Hashable {
    /// Allowed difference of clocks for exp, nbf and iat.
    package var leeway: Duration
    /// Bytes a token may have.
    package var tokenLimit: Int
    /// Verified tokens that are remembered at most; 0: none.
    package var remembered: Int

    package init(leeway: Duration, tokenLimit: Int, remembered: Int) {
        self.leeway = leeway
        self.tokenLimit = tokenLimit
        self.remembered = remembered
    }

    package init(of configuration: Configuration) {
        leeway = configuration.leeway
        tokenLimit = configuration.limits.token
        remembered = configuration.limits.rememberedTokens
    }
}

/// What `/metrics` shows of the tokens that are remembered.
package struct TokenMemoryStatus: Sendable, Hashable {
    /// Tokens remembered now, those that are of no use any more included until others take their place.
    package let count: Int
    /// Verifications that were answered from memory, and all others, whatever came of them.
    package let hits: Int
    package let misses: Int

    package init(count: Int, hits: Int, misses: Int) {
        self.count = count
        self.hits = hits
        self.misses = misses
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
