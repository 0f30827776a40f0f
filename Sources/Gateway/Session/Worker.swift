import Audit
import GatewayCatalog
import GatewayConfiguration
import GatewayRouting
import Logging
import Transport

/// One thread's loop with the sessions it owns from accept to close. Takes no locks on the relay path: what comes from
/// elsewhere comes through the mailbox.
///
/// A turn: read and process what is ready, append this turn's records with one write a region, then forward the frames
/// they cover.
final class Worker: LoopOwner {
    typealias TimerPayload = WorkerTimer

    /// Whom a descriptor belongs to: the low bits of its token.
    enum Role: UInt64 {
        case executor = 0
        case upstream = 1
        case cancel = 2
        case listener = 3
    }

    let index: Int
    let context: GatewayContext
    let mailbox: Mailbox<WorkerMessage>
    let thread: LoopThread
    let loop: Loop<Worker>
    let pool: BufferPool
    /// What is remembered of judged statements.
    let statements: StatementGuard
    var generation: Generation { context.generation }
    private(set) var slots: [Session?] = []
    /// Sessions that have ended and whose backends have not, by their tokens.
    var endings: [UInt64: Ending] = [:]
    private var slotGenerations: [UInt64] = []
    private var freeSlots: [Int] = []
    private(set) var regions: [RegionLog] = []
    private(set) var touched: [Session] = []
    /// The sessions of the turn that ends: empty in between, and kept for its memory.
    private var turning: [Session] = []
    private var listeners: [ListeningSocket] = []
    private var areListenersResting = false
    private(set) var isDraining = false
    private var isStopping = false
    /// Refused logins that are counted and not recorded one by one.
    var refusals = RefusalSums()
    var toldRefusals = EventRates<Bool>(limit: 1, beyond: .allowed)

    init(
        index: Int, context: GatewayContext, mailbox: Mailbox<WorkerMessage>, listeners: [ListeningSocket]
    ) throws(TransportError) {
        self.index = index
        self.context = context
        self.mailbox = mailbox
        self.listeners = listeners
        thread = context.threads[index]
        pool = BufferPool(gauge: context.buffers.gauges[index])
        statements = StatementGuard(
            cacheBytes: context.generation.configuration.limits.statementCache, counters: context.counters)
        loop = try Loop(mailDescriptor: mailbox.descriptor, clock: context.platform.monotonic)
        let limit = context.generation.configuration.audit.recordLimit
        regions = context.logs.sorted { $0.key < $1.key }.map {
            RegionLog(
                region: $0.key, log: $0.value, notice: context.notices.flag(worker: index, region: $0.key),
                recordLimit: limit)
        }
        // Executors may wait in a socket that was inherited: better there than to be let in and refused.
        areListenersResting = context.handsOver && !listeners.isEmpty
        guard !areListenersResting else { return }
        for (index, listener) in listeners.enumerated() {
            try loop.addListener(listener.descriptor, token: Worker.token(index, 0, .listener))
        }
    }

    /// What comes before the first turn.
    func begin() {
        beat()
        if areListenersResting { firstAccept(until: loop.now &+ Worker.firstAcceptPatience) }
    }

    /// Runs turns, behind `begin` or where another thread had to leave off.
    /// - Returns: false where another thread runs them by now.
    func run() -> Bool { loop.run(self) }

    /// One turn that waits for nothing; see `WorkerTurns`.
    func turn() { loop.turn(self) }

    /// A worker that hangs is late with this.
    private func beat() {
        context.heartbeats.beat(worker: index, now: loop.now)
        pool.settle()
        _ = loop.schedule(.beat, at: loop.now &+ Heartbeats.interval)
    }

    // MARK: Turns

    func ready(_ token: UInt64, _ readiness: Readiness) {
        guard let role = Role(rawValue: token & 3) else { return }
        if role == .listener { return acceptAll(from: Int(token >> 34)) }
        guard let session = session(at: token & ~3) else { return }
        session.note(role, readiness)
        touch(session)
    }

    func touch(_ session: Session) {
        guard !session.isTouched else { return }
        session.isTouched = true
        touched.append(session)
    }

    func turnEnded() {
        swap(&touched, &turning)
        for session in turning {
            session.isTouched = false
            session.pump()
        }
        for region in regions {
            if region.mustWrite || region.batch.byteCount > RegionLog.gatheredBytes { write(region) }
            if !region.longWrites.isEmpty { writeLong(region) }
        }
        for session in turning { session.flush() }
        turning.removeAll(keepingCapacity: true)
        if !touched.isEmpty { loop.runAgain() }
        for region in regions where region.isCalled() {
            // Where all sessions wait for this log, none has anything to say.
            if region.waiting == slots.count - freeSlots.count {
                loop.runAgainAtOnce()
            } else {
                loop.runAgain()
            }
        }
        if isStopping, endings.isEmpty, slots.allSatisfy({ $0 == nil }),
            regions.allSatisfy(\.longWrites.isEmpty)
        {
            close()
        }
    }

