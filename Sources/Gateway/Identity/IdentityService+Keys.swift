import GatewayConfiguration
import Logging

/// What became of a call of `fetchKeys`.
package enum KeysOutcome: Sendable, Hashable {
    case updated
    case failed(KeyFetchFailure)
    /// No fetch is allowed yet: the last try is too recent, whatever came of it.
    case coolingDown(retryAfter: Duration)
}

/// An issuer's keys as /readyz and the metrics show them.
package struct IssuerKeysStatus: Sendable, Hashable {
    package let issuer: String
    /// Whether tokens can be verified now.
    package let usable: Bool
    /// Keys of the last whole set, and the entries of it that were skipped.
    package let count: Int
    package let skipped: Int
    /// Seconds since the last whole set; nil where there never was one.
    package let ageSeconds: Int64?
    /// Of the last try, nil after a success. Safe to print.
    package let lastError: String?
    /// Tries since the issuer was configured, and those that failed.
    package let fetches: Int
    package let failures: Int
}

extension IdentityService {
    /// Verifies a token, with keys that are fetched first where they are missing.
    ///
    /// - Returns: what it came to, never `needsKeys`; and what became of the fetch, where there was one.
    package func verifyWithKeys(
        _ token: [UInt8], now: Int64
    ) async -> (verification: Verification, keys: KeysOutcome?) {
        let first = verify(token, now: now)
        guard case .needsKeys(let issuer) = first else { return (first, nil) }
        let keys = await withCheckedContinuation { continuation in
            fetchKeys(issuer: issuer) { continuation.resume(returning: $0) }
        }
        return (verify(token, now: now, afterFetch: true), keys)
    }

    /// Fetches an issuer's keys, or waits with others for a fetch in flight, or says that none is allowed
    /// now. Then verify again with `afterFetch: true`.
    /// - Parameter completion: called once, on any thread; before this returns, where nothing is fetched.
    package func fetchKeys(issuer: String, completion: @escaping @Sendable (KeysOutcome) -> Void) {
        let now = uptime()
        enum Answer {
            case begin(Issuer, UInt64)
            case waiting
            case now(KeysOutcome)
        }
        let answer = state.withLock { state -> Answer in
            guard let index = state.index(of: issuer) else { return .now(.failed(.issuerRemoved)) }
            switch state.entries[index].keys.keysDemanded(now: now) {
            case .coolingDown(let retryAfter): return .now(.coolingDown(retryAfter: retryAfter))
            case .wait:
                state.entries[index].waiting.append(completion)
                return .waiting
            case .fetch:
                state.entries[index].waiting.append(completion)
                return .begin(state.entries[index].issuer, state.entries[index].generation)
            }
        }
        switch answer {
        case .begin(let issuer, let generation): begin(issuer, generation)
        case .waiting: break
        case .now(let outcome): completion(outcome)
        }
    }

    /// Begins to fetch every issuer's keys that are due, and returns at once.
    package func start() {
        let now = uptime()
        let versions = fileVersions()
        let due = state.withLock { state in
            var due: [(Issuer, UInt64)] = []
            for index in state.entries.indices {
                if case .file(let path) = state.entries[index].issuer.keys {
                    let version = versions[path]
                    if version != state.entries[index].fileVersion {
                        state.entries[index].keys.sourceChanged(now: now)
                    }
                }
                guard state.entries[index].keys.refreshDue(now: now) else { continue }
                if case .file(let path) = state.entries[index].issuer.keys {
                    state.entries[index].fileVersion = versions[path]
                }
                due.append((state.entries[index].issuer, state.entries[index].generation))
            }
            return due
        }
        for (issuer, generation) in due { begin(issuer, generation) }
    }

