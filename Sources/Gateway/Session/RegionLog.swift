import Audit
import Transport

/// One worker's hand on one region's log: the batch of this turn's records, and the sessions that wait for its receipt.
final class RegionLog {
    let region: String
    let log: AuditLog
    var batch: RecordBatch
    /// The batch holds a record that a frame waits for: it is written at the end of this turn.
    var mustWrite = false
    /// A timer will write the batch.
    var isTimed = false
    /// The log refused the batch, which is kept until it takes records again.
    var isRefused = false
    /// Sessions whose frames wait for the receipt of this turn's batch.
    var awaiting: [Session] = []
    /// Records with long texts, which are written piece by piece, in their order.
    var longWrites: [LongWrite] = []
    /// Those of them that hear of it now: empty in between, and kept for its memory.
    var receiving: [Session] = []
    /// Sessions that hold something until the log is more durable.
    private var holding: [Session] = []
    /// Empty, and kept for its memory.
    private var spare: [Session] = []
    private let notice: DurabilityNotices.Flag
    /// The log is to be synced by this worker, when nothing else is ready; nil: it is not. Turns since then.
    private var calledTurns: Int?
    /// The highest number that a sync was asked for.
    private var asked: UInt64 = 0

    /// Turns that a sync may wait for the worker to have nothing else to do.
    private static let busyTurns = 4

    /// Bytes of outcomes that may gather before they are written anyway.
    static let gatheredBytes = 256 * 1024
    /// Nanoseconds an outcome may wait for company.
    static let outcomeDelay: UInt64 = 100_000_000

    /// Nanoseconds until a log that is too far ahead of its disk is asked again.
    static let behindDelay: UInt64 = 5_000_000

    init(region: String, log: AuditLog, notice: DurabilityNotices.Flag, recordLimit: Int) {
        self.region = region
        self.log = log
        self.notice = notice
        batch = RecordBatch(recordLimit: recordLimit)
    }

    /// Bytes of refused records that are kept.
    private static let keptBytes = 4 << 20

    /// The log took none of the batch. Nothing that it speaks of was forwarded, but outcomes and ends are in it, and of
    /// nothing else will they be known: all of it is written when the log takes records again. Sessions of the region
    /// are at their end, so that not much can come behind it; what is beyond the limit is lost.
    func keepRefused() {
        if batch.byteCount > RegionLog.keptBytes { batch.removeAll() }
    }

    /// Remembers a session until the log is durable up to `number`. The caller looks at the log once more afterwards.
    func hold(_ session: Session, until number: UInt64) {
        let isNew = !session.isHolding
        if isNew {
            session.isHolding = true
            holding.append(session)
        }
        notice.want()
        if isNew || number > asked {
            asked = max(asked, number)
            if log.callsForSync(number) { callForSync() }
        }
    }

    /// Sessions that hold something.
    var waiting: Int { holding.count }

    /// This worker is to make the log's next sync.
    func callForSync() { if calledTurns == nil { calledTurns = 0 } }

    /// A turn has ended.
    /// - Returns: whether a sync waits for the worker to have nothing else to do. For one that is busy the writer makes it.
    func isCalled() -> Bool {
        guard let turns = calledTurns else { return false }
        guard turns < RegionLog.busyTurns else {
            calledTurns = nil
            log.leaveSync()
            return false
        }
        calledTurns = turns + 1
        return true
    }

    /// The worker has nothing else to do.
    /// - Returns: whether it is to make a sync now.
    func takeCall() -> Bool {
        defer { calledTurns = nil }
        return calledTurns != nil
    }

    /// The worker has made it: what follows from that it sees without being told.
    func announceSync() {
        _ = notice.take()
        log.announceSync()
    }

    /// Whether the log is not yet durable up to `number`: then it is asked for a sync, and the worker is woken by it.
    func waits(until number: UInt64) -> Bool {
        guard log.durable < number else { return false }
        notice.want()
        if number > asked {
            asked = number
            log.askSync(number)
        }
        // It may have become so before it was asked for the notice.
        return log.durable < number
    }

    /// Those that wait are `receiving`; who waits from now on waits for the next receipt.
    func takeAwaiting() { swap(&awaiting, &receiving) }

    /// Gives the sessions that waited; each of them has to ask again.
    func takeHolding(_ body: (Session) -> Void) {
        guard !holding.isEmpty else { return }
        var taken = spare
        spare = []
        swap(&taken, &holding)
        for session in taken {
            session.isHolding = false
            body(session)
        }
        taken.removeAll(keepingCapacity: true)
        spare = taken
    }
}
