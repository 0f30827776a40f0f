import Audit
import GatewayCatalog
import GatewayConfiguration
import GatewayGuard
import GatewayPolicy
import PGWire
import SQLText
import Transport

/// A session between its AuthenticationOk and its end: frames of the executor are cut, recorded and then forwarded in
/// place; frames of the replica are matched with what they answer.
///
/// One turn: `pump` reads and encodes records, the worker writes them, `recorded` releases what the receipt covers,
/// `flush` sends.
final class Relay {
    // Both outlive the relay: the session lets go of it when it ends, the worker of the session. A plain reference
    // costs less on the hot path than an unowned one.
    let session: Session
    let worker: Worker
    let region: RegionLog
    let executor: Stream
    let connection: RelayedConnection
    let durability: AuditSettings.Durability
    let statementLimit: Int
    let recordLimit: Int
    /// Texts that are read for no other reason are read for what their records say of them.
    var describes: Bool

    /// Bytes of the executor on their way to the replica, and the other way round.
    var fromExecutor: ByteBuffer
    var fromUpstream: ByteBuffer
    var toUpstream = HoldQueue()
    var toExecutor = HoldQueue()
    var frontend = FrameCursor()
    var backend = FrameCursor()
    /// Numbers the messages, matches the answers, makes the records.
    var recorder: MessageRecorder
    /// What the session may do, and what it has made and prepared.
    var guardian: SessionGuard
    /// What its Parse messages prepared was judged as.
    var prepared = PreparedTexts()
    /// What the frame that is cut now was judged as.
    var judged: Judged?
    /// Whose grammar the replica said at login that it has.
    let serverGrammar: GrammarVersion?
    /// The replica's catalogue; nil where none was read, or nothing is forbidden.
    var catalog: PublishedCatalog?
    /// Until then, on the loop's clock, it is not looked up again.
    var catalogHeldUntil: UInt64 = 0
    /// The session's client_encoding is, or was, one whose characters may end in an ASCII byte: a RESET brings it back
    /// before the replica tells of it (F-GRD-10).
    var hasUnsafeEncoding: Bool
    /// How often statements were judged again for want of a catalogue.
    var catalogWaits = 0
    /// Since when, on the loop's clock, the frame that is cut next waits for a look at the catalogue, for names that it
    /// does not know.
    var unknownSince: UInt64?
    /// What was forwarded may have changed the schema.
    var mayHaveChangedSchema = false
    /// An answer to what may change client_encoding is outstanding.
    var mayHaveChangedEncoding = false
    /// Something was forwarded that may have changed how a text is read; the replica tells of that with its ReadyForQuery,
    /// and not before (PostgreSQL 14 and later).
    var mayHaveChangedLexer = false
    /// A text that is looked through on another thread; frames behind it wait.
    var longLook = LongLook<LongText>()
    /// Two-phase transactions that its texts prepare and end.
    var transactions = TransactionTexts()
    /// Its record is on its way into the log; frames behind it wait.
    var isRecordingLong = false
    /// Bytes of such a record that the budget has not paid for.
    var longBytes = 0
    /// The session's standard_conforming_strings, as the replica told it last.
    var conformingStrings: Bool
    /// The last message whose frame was forwarded, or is covered by a receipt and about to be.
    private(set) var forwardedMessage: UInt64 = 0
    /// `AuditReceipt.end` of what was forwarded last: answers read from now on wait for it.
    var forwardedEnd: UInt64 = 0
    var refusedStatements: [RefusedStatement] = []
    /// A Bind or FunctionCall that is being forwarded as it comes.
    var large: LargeMessage?
    /// ErrorResponse FATAL or PANIC came: the replica says itself why it closes.
    var upstreamSaidWhy = false
    /// Terminate was forwarded: what comes behind it is not looked at.
    var hasTerminated = false
    /// The executor has shut its side: what came before is still forwarded.
    var executorClosedInput = false
    /// The next frame waits for answers to those before it.
    var awaitsAnswers = false
    var upstreamEnded = false
    var halfClosed = false
    /// A cancel of this session is on its way: the next statement waits (F-WIRE-14).
    var cancel: CancelAttempt?
    /// When the cancel has had its time.
    var cancelTimer: TimerID?
    /// What is judged beside the session's own rules, and only recorded.
    var observed: ObservedRules?
    /// Who waits for the cancel to have been acted on.
    var cancelReply: SessionAddress?
    /// The principal's budget of log bytes, and what the session has taken of it.
    let budget: LogBudget
    var allowance = LogAllowance()
    var logBytesPerSecond: Int
    /// Until then, on the loop's clock, nothing is read of the executor, of the replica, for want of log bytes.
    var executorRests: UInt64 = 0
    var upstreamRests: UInt64 = 0
    /// Ends at the next idle moment.
    var drainReason: Refusal?
    /// It began so lately that a drain lets it have its first statements.
    var isNewcomer = false
    /// A NoticeResponse of the gateway's that waits for the end of a frame.
    var pendingNotice: [UInt8]?
    /// Monotonic nanoseconds of the last frame of the executor, and of the relay's beginning.
    var lastActivity: UInt64
    let begun: UInt64

