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
    }

    let state: Mutex<State>
    let leeway: Duration
    let tokenLimit: Int
    let fetch: Fetch
    let uptime: @Sendable () -> Duration
    let logger: Logger

    /// Keys are not fetched before `start`, `run` or `fetchKeys`.
    /// - Parameters:
    ///   - leeway: allowed difference of clocks for exp, nbf and iat.
    ///   - tokenLimit: bytes a token may have.
    package convenience init(issuers: [Issuer], leeway: Duration, tokenLimit: Int, logger: Logger) {
        let started = ContinuousClock.now
        let fetcher = KeyFetcher()
        self.init(
            issuers: issuers, leeway: leeway, tokenLimit: tokenLimit, logger: logger,
            fetch: { await fetcher.document(of: $0) }, uptime: { started.duration(to: .now) })
    }

    /// With fetching and the monotonic clock as parameters.
    package init(
        issuers: [Issuer], leeway: Duration, tokenLimit: Int, logger: Logger, fetch: @escaping Fetch,
        uptime: @escaping @Sendable () -> Duration
    ) {
        self.leeway = leeway
        self.tokenLimit = tokenLimit
        self.logger = logger
        self.fetch = fetch
        self.uptime = uptime
        let now = uptime()
        var state = State()
        for issuer in issuers { state.append(issuer, now: now) }
        self.state = Mutex(state)
    }

    /// Checks a token: form, issuer, algorithm, claims, then the signature by a key that the issuer
    /// publishes.
    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - afterFetch: `fetchKeys` has completed for this token, whatever came of it: the answer is never
    ///     `needsKeys` then.
    package func verify(_ token: [UInt8], now: Int64, afterFetch: Bool = false) -> Verification {
        switch verifier().verify(token, now: now) {
        case .verified(let token): return .verified(token)
        case .refused(let refusal): return .refused(refusal)
        case .lacksKey(let refusal, let issuer):
            guard afterFetch else { return .needsKeys(issuer: issuer) }
            // Whether the key is published is known only where the last try had an answer.
            return .refused(lastFetchFailed(of: issuer) ? .keysUnavailable : refusal)
        }
    }

    func lastFetchFailed(of issuer: String) -> Bool {
        state.withLock { state in state.index(of: issuer).map { state.entries[$0].lastFailure != nil } ?? true
        }
    }

    func verifier() -> TokenVerifier {
        let uptime = uptime()
        return state.withLock { state in
            let sources = state.entries.map {
                TokenVerifier.Source(issuer: $0.issuer, keys: $0.keys.usableKeys(now: uptime))
            }
            return TokenVerifier(sources: sources, leeway: leeway, tokenLimit: tokenLimit)
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
