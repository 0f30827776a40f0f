/// Which answer belongs to which message: the queue of what a relayed session's executor sent and the replica
/// has not answered yet, the names of prepared statements and portals, and the states of COPY and of skipping
/// until Sync.
///
/// The driver tells it every frontend message in the order it forwards them (`…Sent`) and every backend frame
/// in the order they come (`Pipeline+Answers.swift`), NoticeResponse, ParameterStatus and
/// NotificationResponse excepted, which answer nothing. It is told of each statement's end by an `Outcome`,
/// and of messages that the replica passed over by `nextSkipped()`, so that each recorded message gets
/// exactly one end: a Query one outcome per statement begun; an Execute or FunctionCall one outcome, or
/// skipped; a Parse or Bind nothing if it succeeds, else an outcome or skipped.
///
/// After an error in the extended protocol the replica skips everything up to the next Sync, Query and
/// FunctionCall too; after one in a simple Query or FunctionCall nothing (PostgreSQL documentation, "Message
/// Flow"; measured in 15).
///
/// **The race of Sync with COPY IN.** A Sync that the replica reads inside COPY IN is taken in without an
/// answer; one that it reads behind the COPY's error is answered. Where the executor sent Syncs before
/// CopyDone or CopyFail and the COPY failed, nothing says how many were taken in. Then there are several
/// readings of what follows, one for each number; outcomes are held back (`nextOutcome`), and a reading that
/// a later frame cannot stand in is given up. With executors that wait for answers one is left at the next
/// message. Where several go on for long, the first is taken and what it says is marked as not certain.
///
/// Time is a monotonic clock's nanoseconds. Messages are numbered by the driver, ascending. No input traps.
package struct Pipeline: ~Copyable {
    /// Messages that may be unanswered at a time, see `isFull`. The replica holds back at most the answers
    /// that fit its buffer of 8,192 bytes (1,638 of the shortest) until it reads a Sync or Flush: the limit
    /// must be above that.
    package static let maximumOutstanding = 4_096
    /// Readings kept at a time.
    static let maximumReadings = 8
    /// Ends held back while there are several readings.
    static let maximumHeld = 512

    /// The likeliest reading: COPY took in all Syncs sent inside it.
    private var reading = PipelineReading()
    private var others: [PipelineReading] = []

    /// The status of the last ReadyForQuery; idle at first.
    package private(set) var transactionStatus = TransactionStatus.idle

    package init() {}

    /// Nothing awaits an answer.
    package var isIdle: Bool { reading.queue.isEmpty && !reading.isSkipping }

    /// The number of the oldest message that awaits an answer.
    package var oldestUnanswered: UInt64? { reading.queue.first?.message }

    /// How many messages await an answer.
    package var outstanding: Int { reading.queue.count }

    /// The driver must not forward more until answers came (or until it has called `nextSkipped`).
    package var isFull: Bool { reading.isFull }

    /// The replica is in COPY IN or COPY BOTH as far as is known, and would end the session at a Query or
    /// Parse.
    package var isInCopyIn: Bool { reading.progress.takesCopyData }

    /// An error came and the replica passes over all until a Sync.
    package var isSkipping: Bool { reading.isSkipping }

    /// The next message that the replica passed over, oldest first. To be called until nil after each `…Sent`
    /// and frame.
    package mutating func nextSkipped() -> Skipped? {
        others.isEmpty ? reading.skipped.popFirst() : nil
    }

    /// The next outcome that had to be held back. To be called until nil after each frame.
    package mutating func nextOutcome() -> Outcome? {
        others.isEmpty ? reading.held.popFirst() : nil
    }

    /// The session is over: gives the next message that will never be answered and has no outcome. To be
    /// called until nil, then `nextOutcome` and `nextSkipped`.
    package mutating func nextAbandoned() -> Skipped? {
        settle()
        return reading.takeAbandoned()
    }

    // MARK: What the executor sent, in the order it is forwarded

    package mutating func querySent(message: UInt64, now: UInt64) {
        reading.querySent(message: message, now: now)
        forOthers { $0.querySent(message: message, now: now) }
    }

    package mutating func parseSent(message: UInt64, name: Span<UInt8>, now: UInt64) {
        let name = PipelineText(name)
        reading.parseSent(message: message, name: name, now: now)
        forOthers { $0.parseSent(message: message, name: name, now: now) }
    }

    /// Gives the message of the Parse that `statement` means if all that is unanswered succeeds; nil where
    /// none is known (SQL's PREPARE made it, or nothing did).
    package mutating func bindSent(
        message: UInt64, portal: Span<UInt8>, statement: Span<UInt8>, now: UInt64
    ) -> UInt64? {
        let portal = PipelineText(portal)
        let statement = PipelineText(statement)
        let meaning = reading.bindSent(message: message, portal: portal, statement: statement, now: now)
        forOthers {
            _ = $0.bindSent(message: message, portal: portal, statement: statement, now: now)
            $0.told(meaning, of: message)
        }
        return meaning
    }

    /// The message of the Parse that this name means if all that is unanswered succeeds.
    package mutating func expectedStatement(_ name: Span<UInt8>) -> UInt64? {
        reading.expectedStatement(PipelineText(name))
    }

    /// The Parse whose statement an Execute of this portal would run if it were sent now.
    package mutating func expectedStatement(ofPortal portal: Span<UInt8>) -> UInt64? {
        reading.expectedStatement(ofPortal: PipelineText(portal))
    }

    package mutating func describeSent(message: UInt64, target: Target, now: UInt64) {
        reading.describeSent(message: message, target: target, now: now)
        forOthers { $0.describeSent(message: message, target: target, now: now) }
    }

    package mutating func closeSent(message: UInt64, target: Target, name: Span<UInt8>, now: UInt64) {
        let name = PipelineText(name)
        reading.closeSent(message: message, target: target, name: name, now: now)
        forOthers { $0.closeSent(message: message, target: target, name: name, now: now) }
    }

    /// Gives the message of the Parse that the portal runs if all that is unanswered succeeds; nil where none
    /// is known (SQL's DECLARE CURSOR or PREPARE made it, or nothing did).
    package mutating func executeSent(message: UInt64, portal: Span<UInt8>, now: UInt64) -> UInt64? {
        let portal = PipelineText(portal)
        let meaning = reading.executeSent(message: message, portal: portal, now: now)
        forOthers {
            _ = $0.executeSent(message: message, portal: portal, now: now)
            $0.told(meaning, of: message)
        }
        return meaning
    }

    /// What an Execute of the unnamed portal would meet if it were sent now: to be asked before it is
    /// forwarded.
    package mutating func unnamedPortalUse() -> UnnamedPortalUse {
        var use = reading.unnamedPortalUse()
        for index in others.indices {
            let other = others[index].unnamedPortalUse()
            if other.rawValue > use.rawValue { use = other }
        }
        return use
    }

    package mutating func functionCallSent(message: UInt64, now: UInt64) {
        reading.functionCallSent(message: message, now: now)
        forOthers { $0.functionCallSent(message: message, now: now) }
    }

    package mutating func syncSent(message: UInt64, now: UInt64) {
        reading.syncSent(message: message, now: now)
        forOthers { $0.syncSent(message: message, now: now) }
    }

    /// A Flush is answered only if it has a body, by an error; `isWellFormed` is that it has none.
    package mutating func flushSent(message: UInt64, isWellFormed: Bool = true, now: UInt64) {
        guard !isWellFormed else { return }
        reading.malformedFlushSent(message: message, now: now)
        forOthers { $0.malformedFlushSent(message: message, now: now) }
    }

    /// CopyData with a body of `bytes`. Outside COPY the replica ignores it.
    package mutating func copyDataSent(bytes: Int) {
        reading.copyDataSent(bytes: bytes)
        forOthers { $0.copyDataSent(bytes: bytes) }
    }

    package mutating func copyDoneSent() {
        reading.copyEndSent()
        forOthers { $0.copyEndSent() }
    }

    package mutating func copyFailSent() {
        reading.copyEndSent()
        forOthers { $0.copyEndSent() }
    }

    // MARK: Readings

    @inline(__always)
    private mutating func forOthers(_ tell: (inout PipelineReading) -> Void) {
        guard !others.isEmpty else { return }
        for index in others.indices { tell(&others[index]) }
        others.removeAll { $0.isFull }
        if reading.skipped.count >= Self.maximumHeld { settle() }
    }

    /// What a frame means; while there are several readings, those in which it cannot stand are given up.
    @inline(__always)
    mutating func answer(_ frame: (inout PipelineReading) -> PipelineReading.Step) -> Answer {
        guard others.isEmpty else { return answerInDoubt(frame) }
        return switch frame(&reading) {
        case .continues: .continues
        case .ended(let outcome): .ended(outcome)
        case .sessionError: .sessionError
        case .violates: .violation(reading.violation)
        }
    }

    private mutating func answerInDoubt(_ frame: (inout PipelineReading) -> PipelineReading.Step) -> Answer {
        var isSessionError = true
        var standing: [PipelineReading] = []
        for var one in [reading] + others where !one.isOver {
            let step = frame(&one)
            switch step {
            case .violates: continue
            case .ended(let outcome): one.held.append(outcome)
            case .continues, .sessionError: break
            }
            if case .sessionError = step {} else { isSessionError = false }
            standing.append(one)
        }
        guard !standing.isEmpty else {
            settle()
            return answer(frame)
        }
        reading = standing.removeFirst()
        others = standing
        if reading.held.count &+ reading.skipped.count >= Self.maximumHeld { settle() }
        return isSessionError ? .sessionError : .continues
    }

    /// An error came while a COPY may or may not have taken in Syncs: one reading for each number of them.
    /// The likeliest first: all, or none, if the COPY failed before it read anything.
    mutating func divide() {
        guard reading.syncsInFailingCopy > 0 || !others.isEmpty else { return }
        var likeliest: [PipelineReading] = []
        var further: [PipelineReading] = []
        for var one in [reading] + others {
            let all = one.syncsInFailingCopy
            likeliest.append(one)
            if all > 0, all <= Self.maximumOutstanding / 2 {
                one.takenSyncs = 0
                likeliest.append(one)
            }
            for taken in (max(1, all &- Self.maximumReadings)..<max(1, all)).reversed() {
                one.takenSyncs = taken
                further.append(one)
            }
        }
        others = Array((likeliest + further).dropFirst().prefix(Self.maximumReadings - 1))
    }

    /// Takes the first reading, though others stand.
    private mutating func settle() {
        guard !others.isEmpty else { return }
        others = []
        for index in 0..<reading.held.count { reading.held[index].isCertain = false }
        for index in 0..<reading.skipped.count { reading.skipped[index].isCertain = false }
    }

    mutating func note(_ status: TransactionStatus) { transactionStatus = status }
}
