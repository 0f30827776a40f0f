import Audit
import Console
import GatewayConfiguration
import PGWire
import Transport

/// A session with the gateway's own database `domicile`: the worker reads and writes its socket and records what it
/// looks at; what it asks for is computed on the console's threads, a turn at a time.
final class OperatorSession {
    unowned let session: Session
    let region: RegionLog
    let conversation: ConsoleSession
    /// Why it ends as soon as it is idle.
    var drainReason: Refusal?
    private(set) var statements = 0
    private(set) var lastActivity: UInt64
    private var frames: [ConsoleFrame] = []
    /// Bytes of `frames`.
    private var waiting = 0
    /// A turn was asked for and has not come back.
    private var isRunning = false
    /// What is under way goes on as soon as there is room for its answers.
    private var hasMore = false
    private var isBusy = false
    private var hasEnded = false
    /// Its goodbye was read.
    private var hasTerminated = false

    init(session: Session, region: RegionLog, source: any ConsoleSource) {
        self.session = session
        self.region = region
        lastActivity = session.worker.loop.now
        let monotonic = session.context.platform.monotonic
        conversation = ConsoleSession(
            source: source,
            application: session.identity.application.map { String(decoding: $0, as: UTF8.self) },
            now: monotonic)
    }

    var isAtIdle: Bool { !isRunning && !hasMore && !isBusy && frames.isEmpty && session.outbound.isEmpty }

    /// Something is under way that a cancel would end.
    var isComputing: Bool { isRunning || hasMore }

    // MARK: The operator's side

    func pump() {
        guard read() else { return }
        cut()
        proceed()
    }

    /// False where the session has ended.
    private func read() -> Bool {
        guard session.executor.isReadable, waiting < ConsoleLimits.waiting else { return true }
        switch session.executor.read(into: &session.inbound) {
        case .moved:
            lastActivity = session.worker.loop.now
            if session.executor.isReadable { session.worker.touch(session) }
        case .wouldBlock: break
        // It has said goodbye: the turn that reads this ends the session.
        case .closed where hasTerminated: break
        case .closed, .failed:
            session.finish(reason: "executor_closed", sqlstate: nil)
            return false
        }
        return true
    }

    private func cut() {
        while session.isOperating, !session.inbound.isEmpty, waiting < ConsoleLimits.waiting {
            do throws(FrameError) {
                let all = 0..<session.inbound.count
                let header = try session.inbound.withBytes(all) { bytes throws(FrameError) in
                    try FrameHeader.read(from: bytes, at: 0, origin: .executor)
                }
                guard let header else { return }
                guard let tag = header.frontendTag else { throw .unexpectedTag(header.tag) }
                guard header.frameLength <= ConsoleLimits.frame else {
                    throw .lengthTooLong(
                        tag: header.tag, length: header.bodyLength, limit: ConsoleLimits.frame)
                }
                guard session.inbound.count >= header.frameLength else { return }
                let body = session.inbound.withBytes(WireLimits.frameHeader..<header.frameLength) {
                    $0.bytes(in: 0..<$0.count)
                }
                session.inbound.consume(header.frameLength)
                if tag == .terminate { hasTerminated = true }
                frames.append(ConsoleFrame(tag: tag, body: body))
                waiting += header.frameLength
            } catch {
                session.context.counters.protocolViolations.increase()
                return session.end(.protocolViolation(error.reason))
            }
        }
    }

    /// Asks for a turn where there is something to do and room for what comes of it.
    func proceed() {
        // What was said to be looked at is recorded first.
        guard session.isOperating, !session.isAwaitingReceipt, !isRunning, !hasEnded,
            hasMore || !frames.isEmpty,
            session.outbound.count < ConsoleLimits.slice
        else { return }
        isRunning = true
        let taken = frames
        frames = []
        waiting = 0
        let (conversation, context, address) = (conversation, session.context, session.address)
        context.console.threads.run {
            context.post(.operatorTurn(address, conversation.turn(taken)), to: address.worker)
        }
        // The socket may have more that was not read.
        if session.executor.isReadable { session.worker.touch(session) }
    }

    // MARK: The console's side

    func turned(_ turn: ConsoleTurn) {
        isRunning = false
        hasMore = turn.hasMore
        isBusy = turn.isBusy
        lastActivity = session.worker.loop.now
        for output in turn.outputs {
            switch output {
            case .bytes(let bytes): session.outbound.append(bytes)
            case .access(let access):
                statements += 1
                session.recordAccess(access, region)
            }
        }
        switch turn.end {
        case .terminated:
            hasEnded = true
            session.finish(reason: "terminated", sqlstate: nil)
        case .violation(let reason):
            hasEnded = true
            session.context.counters.protocolViolations.increase()
            session.end(.protocolViolation(reason))
        case nil:
            if let drainReason, isAtIdle { session.end(drainReason) }
        }
    }

    /// An operator's CancelRequest for this session.
    func cancelAsked(client: String) {
        let isComputing = isComputing
        if isComputing { conversation.watch.cancel() }
        region.batch.begin(.cancel)
        region.batch.add("session", session.name)
        region.batch.add("client", client)
        region.batch.add("target", session.name)
        region.batch.add("verdict", isComputing ? "forwarded" : "idle")
        region.batch.end()
        session.worker.recordSoon(region)
    }

    /// What is computed for it ends.
    func close() { conversation.watch.end() }
}
