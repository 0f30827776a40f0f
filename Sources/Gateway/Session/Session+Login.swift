import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import GatewayRouting
import PGWire
import Transport

/// From the first byte to AuthenticationOk.
extension Session {
    /// The first byte of a TLS record that holds a ClientHello (RFC 8446 section 5.1).
    private static let tlsHandshakeByte: UInt8 = 0x16

    var listenerConfiguration: Listener { generation.configuration.listeners[listener] }
    private var listenerTLS: TLSContext? { generation.listenerTLS[listener] }

    // MARK: Negotiation

    func readStartup() {
        guard case .negotiating(var negotiation) = phase, executor.isReadable else { return }
        if inbound.isEmpty, !negotiation.isEncrypted, executor.peekFirstByte() == Session.tlsHandshakeByte {
            // A ClientHello straight away: TLS with ALPN `postgresql`, and nothing else (F-WIRE-06).
            guard listenerTLS != nil else { return close() }
            return beginTLS(negotiation)
        }
        switch executor.read(into: &inbound) {
        case .moved: break
        case .wouldBlock: return
        case .closed, .failed: return close()
        }
        takeStartup(&negotiation)
    }

    private func takeStartup(_ negotiation: inout StartupNegotiation) {
        do throws(StartupError) {
            guard let (request, length) = try StartupRequest.read(from: inbound.readable) else {
                phase = .negotiating(negotiation)
                if executor.isReadable { worker.touch(self) }
                return
            }
            inbound.consume(length)
            let action = negotiation.received(
                request, leftover: inbound.count, hasTLS: listenerTLS != nil,
                requiresTLS: listenerConfiguration.tlsRequired)
            phase = .negotiating(negotiation)
            perform(action, negotiation)
        } catch {
            context.counters.protocolViolations.increase()
            // What has no length that a startup packet can have may be anything, a malformed CancelRequest too, which
            // gets no byte ever (F-WIRE-15): PostgreSQL closes without a word.
            if case .invalidLength = error { return close() }
            end(error.refusal)
        }
    }

    private func perform(_ action: StartupNegotiation.Action, _ negotiation: StartupNegotiation) {
        switch action {
        case .beginTLS:
            outbound.append([StartupReply.tlsAccepted])
            _ = executor.write(from: &outbound, limit: outbound.count)
            guard outbound.isEmpty else { return close() }
            beginTLS(negotiation)
        case .refuseEncryption:
            outbound.append([StartupReply.encryptionRefused])
            worker.touch(self)
        case .cancel(let processID, let secret): forwardCancel(processID, secret)
        case .authenticate(let message): authenticate(message)
        case .refuse(let refusal): end(refusal)
        case .close:
            context.counters.protocolViolations.increase()
            close()
        }
    }

    private func beginTLS(_ negotiation: StartupNegotiation) {
        guard let tls = listenerTLS else { return close() }
        do throws(TransportError) {
            let isDirect = negotiation.expectsDirectTLS
            try executor.acceptTLS(tls)
            phase = .handshaking(negotiation)
            requiresALPN = isDirect
            handshake(negotiation)
        } catch {
            logger.error("cannot begin TLS", metadata: ["error": "\(error)"])
            close()
        }
    }

    func handshake(_ negotiation: StartupNegotiation) {
        switch executor.handshake() {
        case .moved:
            guard !requiresALPN || executor.hasPostgreSQLProtocol else { return close() }
            var negotiation = negotiation
            negotiation.tlsEstablished()
            phase = .negotiating(negotiation)
            readStartup()
        case .wouldBlock: break
        case .closed: close()
        case .failed(let error):
            logger.debug("TLS handshake failed", metadata: ["error": "\(error)", "client": "\(client)"])
            close()
        }
    }

    // MARK: Decision