    /// Bytes of one direction that may wait before its source is not read any more.
    static let highMark = BufferPool.blockSize
    /// Reads of one source in a turn: a fast peer does not keep the others waiting.
    static let readsPerTurn = 4
    /// Bytes that are written upstream in a turn.
    static let bytesPerTurn = 1 << 20
    /// What a Parse may hold beside its SQL: a name of a short message's length, and a type for each of 65,535 parameters.
    static let parseFrame = WireLimits.smallMessage + 1 + 2 + 4 * 65_535

    init(
        session: Session, region: RegionLog, connection: UpstreamConnection, capture: ParameterCapture,
        rules: GuardRules, observed: ObservedRules?
    ) {
        self.session = session
        self.worker = session.worker
        self.region = region
        self.executor = session.executor
        self.connection = connection.relayed
        let configuration = session.generation.configuration
        durability = configuration.audit.durability
        statementLimit = configuration.limits.statement
        recordLimit = configuration.audit.recordLimit
        logBytesPerSecond = configuration.limits.logBytesPerSecondPerSubject
        budget = session.logBudget ?? LogBudget()
        recorder = MessageRecorder(
            session: session.name, identity: session.encodedIdentity, isReplication: session.isReplication,
            capture: capture, literals: session.literalCapture, clientEncoding: connection.clientEncoding,
            conformingStrings: connection.conformingStrings)
        describes = session.describesTexts
        guardian = SessionGuard(rules: rules)
        self.observed = observed
        conformingStrings = connection.conformingStrings
        serverGrammar = connection.grammar
        hasUnsafeEncoding = SettingJudge.isUnsafe(encoding: connection.clientEncoding)
        fromExecutor = ByteBuffer(pool: session.worker.pool)
        fromUpstream = ByteBuffer(pool: session.worker.pool)
        lastActivity = session.worker.loop.now
        begun = lastActivity
    }

    /// Bytes that came before the relay began: behind the password, and behind the attestation's answer.
    func adopt(executorBytes: Span<UInt8>, upstreamBytes: [UInt8]) {
        fromExecutor.append(executorBytes)
        fromUpstream.append(upstreamBytes)
        if !fromUpstream.isEmpty { processBackend(forwarded: 0) }
        if !fromExecutor.isEmpty { processFrontend() }
    }

    // MARK: Reading

    func pump() {
        readExecutor()
        if session.isRelaying { readUpstream() }
        // Frames may wait in the buffer for answers, or for a cancel to be over.
        if session.isRelaying, fromExecutor.count > frontend.scanned { processFrontend() }
        cancel?.advance()
    }

    /// Nothing more is read from the executor.
    var executorEnded: Bool { hasTerminated || executorClosedInput }

    /// Frames are there that will be cut when answers have come or the cancel is over.
    private var hasUncut: Bool {
        !hasTerminated && fromExecutor.count > frontend.scanned
            && (awaitsAnswers || isRecordingLong || recorder.pipeline.isFull || cancel != nil)
    }

    private var mayReadExecutor: Bool {
        guard executor.isReadable, !executorEnded, cancel == nil, !recorder.pipeline.isFull,
            worker.loop.now >= executorRests
        else { return false }
        guard fromExecutor.count < max(Relay.highMark, frontend.gathering) else { return false }
        return fromExecutor.room > 0 || toUpstream.released + toUpstream.held == 0 || worker.mayTakeBlock
    }

    private func readExecutor() {
        for _ in 0..<Relay.readsPerTurn where session.isRelaying && mayReadExecutor {
            // What is gathered grows with what came, not with what was announced (F-WIRE-08).
            let room = max(1, min(max(frontend.gathering - fromExecutor.count, 1), fromExecutor.count))
            if fromExecutor.isEmpty, !worker.mayTakeBlock { fromExecutor.reserveSmall() }
            switch executor.read(into: &fromExecutor, minimum: room) {
            case .moved: processFrontend()
            case .wouldBlock: return
            case .closed: executorClosed()
            case .failed: executorGone("executor_failed")
            }
        }
        if session.isRelaying, mayReadExecutor { worker.touch(session) }
    }

    private func readUpstream() {
        let upstream = connection.stream
        for _ in 0..<Relay.readsPerTurn
        where session.isRelaying && mayReadUpstream {
            let forwarded = forwardedEnd
            if fromUpstream.isEmpty, !worker.mayTakeBlock { fromUpstream.reserveSmall() }
            switch upstream.read(into: &fromUpstream) {
            case .moved:
                let before = region.batch.byteCount
                processBackend(forwarded: forwarded)
                restUpstream(spendBudget(since: before))
            case .wouldBlock: return
            case .closed, .failed: upstreamEnded = true
            }
        }
        if session.isRelaying, mayReadUpstream { worker.touch(session) }
    }

