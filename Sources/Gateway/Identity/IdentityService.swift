import Crypto
import GatewayConfiguration
import Logging
import Synchronization

/// Verifies tokens against the configured issuers and keeps their keys. Every method may be called from any
/// thread; none of them blocks.
package final class IdentityService: Sendable {
    /// Gets the JWKS of an issuer as JSON.
    package typealias Fetch = @Sendable (Issuer) async -> Result<[UInt8], KeyFetchFailure>

    struct Entry {
        var issuer: Issuer
        var keys: IssuerKeysStateMachine
        var lastFailure: KeyFetchFailure?
        var fileVersion: KeyFile.Version?
        var waiting: [@Sendable (KeysOutcome) -> Void] = []
        /// Tells an answer for this entry from one for an entry of the same name before a reload.
        var generation: UInt64
    }

    struct State {
        var entries: [Entry] = []
        var generation: UInt64 = 0
        var settings: TokenSettings
        /// Counts the configurations that were taken over.
        var configuration: UInt64 = 0
        var memory: TokenMemory
    }

    /// A verification: all it rests upon, as of one moment.
    private enum Check {
        case remembered(VerifiedToken)
        /// The verifier, and the basis of what it says by each of its sources.
        case whole(TokenVerifier, [TokenMemory.Basis])
    }

    let state: Mutex<State>
    let fetch: Fetch
    let uptime: @Sendable () -> Duration
    let logger: Logger

    /// Keys are not fetched before `start`, `run` or `fetchKeys`.
    /// - Parameters:
    ///   - leeway: allowed difference of clocks for exp, nbf and iat.
    ///   - tokenLimit: bytes a token may have.
    ///   - remembered: verified tokens that are remembered at most; 0: none.
    package convenience init(
        issuers: [Issuer], leeway: Duration, tokenLimit: Int, remembered: Int = 4096, logger: Logger
    ) {
        let started = ContinuousClock.now
        let fetcher = KeyFetcher()
        self.init(
            issuers: issuers, leeway: leeway, tokenLimit: tokenLimit, remembered: remembered, logger: logger,
            fetch: { await fetcher.document(of: $0) }, uptime: { started.duration(to: .now) })
    }

    /// With fetching and the monotonic clock as parameters.
    package init(
        issuers: [Issuer], leeway: Duration, tokenLimit: Int, remembered: Int = 4096, logger: Logger,
        fetch: @escaping Fetch, uptime: @escaping @Sendable () -> Duration
    ) {
        self.logger = logger
        self.fetch = fetch
        self.uptime = uptime
        let now = uptime()
        var state = State(
            settings: TokenSettings(leeway: leeway, tokenLimit: tokenLimit, remembered: remembered),
            memory: TokenMemory(limit: remembered))
        for issuer in issuers { state.append(issuer, now: now) }
        self.state = Mutex(state)
    }

    /// Checks a token: form, issuer, algorithm, claims, then the signature by a key that the issuer
    /// publishes. Of bytes that have passed all that before, on the same basis, it is remembered.
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - afterFetch: `fetchKeys` has completed for this token, whatever came of it: the answer is never
    ///     `needsKeys` then.
    package func verify(_ token: [UInt8], now: Int64, afterFetch: Bool = false) -> Verification {
        // Before the lock is taken, and of no more than a login can send (64 KiB).
        let digest = SHA256.hash(data: token)
        switch check(digest, now: now) {
        case .remembered(let verified): return .verified(verified)
        case .whole(let verifier, let bases):
            switch verifier.verify(token, now: now) {
            case .verified(let verified):
                if let index = verifier.sources.firstIndex(where: { $0.issuer.issuer == verified.issuer }) {
                    // Where keys or configuration changed meanwhile the basis is an old one: it is never recalled.
                    state.withLock {
                        $0.memory.remember(
                            verified, digest: digest, bytes: token.count, now: now, basis: bases[index])
                    }
                }
                return .verified(verified)
            case .refused(let refusal): return .refused(refusal)
            case .lacksKey(let refusal, let issuer):
                guard afterFetch else { return .needsKeys(issuer: issuer) }
                // Whether the key is published is known only where the last try had an answer.
                return .refused(lastFetchFailed(of: issuer) ? .keysUnavailable : refusal)
            }
        }
    }

    /// What is remembered, for `/metrics`.
    package var memory: TokenMemoryStatus {
        state.withLock {
            TokenMemoryStatus(count: $0.memory.count, hits: $0.memory.hits, misses: $0.memory.misses)
        }
    }

    func lastFetchFailed(of issuer: String) -> Bool {
        state.withLock { state in state.index(of: issuer).map { state.entries[$0].lastFailure != nil } ?? true
        }
    }

    /// By the keys that can be used now, without what is remembered.
    func verifier() -> TokenVerifier {
        let uptime = uptime()
        return state.withLock { state in
            TokenVerifier(
                sources: state.entries.map {
                    TokenVerifier.Source(issuer: $0.issuer, keys: $0.keys.usableKeys(now: uptime))
                }, leeway: state.settings.leeway, tokenLimit: state.settings.tokenLimit)
        }
    }

    private func check(_ digest: SHA256.Digest, now: Int64) -> Check {
        let uptime = uptime()
        return state.withLock { state in
            let bases = state.entries.map {
                TokenMemory.Basis(
                    configuration: state.configuration, issuer: $0.generation, keys: $0.keys.version)
            }
            let keys = state.entries.map { $0.keys.usableKeys(now: uptime) }
            let remembered = state.memory.recall(digest, now: now, leeway: state.settings.leeway) { basis in
                // Keys that have aged out verify nothing.
                bases.firstIndex(of: basis).map { keys[$0] != nil } ?? false
            }
            if let remembered { return .remembered(remembered) }
            let sources = zip(state.entries, keys).map {
                TokenVerifier.Source(issuer: $0.issuer, keys: $1)
            }
            let verifier = TokenVerifier(
                sources: sources, leeway: state.settings.leeway, tokenLimit: state.settings.tokenLimit)
            return .whole(verifier, bases)
        }
    }
}

extension IdentityService.State {
    mutating func append(_ issuer: Issuer, now: Duration) {
        generation += 1
        entries.append(
            IdentityService.Entry(
                issuer: issuer,
                keys: IssuerKeysStateMachine(
                    refresh: issuer.keysRefresh, maxAge: issuer.keysMaxAge, now: now),
                generation: generation))
    }

    func index(of issuer: String) -> Int? {
        entries.firstIndex { $0.issuer.issuer.utf8.elementsEqual(issuer.utf8) }
    }
}
