import Gateway
import GatewayConfiguration
import GatewayIdentity
import Logging

/// One token before one configuration: the checks of a login, by the gateway's own code.
struct TokenExamination {
    struct Step {
        enum Outcome: String, Encodable { case passed, refused, skipped }
        var check: String
        var outcome: Outcome
        /// Why it is refused or skipped, or what is to be known besides.
        var detail: String?
    }

    struct Verdict {
        var steps: [Step]
        /// What an executor would be told; nil where it would be let in.
        var refusal: Refusal?
        /// `exp`: Unix seconds.
        var expires: Int64?
    }

    let configuration: Configuration
    let token: [UInt8]
    /// Unix seconds.
    let now: Int64
    private let service: IdentityService

    init(configuration: Configuration, token: [UInt8], now: Int64) {
        self.configuration = configuration
        self.token = token
        self.now = now
        service = IdentityService(
            issuers: configuration.issuers, leeway: configuration.leeway,
            tokenLimit: configuration.limits.token, logger: TokenExamination.silent)
    }

    private static let silent = Logger(label: "token", factory: { _ in SwiftLogNoOpLogHandler() })

    func verdict(introspects: Bool) async -> Verdict {
        let issuer = service.issuer(namedBy: token)
        if let issuer {
            await withCheckedContinuation { continuation in
                service.fetchKeys(issuer: issuer) { _ in continuation.resume() }
            }
        }
        let trace = service.trace(token, now: now)
        var verdict = Verdict(steps: [], refusal: nil, expires: trace.expires)
        verdict.refusal = trace.refusal.map { refusal in
            refusal == .keysUnavailable ? .keysUnavailable : .token(refusal)
        }
        for step in trace.steps {
            verdict.steps.append(shown(step, trace))
        }
        if let failure = holderFailure(trace) {
            if verdict.refusal == nil { verdict.refusal = .confirmation(failure) }
        }
        let revocation = revocationStep(trace)
        verdict.steps.append(revocation)
        if revocation.outcome == .refused, verdict.refusal == nil { verdict.refusal = .loginRevoked }
        if let step = await introspectionStep(asks: introspects, verdict) {
            verdict.steps.append(step.0)
            if verdict.refusal == nil { verdict.refusal = step.1 }
        }
        return verdict
    }

    private func shown(_ step: TokenTrace.Step, _ trace: TokenTrace) -> Step {
        var shown = Step(check: step.check.rawValue, outcome: .passed)
        switch step.verdict {
        case .passed: break
        case .skipped:
            shown.outcome = .skipped
            shown.detail = "cannot be judged"
        case .refused(let refusal):
            shown.outcome = .refused
            shown.detail = refusal.detail
        }
        if step.check == .expiry, let expires = trace.expires {
            let distance = TimeText.span(expires > now ? expires - now : now - expires)
            if step.verdict == .passed, expires > now { shown.detail = "lives for \(distance)" }
            if step.verdict == .passed, expires <= now {
                shown.detail = "over \(distance) ago, within leeway"
            }
            if step.verdict == .refused(.expired) {
                shown.detail = "The token expired \(distance) ago."
            }
        }
        if step.check == .confirmation, trace.confirmation != nil {
            let failure = holderFailure(trace)
            shown.outcome = failure == nil ? .passed : .refused
            shown.detail =
                failure.map { Refusal.confirmation($0).detail }
                ?? "only together with the executor's certificate that x5t#S256 names"
        }
        if step.check == .key, step.verdict == .refused(.keysUnavailable) {
            let reason = service.snapshot().first { $0.issuer == service.issuer(namedBy: token) }?.lastError
            if let reason { shown.detail = "The issuer's keys cannot be had: \(reason)." }
        }
        return shown
    }

    /// Why nobody could use the token here, whatever certificate they have.
    private func holderFailure(_ trace: TokenTrace) -> TokenConfirmation.Failure? {
        switch trace.confirmation {
        case nil: nil
        case .unprovable: .unprovable
        case .certificate:
            configuration.listeners.contains { $0.tls?.clientCA != nil } ? nil : .noCertificate
        }
    }

    private func revocationStep(_ trace: TokenTrace) -> Step {
        var step = Step(check: "revocation", outcome: .skipped)
        guard let claimed = trace.claimed else {
            step.detail = "cannot be judged"
            return step
        }
        do throws(RevocationStoreError) {
            guard let list = try RevocationStore.list(folder: configuration.state, now: now) else {
                step.detail = "there is no list of revocations in \(configuration.state)"
                return step
            }
            let (seconds, attoseconds) = configuration.leeway.components
            let isRevoked = list.revokes(
                issuer: claimed.issuer, subject: claimed.subject, tokenID: claimed.tokenID,
                issued: claimed.issued, leeway: seconds + (attoseconds > 0 ? 1 : 0))
            step.outcome = isRevoked ? .refused : .passed
            if isRevoked { step.detail = Refusal.loginRevoked.detail }
        } catch {
            step.detail = "the list of revocations cannot be read: \(error)"
        }
        return step
    }

    /// The issuer's own word; nil where its entry has no `introspection`.
    private func introspectionStep(asks: Bool, _ verdict: Verdict) async -> (Step, Refusal?)? {
        let step = Step(check: "introspection", outcome: .skipped)
        let issuer = service.issuer(namedBy: token)
        guard let entry = configuration.issuers.first(where: { $0.issuer == issuer }),
            entry.introspection != nil
        else { return nil }
        guard asks else {
            return (Step(check: step.check, outcome: .skipped, detail: "not asked (--introspect)"), nil)
        }
        guard verdict.refusal == nil, case .verified(let verified) = service.verify(token, now: now) else {
            return (Step(check: step.check, outcome: .skipped, detail: "the token is refused already"), nil)
        }
        let asked = IntrospectionService(issuers: configuration.issuers, logger: TokenExamination.silent)
        switch await asked.check(token, of: verified, now: now) {
        case .active: return (Step(check: step.check, outcome: .passed), nil)
        case .inactive:
            return (
                Step(check: step.check, outcome: .refused, detail: TokenRefusal.inactive.detail),
                .token(.inactive)
            )
        case .unavailable:
            return (
                Step(
                    check: step.check, outcome: .refused, detail: TokenRefusal.introspectionUnavailable.detail
                ),
                .introspectionUnavailable
            )
        }
    }
}
