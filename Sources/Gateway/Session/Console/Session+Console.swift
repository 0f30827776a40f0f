import Audit
import Console
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import PGWire
import Transport

extension ExecutorStartup {
    /// The gateway's own database is meant, which a database of that name does not hide.
    var isForConsole: Bool { database == Session.consoleDatabase && replication == .none }
}

/// The gateway's own database: no policy, no replica, no relay; who may use it is in `operators`.
extension Session {
    static let consoleDatabase = "domicile"

    var isOperating: Bool {
        if case .operating = phase { true } else { false }
    }

    /// The executor was greeted; the session ends by `end` or `finish`, and leaves a `session.end`.
    var isEstablished: Bool { isRelaying || isOperating }

    /// Whether the bearer may look at all; what else it may is asked when it is.
    private var mayRead: Bool {
        guard let principal = identity.principal else { return false }
        let isNarrowed =
            !principal.narrowings.isEmpty
            && !principal.narrowings.contains { narrowing in
                narrowing.databases?.contains { $0.matches(Session.consoleDatabase) } ?? true
            }
        return !isNarrowed
            && generation.configuration.operators.contains {
                $0.may.contains(.read) && $0.who.holds(for: principal)
            }
    }

    /// Opens the session with the console, of a principal that was admitted.
    func openConsole(_ startup: ExecutorStartup, _ verified: VerifiedToken) {
        guard mayRead else { return end(.notOperator) }
        let name = generation.configuration.region
        guard let region = worker.regionLog(name) else { return end(.logUnavailable(region: name)) }
        guard region.log.failure == nil else { return end(.logUnavailable(region: name)) }
        if let refusal = refusalBeforeStart(verified) { return end(refusal) }
        guard context.console.threads.enter() else {
            return end(.tooManyOperators(limit: ConsoleLimits.sessions))
        }
        cancelTimers()
        identity.region = name
        self.region = region
        context.counters.sessionsStarted.increase()
        let source = GatewayConsole(
            context: context, token: verified, configuration: generation.configuration)
        greet(startup, source)
        let console = OperatorSession(session: self, region: region, source: source)
        phase = .operating(console)
        recordOperatorStart(region)
        scheduleLifetime(expires: verified.expires)
        if worker.isDraining { drain(.shuttingDown) }
        worker.touch(self)
    }

    private func greet(_ startup: ExecutorStartup, _ source: GatewayConsole) {
        let (processID, secret) = context.cancels.register(
            address, backend: 0, length: startup.usesLongCancelKey ? 32 : 4)
        cancelKey = processID
        var bytes: [UInt8] = []
        StartupReply.authenticationOk(into: &bytes)
        let application = startup.application.map { String(decoding: $0, as: UTF8.self) }
        for (name, value) in ConsoleConversation.parameters(of: source, application: application) {
            let shown = Array(value.utf8.prefix { $0 != 0 })
            try? ParameterStatus(name: Array(name.utf8), value: shown).encode(into: &bytes)
        }
        StartupReply.backendKeyData(processID: processID, key: secret, into: &bytes)
        ReadyForQuery(status: .idle).encode(into: &bytes)
        outbound.append(bytes)
    }

    /// A new configuration holds: an operator that it does not name ends.
    func decideOperatorAgain(_ newer: Generation) {
        generation = newer
        let isKnown = newer.configuration.issuers.contains { $0.issuer == identity.principal?.issuer }
        guard isKnown, mayRead else { return end(.decisionChanged) }
    }

    func operatorTurned(_ turn: ConsoleTurn) {
        guard case .operating(let console) = phase else { return }
        console.turned(turn)
    }

    // MARK: Records

    private func recordOperatorStart(_ region: RegionLog) {
        region.batch.begin(.sessionStart)
        addIdentity(to: &region.batch)
        addQuestion(to: &region.batch)
        region.batch.beginObject("decision")
        region.batch.add("access", Access.readOnly.rawValue)
        if let principal = identity.principal {
            let rights = generation.configuration.operators.filter { $0.who.holds(for: principal) }
                .flatMap(\.may).map(\.rawValue)
            region.batch.add("may", Set(rights).sorted())
        }
        region.batch.add("policy", generation.configuration.digest)
        region.batch.endObject()
        region.batch.end()
        outboundWaitsFor = .max
        worker.awaitReceipt(self, region)
    }

    /// `admin`, before anything that answers it goes out.
    func recordAccess(_ access: ConsoleAccess, _ region: RegionLog) {
        guard isOperating, !region.isRefused else { return end(.logUnavailable(region: region.region)) }
        let before = region.batch.byteCount
        defer { charge(region.batch.byteCount - before, to: logBudget) }
        region.batch.begin(.admin)
        addIdentity(to: &region.batch)
        region.batch.add("message", access.message)
        region.batch.add("sqlstate", access.sqlstate)
        region.batch.addSQL(access.sql.span, of: access.message)
        if !access.parameters.isEmpty {
            region.batch.add("arguments", access.parameters.map { $0.string ?? "null" })
        }
        region.batch.add("operation", access.operation)
        region.batch.add("target", access.target)
        region.batch.end()
        outboundWaitsFor = .max
        worker.awaitReceipt(self, region)
    }

    /// Closes the console's side and records the end.
    func endOperator(_ console: OperatorSession, reason: String, sqlstate: String?) {
        console.close()
        guard !hasRecordedEnd else { return }
        hasRecordedEnd = true
        let region = console.region
        let before = region.batch.byteCount
        defer { charge(region.batch.byteCount - before - Session.ownRecord, to: logBudget) }
        region.batch.begin(.sessionEnd)
        addIdentity(to: &region.batch)
        region.batch.add("sqlstate", sqlstate)
        region.batch.add("reason", reason)
        region.batch.add("duration_us", (worker.loop.now &- started) / 1000)
        region.batch.add("statements", console.statements)
        region.batch.add("bytes_in", executor.bytesRead)
        region.batch.add("bytes_out", executor.bytesWritten)
        region.batch.end()
        region.mustWrite = true
        context.counters.sessionsEnded.increase()
        if let sqlstate { context.counters.countRefusal(sqlstate) }
        context.console.threads.leave()
    }

    // MARK: Lifetime

    func operatorTimerFired(_ timer: SessionTimer, _ console: OperatorSession) {
        switch timer {
        case .expiryNotice(let notice):
            let fields = DiagnosticFields(
                severity: "NOTICE", sqlstate: "01000", message: notice.message, hint: notice.hint)
            var frame: [UInt8] = []
            guard (try? NoticeResponse(fields: fields).encode(into: &frame)) != nil else { return }
            outbound.append(frame)
        case .expiry: expire()
        case .maxLifetime: drain(.lifetimeReached)
        case .drainEnd: end(console.drainReason ?? .tokenExpired)
        case .idle:
            let timeout = settings.idleTimeout
            let quiet = Duration.nanoseconds(Int64(clamping: worker.loop.now &- console.lastActivity))
            guard console.isAtIdle, quiet >= timeout else {
                return schedule(.idle, after: max(.milliseconds(10), timeout - min(quiet, timeout)))
            }
            end(.idle)
        case .introspection, .startup, .upstream, .linger, .heldBack, .cancel, .halfClosed, .catalog,
            .budget, .newcomerDrain:
            break
        }
    }
}