    func decide(_ startup: ExecutorStartup, _ verified: VerifiedToken) {
        let principal = verified.principal
        guard !isRevoked else { return end(.loginRevoked) }
        let request = AccessRequest(
            principal: principal, database: startup.logical.database, regionsAsked: startup.regionsAsked,
            role: startup.user, replication: startup.replication != .none)
        identity.request = request
        // What was read in while it logged in holds for it too.
        generation = worker.generation
        let limits = generation.configuration.limits
        do throws(Refusal) {
            let rate = limits.loginsPerSecondPerSubject
            guard context.admission.admitLogin(of: principal, perSecond: rate, now: worker.loop.now) else {
                throw .tooManyLoginsOfSubject(perSecond: rate)
            }
            try context.admission.admitSession(
                principal, address: client.hostBytes, limit: limits.sessions,
                perSubject: limits.sessionsPerSubject, perAddress: limits.sessionsPerAddress)
            admitted = principal
            try takeLogBudget(of: principal)
        } catch {
            return end(error)
        }
        if startup.isForConsole { return openConsole(startup, verified) }
        identity.observation = generation.policy.observe(request)
        do throws(PolicyRefusal) {
            seekReplica(startup, verified, try generation.policy.decide(request))
        } catch {
            identity.rule = error.rule
            end(.policy(error))
        }
    }

    // MARK: Replica

    /// Selects among the replicas by the session's generation, and turns to the best.
    private func seekReplica(
        _ startup: ExecutorStartup, _ verified: VerifiedToken, _ decision: Decision, turns: Int = 0
    ) {
        identity.decision = decision
        let selection = ReplicaSelection.select(
            decision: decision, configuration: generation.configuration,
            statuses: context.health.snapshot(), sessions: context.load, maxLag: startup.maxLag)
        let login = Login(
            startup: startup, verified: verified, decision: decision, selection: selection, turns: turns)
        phase = .connecting(login)
        tryNext(login, justSelected: true)
    }

    /// A new configuration holds, by which the session is allowed: what was begun by the old one is given up, so that
    /// nothing goes by its addresses, credentials and authorities any more.
    func seekReplicaAnew(_ login: Login, _ decision: Decision) {
        login.attempt?.close()
        // Timers of its turns count on.
        seekReplica(login.startup, login.verified, decision, turns: login.turns)
    }

    private func tryNext(_ login: Login, justSelected: Bool = false) {
        var isSure = justSelected
        while let candidate = login.candidates.popFirst() {
            login.turns += 1
            guard isSure || maySelect(candidate, login) else { continue }
            isSure = false
            guard let region = worker.regionLog(candidate.region) else { continue }
            guard region.log.failure == nil else { return end(.logUnavailable(region: candidate.region)) }
            switch slot(at: candidate) {
            case .slot(let slot):
                schedule(.upstream(turn: login.turns), after: attemptTime)
                if connect(login, candidate, slot) { return }
            case .waits(let place):
                login.waitsFor = candidate
                login.place = place
                // With nowhere else to turn to it waits as long as the login may take.
                if !login.candidates.isEmpty { schedule(.upstream(turn: login.turns), after: attemptTime) }
                return
            }
        }
        end(noReplica(login))
    }

    /// A slot, or where as many logins as may be are under way there a place: the session's turn comes.
    private func slot(at candidate: AttestedReplica) -> LoginSlots.Outcome {
        let (context, address) = (context, address)
        return context.loginSlots.take(
            candidate.id, limit: generation.configuration.limits.loginsPerReplica
        ) { context.post(.replicaTurn(address, $0), to: address.worker) }
    }

    func turnCame(_ slot: LoginSlot) {
        guard case .connecting(let login) = phase, let candidate = login.waitsFor,
            candidate.id == slot.replica
        else { return }
        login.waitsFor = nil
        login.place = nil
        guard maySelect(candidate, login) else { return tryNext(login) }
        // The time is for the login itself now.
        login.turns += 1
        schedule(.upstream(turn: login.turns), after: attemptTime)
        guard connect(login, candidate, slot) else { return tryNext(login) }
    }

