import Audit
import GatewayConfiguration
import GatewayPolicy
import GatewayRouting
import PGWire
import Transport

/// How long a session lives: its token's end, drains, and being decided again.
extension Session {
    private var override: SessionOverride { identity.decision?.session ?? SessionOverride() }
    private var expiryMode: ExpiryMode { override.expiry ?? settings.expiry }
    private var idleTimeout: Duration { override.idleTimeout ?? settings.idleTimeout }
    private var drainTimeout: Duration { override.drainTimeout ?? settings.drainTimeout }

    /// What parameters leave in the log: the rule's word before the configuration's.
    func parameterCapture(_ decision: Decision) -> ParameterCapture {
        capture(decision.capture.parameters ?? generation.configuration.audit.parameters)
    }

    /// What constants in SQL leave there, in the same way.
    var literalCapture: ParameterCapture {
        capture(identity.decision?.capture.literals ?? generation.configuration.audit.literals)
    }

    private func capture(_ word: Capture) -> ParameterCapture {
        switch word {
        case .keep: .keep
        case .hash: .hash(context.captureKey)
        case .drop: .drop
        }
    }

    /// Whether texts are read only to be described: the rule's word before the configuration's.
    var describesTexts: Bool {
        identity.decision?.capture.describe ?? generation.configuration.audit.describe
    }

    /// Whether COPYs' data leaves its digest in the log.
    func digestsCopies(_ decision: Decision) -> Bool {
        (decision.capture.copy ?? generation.configuration.audit.copy) == .digest
    }

    func scheduleLifetime(expires: Int64) {
        var end: (of: SessionNotice, after: Duration)?
        let lifetime = override.maxLifetime ?? settings.maxLifetime
        if lifetime > .zero {
            schedule(.maxLifetime, after: lifetime)
            end = (.lifetimeEnds, lifetime)
        }
        if idleTimeout > .zero { schedule(.idle, after: idleTimeout) }
        scheduleIntrospection()
        if expiryMode != .lifetime {
            let left = Duration.microseconds(expires * 1_000_000 - context.platform.wall())
            let remaining = max(.zero, left)
            schedule(.expiry, after: remaining)
            if end.map({ remaining <= $0.after }) ?? true { end = (.tokenExpires, remaining) }
        }
        let notice = override.expiryNotice ?? settings.expiryNotice
        // Of the two ends the first is told: the session sees no other.
        if let end, notice > .zero, end.after > notice {
            schedule(.expiryNotice(end.of), after: end.after - notice)
        }
    }

    func lifetimeTimerFired(_ timer: SessionTimer) {
        if case .operating(let console) = phase { return operatorTimerFired(timer, console) }
        guard case .relaying(let relay) = phase else {
            if case .newcomerDrain = timer { silenceEnded() }
            return
        }
        switch timer {
        case .expiryNotice(let notice): give(notice, relay)
        case .expiry: expire()
        case .maxLifetime: drain(.lifetimeReached)
        case .drainEnd: end(relay.drainReason ?? .tokenExpired)
        case .newcomerDrain:
            // The turn that follows ends it where it is idle.
            relay.isNewcomer = false
        case .idle: idleTimerFired(relay)
        case .introspection, .startup, .upstream, .linger, .heldBack, .cancel, .halfClosed, .catalog,
            .budget:
            break
        }
    }

    /// The wall clock is read again: it may have been set since the timer was.
    func expire() {
        let left = (identity.token?.expires ?? 0) * 1_000_000 - context.platform.wall()
        guard left <= 0 else { return schedule(.expiry, after: .microseconds(left)) }
        // Before AuthenticationOk it is a login that is refused.
        let refusal = outboundWaitsFor == 0 ? Refusal.tokenExpired : .token(.expired)
        switch expiryMode {
        case .kill: end(refusal)
        case .drain: drain(refusal)
        case .lifetime: break
        }
    }

    private func give(_ notice: SessionNotice, _ relay: Relay) {
        let fields = DiagnosticFields(
            severity: "NOTICE", sqlstate: "01000", message: notice.message, hint: notice.hint)
        var frame: [UInt8] = []
        guard (try? NoticeResponse(fields: fields).encode(into: &frame)) != nil else { return }
        relay.notice(frame)
    }