    private var mayReadUpstream: Bool {
        connection.stream.isReadable && !upstreamEnded && fromUpstream.count < Relay.highMark
            && worker.loop.now >= upstreamRests
            // Where memory is short a small piece is sent before it grows, unless nothing of it can go.
            && (fromUpstream.room > 0 || toExecutor.released + toExecutor.held == 0 || worker.mayTakeBlock)
    }

    // MARK: Forwarding

    /// The batch with this turn's records is written: the frames they cover may go. The only way to forward a frame
    /// that must be recorded.
    func recorded(_ receipt: AuditReceipt) {
        if isRecordingLong {
            isRecordingLong = false
            // Frames behind it have not been looked at: until they are, the replica must not see the end of its input.
            awaitsAnswers = true
        }
        forwardedEnd = receipt.end
        cover(waitsFor: durability == .strict ? receipt.end : 0)
    }

    /// Adds what was cut and not yet covered to what may go.
    private func cover(waitsFor number: UInt64) {
        let bytes = frontend.scanned - toUpstream.released - toUpstream.held
        forwardedMessage = recorder.message
        guard bytes > 0 else { return }
        toUpstream.add(bytes, waitsFor: number, durable: region.log.durable, endsFrame: frontend.isAtFrame)
    }

    func flush() {
        // Frames of kinds that need no record wait for none; those cut behind a recorded one have waited with it.
        if !session.isAwaitingReceipt { cover(waitsFor: 0) }
        writeUpstream()
        writeExecutor()
        guard session.isRelaying else { return }
        if drainReason != nil, isAtIdle, !isNewcomer { return idleReached() }
        watchDurability()
        if executorEnded, frontend.scanned == 0, !hasUncut { halfCloseUpstream() }
        if upstreamEnded, toExecutor.released + toExecutor.held == 0 { upstreamClosed() }
    }

    private func writeUpstream() {
        guard toUpstream.released > 0, connection.stream.isWritable, !upstreamEnded else { return }
        let limit = min(toUpstream.released, Relay.bytesPerTurn)
        switch connection.stream.write(from: &fromExecutor, limit: limit) {
        case .moved(let bytes):
            toUpstream.took(bytes)
            frontend.consumed(bytes)
            // A replica that takes all as it comes must not keep the others waiting.
            if mayReadExecutor || bytes == limit && toUpstream.released > 0 { worker.touch(session) }
        case .wouldBlock: return
        case .closed, .failed: upstreamEnded = true
        }
    }

    private func writeExecutor() {
        guard toExecutor.released > 0, executor.isWritable else { return }
        switch executor.write(from: &fromUpstream, limit: toExecutor.released) {
        case .moved(let bytes):
            toExecutor.took(bytes)
            backend.consumed(bytes)
            if connection.stream.isReadable, !upstreamEnded { worker.touch(session) }
        case .wouldBlock: return
        case .closed: executorGone("executor_closed")
        case .failed: executorGone("executor_failed")
        }
    }

    /// Asks to be told when the log is more durable, and looks once more, so that no news is missed.
    private func watchDurability() {
        guard toExecutor.isHolding || toUpstream.isHolding else { return }
        region.hold(session, until: forwardedEnd)
        if durableAdvanced() { worker.touch(session) }
    }

    /// Releases what the log is durable for; true where that is something.
    @discardableResult
    func durableAdvanced() -> Bool {
        let durable = region.log.durable
        let before = toUpstream.held + toExecutor.held
        toUpstream.release(durable: durable)
        toExecutor.release(durable: durable)
        return toUpstream.held + toExecutor.held < before
    }
}

/// Where the cutting of frames stands in a buffer.
struct FrameCursor {
    /// Bytes from the buffer's first that were looked at and may go once they are covered.
    var scanned = 0
    /// Bytes of the current frame that are still to come and pass as they are.
    var passing = 0
    /// That frame is a CopyData whose digest is asked for.
    var passesCopyData = false
    /// Where the frame that is passing begins in the buffer; nil where its first bytes have gone.
    private(set) var cutFrame: Int?
    /// Bytes of a refused frame that are still to come and are dropped.
    var dropping = 0
    /// Whole length of a frame that is gathered, 0 for none.
    var gathering = 0

    /// Everything up to `scanned` is whole frames.
    var isAtFrame: Bool { passing == 0 }

    mutating func consumed(_ bytes: Int) {
        scanned -= bytes
        if let start = cutFrame { cutFrame = start >= bytes ? start - bytes : nil }
    }

    /// The first `bytes` of a frame of this length are there; the others pass as they come.
    mutating func passes(frame length: Int, having bytes: Int) {
        cutFrame = bytes < length ? scanned : nil
        scanned += bytes
        passing = length - bytes
    }
}
