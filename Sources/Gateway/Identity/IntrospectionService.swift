import Crypto
import GatewayConfiguration
import Logging
import Synchronization

/// What introspection means for a login.
package enum IntrospectionOutcome: Sendable, Hashable {
    /// Active, or the issuer's entry has no `introspection`, or it gave no answer and `on_error: allow` holds.
    case active
    case inactive
    /// It gave no answer and `on_error: refuse` holds.
    case unavailable
}

/// Asks issuers whether verified tokens are active, where their entries say so (RFC 7662). Any thread may call, and
/// nothing blocks.
package final class IntrospectionService: Sendable {
    package typealias Ask =
        @Sendable (Introspection, _ ca: String?, _ token: [UInt8]) async -> Result<
            IntrospectionAnswer, IntrospectionFailure
        >

    private struct State {
        var issuers: [Issuer]
        var machine = IntrospectionStateMachine()
        var waiting: [IntrospectionStateMachine.Key: [@Sendable (IntrospectionOutcome) -> Void]] = [:]
        var warned: Duration?
    }

    /// A failure is logged when none was for so long: each live session's token is asked about.
    private static let warningPause: Duration = .seconds(1)

    private let state: Mutex<State>
    private let ask: Ask
    private let uptime: @Sendable () -> Duration
    private let logger: Logger

    package convenience init(issuers: [Issuer], logger: Logger) {
        let started = ContinuousClock.now
        let client = IntrospectionClient()
        self.init(
            issuers: issuers, logger: logger, ask: { await client.ask($0, ca: $1, token: $2) },
            uptime: { started.duration(to: .now) })
    }

    /// With asking and the monotonic clock as parameters.
    package init(
        issuers: [Issuer], logger: Logger, ask: @escaping Ask, uptime: @escaping @Sendable () -> Duration
    ) {
        self.ask = ask
        self.uptime = uptime
        self.logger = logger
        state = Mutex(State(issuers: issuers))
    }

    /// Takes over the issuers of a new configuration.
    package func replaceIssuers(_ issuers: [Issuer]) {
        state.withLock { state in
            if state.issuers.map(\.introspection) != issuers.map(\.introspection)
                || state.issuers.map(\.issuer) != issuers.map(\.issuer)
            {
                state.machine.forget()
            }
            state.issuers = issuers
        }
    }

    /// Whether the token's issuer wants to be asked.
    package func concerns(_ token: VerifiedToken) -> Bool { entry(of: token.issuer)?.introspection != nil }

    /// How long the issuer's last word about a token counts.
    package func remembered(_ token: [UInt8]) -> Duration {
        let key = Array(SHA256.hash(data: token))
        let now = uptime()
        return state.withLock { $0.machine.remembered(key, now: now) }
    }

    /// - Parameters:
    ///   - token: the token itself; it goes to its issuer and nowhere else.
    ///   - now: Unix seconds.
    ///   - completion: called once, on any thread; before this returns, where nothing is asked.
    package func check(
        _ token: [UInt8], of verified: VerifiedToken, now: Int64,
        completion: @escaping @Sendable (IntrospectionOutcome) -> Void
    ) {
        check(
            token, of: verified, now: now,
            whenBusy: { [self] in completion(outcome(.failure(.busy), $0, $1)) }, completion: completion)
    }

    /// The same for the token of a live session, which can wait for its turn.
    package func checkAgain(
        _ token: [UInt8], of verified: VerifiedToken, now: Int64,
        completion: @escaping @Sendable (LiveIntrospection.Answer) -> Void
    ) {
        check(
            token, of: verified, now: now,
            whenBusy: { _, introspection in
                switch introspection.onError {
                case .refuse: completion(.busy)
                case .allow: completion(.said(.active))
                }
            }, completion: { completion(.said($0)) })
    }

    private func check(
        _ token: [UInt8], of verified: VerifiedToken, now: Int64,
        whenBusy: (Issuer, Introspection) -> Void,
        completion: @escaping @Sendable (IntrospectionOutcome) -> Void
    ) {
        guard let issuer = entry(of: verified.issuer), let introspection = issuer.introspection else {
            return completion(.active)
        }
        let key = Array(SHA256.hash(data: token))
        let uptime = uptime()
        let action = state.withLock { state in
            let action = state.machine.tokenReceived(key, now: uptime)
            switch action {
            case .ask, .wait: state.waiting[key, default: []].append(completion)
            case .active, .busy: break
            }
            return action
        }
        switch action {
        case .active: completion(.active)
        case .wait: break
        case .busy: whenBusy(issuer, introspection)
        case .ask:
            Task.detached { [self] in
                let answer = await ask(introspection, issuer.ca, token)
                finish(key, issuer, introspection, answer, expires: verified.expires, now: now)
            }
        }
    }

    /// The same, awaited.
    package func check(_ token: [UInt8], of verified: VerifiedToken, now: Int64) async -> IntrospectionOutcome
    {
        await withCheckedContinuation { continuation in
            check(token, of: verified, now: now) { continuation.resume(returning: $0) }
        }
    }

    private func entry(of issuer: String) -> Issuer? {
        state.withLock { state in
            state.issuers.first { $0.issuer.utf8.elementsEqual(issuer.utf8) }
        }
    }

    private func finish(
        _ key: IntrospectionStateMachine.Key, _ issuer: Issuer, _ introspection: Introspection,
        _ answer: Result<IntrospectionAnswer, IntrospectionFailure>, expires: Int64, now: Int64
    ) {
        var lifetime: Duration?
        if case .success(let said) = answer, said.active {
            let (left, overflow) = min(expires, said.expires ?? expires).subtractingReportingOverflow(now)
            lifetime = min(introspection.cache, .seconds(overflow ? 0 : max(0, left)))
        }
        let uptime = uptime()
        let waiting = state.withLock { state in
            // An answer under a configuration that is gone is not remembered.
            let holds = state.issuers.contains {
                $0.issuer == issuer.issuer && $0.introspection == introspection
            }
            state.machine.answered(key, rememberFor: holds ? lifetime : nil, now: uptime)
            return state.waiting.removeValue(forKey: key) ?? []
        }
        let outcome = outcome(answer, issuer, introspection)
        for completion in waiting { completion(outcome) }
    }

    private func outcome(
        _ answer: Result<IntrospectionAnswer, IntrospectionFailure>, _ issuer: Issuer,
        _ introspection: Introspection
    ) -> IntrospectionOutcome {
        switch answer {
        case .success(let said): return said.active ? .active : .inactive
        case .failure(let failure):
            warn(of: failure, issuer, introspection)
            switch introspection.onError {
            case .refuse: return .unavailable
            case .allow: return .active
            }
        }
    }

    private func warn(of failure: IntrospectionFailure, _ issuer: Issuer, _ introspection: Introspection) {
        let now = uptime()
        let isDue = state.withLock { state in
            if let last = state.warned, now - last < Self.warningPause { return false }
            state.warned = now
            return true
        }
        guard isDue else { return }
        logger.warning(
            "an issuer does not say whether a token is active",
            metadata: [
                "issuer": "\(issuer.issuer)", "reason": "\(failure.description)",
                "on_error": "\(introspection.onError.rawValue)",
            ])
    }
}