    // MARK: Buffers

    /// Whether an empty buffer may take a block; else a small piece has to do.
    var mayTakeBlock: Bool {
        guard !context.buffers.leaves(BufferPool.blockSize) else { return true }
        context.counters.bufferShortages.increase()
        return false
    }

    /// Whether a session may gather so many bytes more.
    func mayGather(_ bytes: Int) -> Bool { context.buffers.leaves(bytes) }

    // MARK: Mail

    func mailArrived() {
        for message in mailbox.take() { handle(message) }
    }

    private func handle(_ message: WorkerMessage) {
        switch message {
        case .accepted(let descriptor, let address, let listener):
            open(descriptor, from: address, listener: listener)
        case .keysFetched(let address): withSession(address) { $0.keysFetched() }
        case .introspected(let address, let outcome): withSession(address) { $0.introspected(outcome) }
        case .replicaTurn(let address, let slot): withSession(address) { $0.turnCame(slot) }
        case .statementRead(let address, let text): withSession(address) { $0.statementRead(text) }
        case .operatorTurn(let address, let turn): withSession(address) { $0.operatorTurned(turn) }
        case .introspectedAgain(let address, let answer):
            withSession(address) { $0.introspectedAgain(answer) }
        case .backendEnded(let token, let outcome):
            guard let ending = endings.removeValue(forKey: token) else { return }
            ending.session.backendEnded(ending, outcome)
        case .revocationsChanged(let asker):
            asker.add(slots.compactMap { $0?.revocationsChanged() })
        case .kill(let name, let asker): asker.add(kill(name))
        case .describeSessions(let asker): asker.add(slots.compactMap { $0?.summary })
        case .logChanged(let region): logChanged(region)
        case .cancel(let target, let reply, let client): cancel(target, reply: reply, client: client)
        case .cancelEnded(let address): withSession(address) { $0.cancelEnded() }
        case .reloaded:
            let generation = generation
            for session in slots { session?.decideAgain(generation) }
        case .replicaLost(let replica):
            for session in slots {
                guard let session, session.replicaID == replica else { continue }
                session.end(.replicaLost(replica.replica))
            }
        case .drain(let deadline): drain(until: deadline)
        case .stop:
            isStopping = true
            closeListeners()
            for session in slots { session?.end(.shuttingDown) }
        }
    }

    private func kill(_ name: String) -> [SessionSummary] {
        guard let session = slots.lazy.compactMap({ $0 }).first(where: { $0.name == name }),
            let summary = session.summary
        else { return [] }
        session.end(.killed)
        return [summary]
    }

    private func withSession(_ address: SessionAddress, _ body: (Session) -> Void) {
        guard let session = session(at: address.token) else { return }
        body(session)
        touch(session)
    }

    private func cancel(_ target: SessionAddress, reply: SessionAddress, client: String) {
        guard let session = session(at: target.token) else {
            return context.post(.cancelEnded(reply), to: reply.worker)
        }
        session.cancelAsked(reply: reply, client: client)
        touch(session)
    }

    private func drain(until deadline: UInt64) {
        isDraining = true
        isStopping = true
        closeListeners()
        if index == 0 {
            for other in 1..<max(1, context.workers) { context.post(.drain(deadline: deadline), to: other) }
        }
        _ = loop.schedule(.drainEnded, at: deadline)
        for session in slots { session?.drain(.shuttingDown) }
    }

    // MARK: Timers

    func timerFired(_ payload: WorkerTimer) {
        switch payload {
        case .session(let token, let timer):
            guard let session = session(at: token) else { return }
            session.timerFired(timer)
            touch(session)
        case .outcomes(let name):
            guard let region = regionLog(name) else { return }
            region.isTimed = false
            region.mustWrite = true
        case .acceptAgain: acceptAgain()
        case .firstAccept(let deadline): firstAccept(until: deadline)
        case .refusals: recordSums()
        case .beat: beat()
        case .drainEnded:
            for session in slots { session?.end(.shuttingDown) }
        }
    }

    // MARK: Sessions

    /// The token of a slot: its index, its generation (30 bits), the role of the descriptor.
    static func token(_ slot: Int, _ generation: UInt64, _ role: Role) -> UInt64 {
        UInt64(slot) << 34 | (generation & 0xffff_ffff) << 2 | role.rawValue
    }

    private func session(at token: UInt64) -> Session? {
        let slot = Int(token >> 34)
        guard slot < slots.count, let session = slots[slot], session.token == token else { return nil }
        return session
    }