    /// Whether the replica may serve the session by what is known of it now: it was selected a while ago.
    private func maySelect(_ candidate: AttestedReplica, _ login: Login) -> Bool {
        let selection = ReplicaSelection.select(
            decision: login.decision, configuration: generation.configuration,
            statuses: context.health.snapshot(), maxLag: login.startup.maxLag)
        guard let passed = selection.passedOver.first(where: { $0.replica == candidate.id }) else {
            return true
        }
        login.passedOver.append("\(candidate.id.replica): \(passed.why.reason)")
        return false
    }

    /// False where the next replica is to be tried.
    private func connect(_ login: Login, _ candidate: AttestedReplica, _ slot: LoginSlot) -> Bool {
        do throws(UpstreamFailure) {
            let plan = try UpstreamPlan(session: self, login: login, candidate: candidate)
            login.attempt = try UpstreamAttempt(candidate, plan: plan, worker: worker, token: token)
            login.slot = slot
            login.attempts += 1
            advance(login)
            return true
        } catch {
            if let refusal = error.refusal(of: login.startup) {
                end(refusal)
                return true
            }
            passOver(candidate, error, login)
            return false
        }
    }

    /// How long one replica may take, so that others are tried within the startup timeout (F-POL-07).
    private var attemptTime: Duration {
        let timeout = settings.startupTimeout
        return timeout > .zero ? timeout / 4 : .seconds(3)
    }

    func upstreamTimerFired(_ turn: Int) {
        guard case .connecting(let login) = phase, login.turns == turn else { return }
        login.attempt?.close()
        guard passOverCurrent(login) else { return }
        tryNext(login)
    }

    /// The replica that is being connected to, or waited for, has had its time. False where there is none.
    private func passOverCurrent(_ login: Login) -> Bool {
        if let attempt = login.attempt {
            login.attempt = nil
            passOver(attempt.attested, .timeout, login)
        } else if let waitsFor = login.waitsFor {
            login.waitsFor = nil
            login.place = nil
            passOver(waitsFor, .busy, login)
        } else {
            return false
        }
        return true
    }

    /// The login as a whole took too long: said in terms of what it waited for.
    func startupTimerFired() {
        switch phase {
        case .cancelling: close()
        case .verifying: end(.keysUnavailable)
        case .introspecting: end(.introspectionUnavailable)
        case .connecting(let login):
            login.attempt?.close()
            _ = passOverCurrent(login)
            end(noReplica(login))
        case .negotiating, .handshaking, .authenticating, .challenged, .relaying, .operating, .leaving,
            .closed:
            end(.startupTimeout)
        }
    }

    private func noReplica(_ login: Login) -> Refusal {
        if login.attempts > 0, login.refusedFull == login.attempts {
            return .replicasFull(database: login.decision.database, passedOver: login.passedOver)
        }
        return .noReplica(
            database: login.decision.database, regions: login.decision.regions, passedOver: login.passedOver)
    }

    private func passOver(_ candidate: AttestedReplica, _ failure: UpstreamFailure, _ login: Login) {
        login.passedOver.append("\(candidate.id.replica): \(failure)")
        if failure.isForWantOfSlots { login.refusedFull += 1 }
        if case .attestation(let difference) = failure {
            // Told apart by what it is to us, whatever it shows to a probe.
            context.health.contradict(candidate.id, difference)
        }
        // The probe's own connection may still answer where no new one does.
        if failure.isSuspicious { context.health.suspect(candidate.id) }
        logger.warning(
            "replica passed over", metadata: ["replica": "\(candidate.id)", "reason": "\(failure)"])
    }

    func advance(_ login: Login) {
        watchExecutor()
        guard case .connecting = phase, let attempt = login.attempt else { return }
        switch attempt.advance() {
        case .pending: break
        case .failed(let failure):
            login.attempt = nil
            if let refusal = failure.refusal(of: login.startup) { return end(refusal) }
            passOver(attempt.attested, failure, login)
            tryNext(login)
        case .ready(let connection): establish(login, connection)
        }
    }