    /// Fetches all keys at once, then keeps them fresh until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            start()
            do {
                try await Task.sleep(for: .seconds(1))
            } catch {
                return
            }
        }
    }

    /// Takes over the issuers of a new configuration. Those whose keys come from the same place keep them; tokens that
    /// were verified before are verified anew.
    /// - Parameter settings: nil: as they were.
    package func replaceIssuers(_ issuers: [Issuer], settings: TokenSettings? = nil) {
        let now = uptime()
        let orphans = state.withLock { state in
            let old = state.entries
            state.entries = []
            state.configuration += 1
            if let settings { state.settings = settings }
            state.memory.reconfigured(limit: state.settings.remembered)
            for issuer in issuers {
                if var kept = old.first(where: { $0.issuer.hasSameKeySource(as: issuer) }) {
                    kept.issuer = issuer
                    state.entries.append(kept)
                } else {
                    state.append(issuer, now: now)
                }
            }
            let generations = Set(state.entries.map(\.generation))
            return old.filter { !generations.contains($0.generation) }.flatMap(\.waiting)
        }
        for completion in orphans { completion(.failed(.issuerRemoved)) }
        start()
    }

    /// The state of each issuer's keys, in the configuration's order.
    package func snapshot() -> [IssuerKeysStatus] {
        let now = uptime()
        return state.withLock { state in
            state.entries.map { entry in
                let usable = entry.keys.usableKeys(now: now)
                return IssuerKeysStatus(
                    issuer: entry.issuer.issuer, usable: usable != nil, count: usable?.keys.count ?? 0,
                    skipped: usable?.skipped ?? 0, ageSeconds: entry.keys.age(now: now)?.components.seconds,
                    lastError: entry.lastFailure?.description, fetches: entry.keys.fetches,
                    failures: entry.keys.failures)
            }
        }
    }

    private func fileVersions() -> [String: KeyFile.Version] {
        let paths = state.withLock { state in
            state.entries.compactMap { entry -> String? in
                guard case .file(let path) = entry.issuer.keys else { return nil }
                return path
            }
        }
        var versions: [String: KeyFile.Version] = [:]
        for path in paths { versions[path] = KeyFile.version(of: path) }
        return versions
    }

    private func begin(_ issuer: Issuer, _ generation: UInt64) {
        Task.detached { [self] in
            let result = await fetch(issuer).flatMap(Self.keySet)
            finish(issuer, generation, result)
        }
    }

    private static func keySet(_ document: [UInt8]) -> Result<KeySet, KeyFetchFailure> {
        do {
            return .success(try KeySet(json: document))
        } catch {
            return .failure(.keySet(why: error.description))
        }
    }

    private func finish(_ issuer: Issuer, _ generation: UInt64, _ result: Result<KeySet, KeyFetchFailure>) {
        let now = uptime()
        let waiting = state.withLock { state -> [@Sendable (KeysOutcome) -> Void] in
            // After a reload the entry may be gone, and those who waited have been told.
            guard let index = state.entries.firstIndex(where: { $0.generation == generation }) else {
                return []
            }
            switch result {
            case .success(let keys):
                state.entries[index].keys.keysFetched(keys, now: now, jitter: .random(in: 0...1))
                state.entries[index].lastFailure = nil
            case .failure(let failure):
                state.entries[index].keys.fetchFailed(now: now)
                state.entries[index].lastFailure = failure
            }
            let waiting = state.entries[index].waiting
            state.entries[index].waiting = []
            return waiting
        }
        let outcome: KeysOutcome
        switch result {
        case .success(let keys):
            outcome = .updated
            logger.debug(
                "fetched an issuer's keys",
                metadata: [
                    "issuer": "\(issuer.issuer)", "keys": "\(keys.keys.count)", "skipped": "\(keys.skipped)",
                ])
        case .failure(let failure):
            outcome = .failed(failure)
            logger.warning(
                "could not fetch an issuer's keys",
                metadata: ["issuer": "\(issuer.issuer)", "reason": "\(failure.description)"])
        }
        for completion in waiting { completion(outcome) }
    }
}

extension Issuer {
    /// Whether the keys of two entries are the same ones: what else changed does not concern them.
    fileprivate func hasSameKeySource(as other: Issuer) -> Bool {
        issuer.utf8.elementsEqual(other.issuer.utf8) && keys == other.keys && ca == other.ca
            && keysRefresh == other.keysRefresh && keysMaxAge == other.keysMaxAge
    }
}