    private func idleTimerFired(_ relay: Relay) {
        let quiet = Duration.nanoseconds(Int64(clamping: worker.loop.now &- relay.lastActivity))
        guard relay.isAtIdle, quiet >= idleTimeout else {
            return schedule(.idle, after: max(.milliseconds(10), idleTimeout - min(quiet, idleTimeout)))
        }
        end(.idle)
    }

    /// Ends the session at its next idle moment, at the latest `drain_timeout` from now.
    func drain(_ reason: Refusal) {
        if case .operating(let console) = phase {
            guard console.drainReason == nil else { return }
            console.drainReason = reason
            if console.isAtIdle { return end(reason) }
            if case .shuttingDown = reason { return }
            return schedule(.drainEnd, after: drainTimeout)
        }
        guard case .relaying(let relay) = phase else {
            if case .cancelling = phase { return }
            // Another gateway will be here soon, and a login that is under way need not be refused for it.
            if case .shuttingDown = reason, context.handsOver {
                return schedule(.newcomerDrain, after: Session.newcomerAge)
            }
            return end(reason)
        }
        guard relay.drainReason == nil else { return }
        relay.drainReason = reason
        if case .shuttingDown = reason, context.handsOver { spare(relay) }
        if relay.isAtIdle, !relay.isNewcomer { return end(reason) }
        if case .shuttingDown = reason { return }
        schedule(.drainEnd, after: drainTimeout)
    }

    /// A session that lasts no longer than this is not cut by a hand-over.
    static let newcomerAge: Duration = .seconds(1)

    /// Who has not even asked for a login by now holds up the next gateway and everybody who waits for it.
    private func silenceEnded() {
        switch phase {
        case .negotiating, .handshaking: end(.shuttingDown)
        case .authenticating, .verifying, .introspecting, .challenged, .connecting, .relaying, .operating,
            .cancelling, .leaving, .closed:
            break
        }
    }

    private func spare(_ relay: Relay) {
        let age = Duration.nanoseconds(Int64(clamping: worker.loop.now &- relay.begun))
        guard age < Session.newcomerAge else { return }
        relay.isNewcomer = true
        schedule(.newcomerDrain, after: Session.newcomerAge - age)
    }

    /// A new configuration holds: a session that it would not allow ends; one that it allows goes on under it.
    func decideAgain(_ newer: Generation) {
        if case .operating = phase { return decideOperatorAgain(newer) }
        guard let request = identity.request, let old = identity.decision else { return }
        guard let decision = try? newer.policy.decide(request), decision.role == old.role,
            decision.access == old.access,
            newer.configuration.issuers.contains(where: { $0.issuer == request.principal.issuer })
        else { return decisionChanged() }
        switch phase {
        case .relaying(let relay):
            let region = identity.region ?? ""
            let isReplicaKnown =
                newer.configuration.database(named: old.database)?.replicas.contains {
                    $0.name == identity.replica?.replica && $0.region == region
                } ?? false
            guard decision.regions.contains(region), isReplicaKnown else { return decisionChanged() }
            identity.decision = decision
            generation = newer
            // From its next statement (architecture.md, "Reload").
            relay.guardian.rules = guardRules(decision)
            identity.observation = newer.policy.observe(request)
            relay.observed = observedRules
            relay.recorder.capture = parameterCapture(decision)
            relay.recorder.literals = literalCapture
            relay.describes = describesTexts
            relay.logBytesPerSecond = newer.configuration.limits.logBytesPerSecondPerSubject
            relay.recorder.digestCopies(digestsCopies(decision))
            relay.recorder.identity = encodedIdentity
        case .connecting(let login):
            generation = newer
            identity.observation = newer.policy.observe(request)
            seekReplicaAnew(login, decision)
        case .negotiating, .handshaking, .authenticating, .verifying, .introspecting, .challenged,
            .operating, .cancelling, .leaving,
            .closed:
            break
        }
    }

    private func decisionChanged() {
        switch phase {
        case .relaying, .connecting: end(.decisionChanged)
        case .negotiating, .handshaking, .authenticating, .verifying, .introspecting, .challenged,
            .operating, .cancelling, .leaving,
            .closed:
            break
        }
    }
}