    private func open(_ descriptor: Int32, from address: SocketAddress, listener: Int) {
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count {
            slots.append(nil)
            slotGenerations.append(0)
        }
        slotGenerations[slot] &+= 1
        let token = Worker.token(slot, slotGenerations[slot], .executor)
        let session = Session(
            worker: self, token: token, descriptor: descriptor, client: address, listener: listener,
            generation: generation)
        do throws(TransportError) {
            try loop.add(descriptor, token: token)
        } catch {
            context.logger.error("cannot watch a connection", metadata: ["error": "\(error)"])
            context.admission.releaseConnection()
            context.deal.closed(by: index)
            freeSlots.append(slot)
            return
        }
        slots[slot] = session
        session.begin()
        if isStopping { session.end(.shuttingDown) }
        touch(session)
    }

    /// The session has closed its descriptors.
    func ended(_ session: Session) {
        let slot = Int(session.token >> 34)
        guard slot < slots.count, slots[slot] === session else { return }
        slots[slot] = nil
        freeSlots.append(slot)
        context.admission.releaseConnection()
        context.deal.closed(by: index)
    }

    // MARK: Listeners

    private func acceptAll(from index: Int) {
        guard index < listeners.count, !isStopping else { return }
        var isShort = false
        defer { if isShort { restListeners() } }
        for _ in 0..<64 {
            switch Socket.accept(listeners[index].descriptor) {
            case .connection(let descriptor, let address):
                context.counters.connections.increase()
                guard DescriptorLimit.leavesRoom(descriptor) else {
                    isShort = true
                    refuseAtOnce(descriptor, .descriptorsExhausted)
                    continue
                }
                guard context.buffers.admitsConnection(loggingIn: context.admission.loggingIn) else {
                    refuseAtOnce(descriptor, .buffersExhausted)
                    continue
                }
                let limit = Admission.connectionLimit(sessions: generation.configuration.limits.sessions)
                guard context.admission.admitConnection(limit: limit) else {
                    refuseAtOnce(descriptor, .tooManyConnections(limit: limit))
                    continue
                }
                let target = context.deal.deal()
                if target == self.index {
                    open(descriptor, from: address, listener: listeners[index].index)
                } else {
                    context.post(
                        .accepted(descriptor: descriptor, address: address, listener: listeners[index].index),
                        to: target)
                }
            case .none: return
            case .exhausted: return makeRoom(for: index)
            case .failed: continue
            }
        }
        if !isShort { loop.runAgain() }
    }

    /// No descriptor is left: one kept in reserve takes connections to refuse them, so that executors are not left
    /// waiting; then the listeners rest for a moment, so that the loop does not spin (F-OPS-01).
    private func makeRoom(for index: Int) {
        let refusal = Refusal.descriptorsExhausted
        for _ in 0..<64 {
            guard context.reserve.accept(listeners[index].descriptor, { refuseAtOnce($0, refusal) }) else {
                break
            }
        }
        restListeners()
    }

    private func restListeners() {
        guard !areListenersResting else { return }
        areListenersResting = true
        for listener in listeners { loop.remove(listener.descriptor) }
        _ = loop.schedule(.acceptAgain, at: loop.now &+ 50_000_000)
    }

    /// How long a gateway that follows another lets executors wait for keys and replicas.
    private static let firstAcceptPatience: UInt64 = 10_000_000_000

    private func firstAccept(until deadline: UInt64) {
        guard context.canJudgeLogins(generation.configuration) || loop.now >= deadline else {
            _ = loop.schedule(.firstAccept(until: deadline), at: loop.now &+ 20_000_000)
            return
        }
        acceptAgain()
    }

    private func acceptAgain() {
        areListenersResting = false
        for (index, listener) in listeners.enumerated() {
            try? loop.addListener(listener.descriptor, token: Worker.token(index, 0, .listener))
        }
    }

    /// Too many connections: the answer is written into the fresh socket's buffer, which has room for it, and closed.
    private func refuseAtOnce(_ descriptor: Int32, _ refusal: Refusal) {
        context.counters.countRefusal(refusal.sqlstate)
        let stream = Stream(descriptor: descriptor)
        var buffer = ByteBuffer(pool: pool)
        buffer.append(refusal.encoded(severity: .fatal))
        _ = stream.write(from: &buffer, limit: buffer.count)
        stream.shutdownWrite()
        stream.close()
    }

    private func closeListeners() {
        for listener in listeners {
            loop.remove(listener.descriptor)
            listener.close()
        }
        listeners = []
    }

    /// All sessions are gone: what was recorded is written, and the loop ends.
    private func close() {
        recordSums()
        for region in regions { write(region) }
        loop.stop()
    }
}