    /// An executor that went away while its replica was being connected is noticed.
    private func watchExecutor() {
        guard executor.isReadable, inbound.count < BufferPool.blockSize / 2 else { return }
        switch executor.read(into: &inbound) {
        case .moved, .wouldBlock: break
        case .closed, .failed: close()
        }
    }

    private func establish(_ login: Login, _ connection: UpstreamConnection) {
        guard let region = worker.regionLog(connection.attested.region) else { return end(.startupTimeout) }
        if let refusal = refusalBeforeStart(login.verified) {
            connection.relayed.stream.close()
            return end(refusal)
        }
        // Whoever finds it wanting from here on ends this session too: it is looked at once more (rule 9).
        if let status = context.health.snapshot()[connection.attested.id],
            let why = status.quarantined ?? status.difference
        {
            connection.relayed.stream.close()
            login.passedOver.append("\(connection.attested.id.replica): not attested: \(why)")
            return tryNext(login)
        }
        cancelTimers()
        identity.replica = connection.attested.id
        identity.region = connection.attested.region
        self.region = region
        context.admission.enter(replica: connection.attested.id)
        context.counters.sessionsStarted.increase()
        let relay = Relay(
            session: self, region: region, connection: connection, capture: parameterCapture(login.decision),
            rules: guardRules(login.decision), observed: observedRules)
        relay.recorder.digestCopies(digestsCopies(login.decision))
        greet(login, connection)
        phase = .relaying(relay)
        recordStart(region, connection)
        relay.adopt(executorBytes: inbound.readable, upstreamBytes: connection.leftover)
        inbound.removeAll()
        scheduleLifetime(expires: login.verified.expires)
        // A drain between the decision and now counts (architecture, rule 9): AuthenticationOk still waits. A reload has had
        // the session decided again already.
        if worker.isDraining { drain(.shuttingDown) }
        worker.touch(self)
    }

    /// What an executor is told at login: the replica's own parameters and process id, a secret of ours, ReadyForQuery.
    private func greet(_ login: Login, _ connection: UpstreamConnection) {
        let (processID, secret) = context.cancels.register(
            address, backend: connection.relayed.backendPID, length: login.startup.usesLongCancelKey ? 32 : 4)
        cancelKey = processID
        var bytes: [UInt8] = []
        StartupReply.authenticationOk(into: &bytes)
        for parameter in connection.parameters {
            // What came as a frame fits one.
            try? parameter.encode(into: &bytes)
        }
        StartupReply.backendKeyData(processID: processID, key: secret, into: &bytes)
        bytes.append(contentsOf: connection.notices)
        ReadyForQuery(status: .idle).encode(into: &bytes)
        outbound.append(bytes)
    }

    // MARK: Cancel

    private func forwardCancel(_ processID: Int32, _ secret: [UInt8]) {
        phase = .cancelling
        guard let entry = context.cancels.find(processID: processID, secret: secret) else {
            context.counters.cancelsUnknown.increase()
            switch context.admission.admitCancelGuess(address: client.hostBytes, now: worker.loop.now) {
            case .recorded: recordCancel(verdict: "unknown")
            case .limited: recordCancel(verdict: "limited")
            case .ignored: break
            }
            return close()
        }
        context.post(
            .cancel(target: entry.address, reply: address, client: client.description),
            to: entry.address.worker)
    }

    func cancelEnded() {
        guard case .cancelling = phase else { return }
        close()
    }

    func cancelAsked(reply: SessionAddress, client: String) {
        if case .operating(let console) = phase { console.cancelAsked(client: client) }
        guard case .relaying(let relay) = phase else {
            return context.post(.cancelEnded(reply), to: reply.worker)
        }
        relay.cancelAsked(reply: reply, client: client)
    }
}
