import GatewayIdentity
import GatewayRouting
import Transport

/// Revocation and kill: what an operator does to a session.
extension Session {
    /// Whether the session's token is revoked now. Looked up each time, whatever else of a token is remembered.
    var isRevoked: Bool {
        guard let token = identity.token else { return false }
        return context.revocations.revokes(token, leeway: generation.configuration.leeway)
    }

    /// What happened since the token was verified (architecture, rule 9). The session has been known by its token since
    /// then, so that a revocation finds it, too; this is the last look before its start is recorded.
    func refusalBeforeStart(_ verified: VerifiedToken) -> Refusal? {
        if isRevoked { return .loginRevoked }
        let left = Duration.microseconds(verified.expires * 1_000_000 - context.platform.wall())
        return left + generation.configuration.leeway > .zero ? nil : .token(.expired)
    }

    /// Something was revoked: ends the session where it was its token.
    ///
    /// - Returns: the session, where it ended.
    func revocationsChanged() -> SessionSummary? {
        guard isRevoked, let summary else { return nil }
        // Before AuthenticationOk it is a login that is refused.
        if isEstablished { context.counters.sessionsRevoked.increase() }
        end(isEstablished && outboundWaitsFor == 0 ? .revoked : .loginRevoked)
        return summary
    }

    // MARK: Introspection, again

    /// Sets the timer for when the issuer's last word about the token counts no more.
    func scheduleIntrospection() {
        guard let liveToken, let verified = identity.token else { return }
        // Its end is its expiry, which the issuer would say again as `active: false`.
        guard verified.expires * 1_000_000 > context.platform.wall() else { return }
        let isConcerned = context.introspection.concerns(verified)
        schedule(
            .introspection,
            after: liveToken.machine.pause(
                remembered: isConcerned ? context.introspection.remembered(liveToken.bytes) : nil))
    }

    func askAgain() {
        guard isEstablished, let liveToken, let verified = identity.token else { return }
        let (address, context) = (address, context)
        context.introspection.checkAgain(
            liveToken.bytes, of: verified, now: context.platform.wall() / 1_000_000
        ) { answer in
            context.post(.introspectedAgain(address, answer), to: address.worker)
        }
    }

    func introspectedAgain(_ answer: LiveIntrospection.Answer) {
        guard isEstablished else { return }
        switch liveToken?.machine.answered(answer) {
        case .goOn: scheduleIntrospection()
        case .tryAgain(let pause): schedule(.introspection, after: pause)
        case .endInactive:
            guard let verified = identity.token, verified.expires * 1_000_000 > context.platform.wall() else {
                return
            }
            context.counters.sessionsRevoked.increase()
            end(outboundWaitsFor == 0 ? .inactive : .token(.inactive))
        case .endUnanswered: end(outboundWaitsFor == 0 ? .introspectionLost : .introspectionUnavailable)
        case nil: break
        }
    }

    /// What operators see of the session; nil while its token is not verified, and when it has ended.
    var summary: SessionSummary? {
        let state: SessionSummary.State
        var statements = 0
        switch phase {
        case .introspecting, .connecting: state = .connecting
        case .relaying(let relay):
            statements = relay.recorder.statements
            state = relay.drainReason != nil ? .draining : relay.isReplicaBusy ? .active : .idle
        case .operating(let console):
            statements = console.statements
            state = console.drainReason != nil ? .draining : console.isAtIdle ? .idle : .active
        case .negotiating, .handshaking, .authenticating, .verifying, .challenged, .cancelling, .leaving,
            .closed:
            return nil
        }
        guard let token = identity.token else { return nil }
        var summary = SessionSummary(session: name, state: state, token: token, client: client.description)
        summary.region = identity.region
        summary.replica = identity.replica?.replica
        summary.database = identity.database
        summary.role = identity.decision?.role
        summary.application = identity.application.map { String(decoding: $0, as: UTF8.self) }
        summary.rule = identity.decision?.rule
        summary.durationMicroseconds = (worker.loop.now &- started) / 1000
        summary.statements = statements
        summary.bytesIn = executor.bytesRead
        summary.bytesOut = executor.bytesWritten
        return summary
    }
}
