import Audit
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import GatewayRouting
import Logging
import PGWire
import Transport

/// One executor's connection, from accept to close. Belongs to one worker and is touched by its thread alone.
final class Session {
    /// What the session is doing; each case has only what that needs. A login's are kept apart: they are large, and few sessions
    /// are at one.
    enum Phase {
        /// Reading SSLRequest, GSSENCRequest, CancelRequest or the startup packet.
        case negotiating(StartupNegotiation)
        case handshaking(StartupNegotiation)
        /// AuthenticationCleartextPassword was sent; with an exchange, AuthenticationSASL.
        indirect case authenticating(ExecutorStartup, OAuthBearerExchange?)
        /// The token waits for the issuer's keys.
        indirect case verifying(ExecutorStartup, token: [UInt8], OAuthBearerExchange?)
        /// The token waits for the issuer to say whether it is active.
        indirect case introspecting(ExecutorStartup, VerifiedToken, OAuthBearerExchange?)
        /// Refused and recorded; the executor must acknowledge the challenge before it hears the error.
        indirect case challenged(OAuthBearerExchange, Refusal)
        case connecting(Login)
        case relaying(Relay)
        /// With the gateway's own database.
        case operating(OperatorSession)
        /// This connection brought a CancelRequest.
        case cancelling
        /// What is left is sent, then the connection is closed.
        case leaving
        case closed
    }

    /// Lets go of the session when it has closed.
    let worker: Worker
    let token: UInt64
    let client: SocketAddress
    let listener: Int
    let executor: Stream
    /// The session's name in records: 96 random bits in hex.
    let name: String
    let started: UInt64
    var generation: Generation
    var phase: Phase {
        didSet { relay = if case .relaying(let relay) = phase { relay } else { nil } }
    }
    /// The relay while the session is relaying: reading it here copies no phase.
    private(set) var relay: Relay?
    var isTouched = false
    /// The region's log knows that something of this session waits.
    var isHolding = false
    /// Frames of this session wait for the receipt of this turn's batch.
    var isAwaitingReceipt = false
    /// The log of the replica's region, from the choice of the replica on.
    var region: RegionLog?
    var identity: SessionIdentity {
        didSet { encoded = nil }
    }
    private var encoded: RecordFragment?
    /// Bytes from the executor before the relay, and to it before and after.
    var inbound: ByteBuffer
    var outbound: ByteBuffer
    /// Nothing of `outbound` goes before the log is durable up to this number.
    var outboundWaitsFor: UInt64 = 0
    /// How long nothing of `outbound` goes, whatever it waits for: a refused token's answer (`LoginFailures`).
    var heldBack = Duration.zero
    var timers: [TimerID] = []
    var cancelKey: Int32?
    var admitted: Principal?
    /// The budget of log bytes of the principal that was admitted.
    var logBudget: LogBudget?
    /// The token, where its issuer is asked again whether it is active.
    var liveToken: LiveToken?
    var hasSentFIN = false
    var hasRecordedEnd = false
    /// TLS began without an SSLRequest: ALPN `postgresql` is needed.
    var requiresALPN = false

    init(
        worker: Worker, token: UInt64, descriptor: Int32, client: SocketAddress, listener: Int,
        generation: Generation
    ) {
        self.worker = worker
        self.token = token
        self.client = client
        self.listener = listener
        self.generation = generation
        executor = Stream(descriptor: descriptor)
        name = String(decoding: RandomBytes.hex(12), as: UTF8.self)
        started = worker.loop.now
        identity = SessionIdentity()
        inbound = ByteBuffer(pool: worker.pool)
        outbound = ByteBuffer(pool: worker.pool)
        phase = .negotiating(StartupNegotiation())
    }

    var address: SessionAddress { SessionAddress(worker: worker.index, token: token) }
    var context: GatewayContext { worker.context }
    var settings: SessionSettings { generation.configuration.session }
    var replicaID: ReplicaID? { identity.replica }
    var isReplication: Bool { identity.request?.replication ?? false }
    var isReadOnly: Bool { identity.decision?.access == .readOnly }

    var logger: Logger {
        var logger = context.logger
        logger[metadataKey: "session"] = "\(name)"
        return logger
    }

    var isRelaying: Bool { relay != nil }

    func begin() { schedule(.startup, after: settings.startupTimeout) }

    /// The identity as it stands in each of the session's statements.
    var encodedIdentity: RecordFragment {
        if let encoded { return encoded }
        let fresh = RecordBatch.fragment(recordLimit: generation.configuration.audit.recordLimit) {
            addIdentity(to: &$0)
        }
        encoded = fresh
        return fresh
    }

    // MARK: Turns

    func note(_ role: Worker.Role, _ readiness: Readiness) {
        switch role {
        case .executor: executor.note(readiness)
        case .upstream:
            if let relay {
                relay.connection.stream.note(readiness)
            } else if case .connecting(let login) = phase {
                login.attempt?.stream.note(readiness)
            }
        case .cancel: relay?.cancel?.stream.note(readiness)
        case .listener: break
        }
    }

    /// Reads and works on what is there; encodes records into the turn's batch.
    func pump() {
        if let relay { return relay.pump() }
        switch phase {
        case .negotiating: readStartup()
        case .handshaking(let negotiation): handshake(negotiation)
        case .authenticating, .challenged: readCredential()
        case .verifying, .introspecting, .cancelling: watchForEOF()
        case .connecting(let login): advance(login)
        case .relaying(let relay): relay.pump()
        case .operating(let console): console.pump()
        case .leaving: drainInput()
        case .closed: break
        }
    }

    /// The batch with this session's records was written.
    func recorded(_ receipt: AuditReceipt) {
        relay?.recorded(receipt)
        if outboundWaitsFor == .max {
            outboundWaitsFor = generation.configuration.audit.durability == .buffered ? 0 : receipt.end
        }
    }

    /// Sends what may go.
    func flush() {
        flushOutbound()
        if let relay {
            if outbound.isEmpty { relay.flush() }
        } else if case .operating(let console) = phase {
            console.proceed()
        }
    }

    private func flushOutbound() {
        guard !outbound.isEmpty, !isClosed else { return }
        guard mayGo else { return }
        guard executor.isWritable else { return }
        switch executor.write(from: &outbound, limit: outbound.count) {
        case .moved, .wouldBlock: break
        case .closed, .failed:
            finish(reason: "executor_closed", sqlstate: nil, kills: true)
            return
        }
        if outbound.isEmpty, case .leaving = phase { sendFIN() }
    }

    /// The record that must precede the answer is as durable as it has to be.
    private var mayGo: Bool {
        guard heldBack == .zero else { return false }
        guard outboundWaitsFor > 0 else { return true }
        guard outboundWaitsFor != .max, let region else { return false }
        guard region.log.durable < outboundWaitsFor else {
            outboundWaitsFor = 0
            return true
        }
        region.hold(self, until: outboundWaitsFor)
        guard region.log.durable >= outboundWaitsFor else { return false }
        outboundWaitsFor = 0
        return true
    }

    func durableAdvanced() {
        relay?.durableAdvanced()
    }

    // MARK: Timers

    func schedule(_ timer: SessionTimer, after duration: Duration) {
        let deadline = worker.loop.now &+ duration.nanoseconds
        timers.append(worker.loop.schedule(.session(token: token, timer), at: deadline))
    }

    func cancelTimers() {
        for timer in timers { worker.loop.cancel(timer) }
        timers.removeAll()
    }

    func timerFired(_ timer: SessionTimer) {
        switch timer {
        case .startup: startupTimerFired()
        case .upstream(let turn): upstreamTimerFired(turn)
        case .expiryNotice, .expiry, .drainEnd, .newcomerDrain, .maxLifetime, .idle:
            lifetimeTimerFired(timer)
        case .introspection: askAgain()
        case .linger: close()
        case .heldBack:
            heldBack = .zero
            worker.touch(self)
        case .cancel: cancelEndedUpstream()
        // Its turn comes with the timer.
        case .catalog, .budget: break
        case .halfClosed:
            if case .relaying(let relay) = phase {
                finish(
                    reason: relay.hasTerminated ? "terminated" : "executor_closed", sqlstate: nil, kills: true
                )
            }
        }
    }

    /// The cancel of this session has been acted on, or its time is up.
    func cancelEndedUpstream() {
        relay?.cancelEnded()
    }

    // MARK: Ends

    var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    /// Ends the session with an error for the executor, whatever it is doing.
    func end(_ refusal: Refusal) {
        switch phase {
        case .leaving, .closed: return
        case .relaying(let relay):
            let bytes = relay.takeLeave(refusal)
            if outboundWaitsFor > 0 {
                // The greeting waits for its record, which may never be: the executor hears the error alone.
                outbound.removeAll()
                outboundWaitsFor = 0
                outbound.append(refusal.encoded(severity: .fatal))
            } else if bytes > 0 {
                outbound.append(relay.fromUpstream.readable)
            }
            endUpstream(relay, reason: refusal.message, sqlstate: refusal.sqlstate, kills: true)
            leave()
        case .operating(let console):
            // The greeting is dropped whole; of answers a part may have gone, and the error follows them.
            if outboundWaitsFor > 0, console.statements == 0 || console.region.log.failure != nil {
                outbound.removeAll()
                outboundWaitsFor = 0
            }
            outbound.append(refusal.encoded(severity: .fatal))
            endOperator(console, reason: refusal.message, sqlstate: refusal.sqlstate)
            leave()
        case .challenged:
            outbound.append(refusal.encoded(severity: .fatal))
            leave()
        case .negotiating, .handshaking, .authenticating, .verifying, .introspecting, .connecting:
            outboundWaitsFor = 0
            if case .handshaking = phase { return close() }
            outbound.removeAll()
            outbound.append(refusal.encoded(severity: .fatal))
            recordRefused(refusal)
            leave()
        case .cancelling: close()
        }
    }

    /// Ends the session without an error: the executor is gone, has said goodbye, or has been told why already.
    ///
    /// - Parameter kills: what the replica is doing for the session is ended, too.
    func finish(reason: String, sqlstate: String?, kills: Bool = false) {
        switch phase {
        case .leaving, .closed: return
        case .relaying(let relay):
            endUpstream(relay, reason: reason, sqlstate: sqlstate, kills: kills)
            leave()
        case .operating(let console):
            endOperator(console, reason: reason, sqlstate: sqlstate)
            leave()
        case .negotiating, .handshaking, .authenticating, .verifying, .introspecting, .challenged,
            .connecting,
            .cancelling:
            close()
        }
    }

    /// Goes on with sending what is left; reads on meanwhile, so that a reset does not destroy it.
    private func leave() {
        release()
        phase = .leaving
        waitHeldBack()
        schedule(.linger, after: .seconds(2) + heldBack)
        if outbound.isEmpty { sendFIN() }
        worker.touch(self)
    }

    /// Sets the timer that lets go of what is held back.
    func waitHeldBack() {
        if heldBack > .zero { schedule(.heldBack, after: heldBack) }
    }

    private func sendFIN() {
        guard !hasSentFIN else { return }
        hasSentFIN = true
        executor.shutdownWrite()
        worker.touch(self)
    }

    private func drainInput() {
        for _ in 0..<4 where executor.isReadable {
            switch executor.read(into: &inbound) {
            case .moved: inbound.removeAll()
            case .wouldBlock: return
            case .closed, .failed: return close()
            }
        }
        if executor.isReadable { worker.touch(self) }
    }

    func close() {
        guard !isClosed else { return }
        release()
        phase = .closed
        executor.close()
        inbound.removeAll()
        outbound.removeAll()
        worker.ended(self)
    }

    /// Gives back everything that the session held of others'.
    private func release() {
        cancelTimers()
        switch phase {
        case .connecting(let login): login.attempt?.close()
        case .relaying(let relay):
            relay.cancelEnded()
            relay.connection.stream.close()
        case .operating(let console): console.close()
        case .negotiating, .handshaking, .authenticating, .verifying, .introspecting, .challenged,
            .cancelling,
            .leaving,
            .closed:
            break
        }
        if let cancelKey { context.cancels.remove(cancelKey, of: address) }
        cancelKey = nil
        if let admitted {
            context.admission.releaseSession(admitted, address: client.hostBytes)
            context.logBudgets.leave(admitted, now: worker.loop.now)
        }
        admitted = nil
        liveToken = nil
    }

    private func watchForEOF() {
        // Bytes may wait behind the password; only the end of the connection matters here.
        guard executor.isReadable, inbound.count < WireLimits.startupPacket else { return }
        switch executor.read(into: &inbound) {
        case .moved, .wouldBlock: break
        case .closed, .failed: close()
        }
    }

    // MARK: Randomness

    /// 128 random bits in hex, for a statement that must fail to parse.
    func makeNonce() -> [UInt8] { RandomBytes.hex(16) }
}
