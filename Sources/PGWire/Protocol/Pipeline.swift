/// Which answer belongs to which message: the queue of what a relayed session's executor sent and the replica
/// has not answered yet, the names of prepared statements and portals, and the states of COPY and of skipping
/// until Sync.
///
/// The driver tells it every frontend message in the order it forwards them (`…Sent`, in
/// `Pipeline+Sent.swift`) and every backend frame in the order they come (`Pipeline+Answers.swift`),
/// NoticeResponse, ParameterStatus and NotificationResponse excepted, which answer nothing. It is told of
/// each statement's end by an `Outcome`, and of messages that the replica passed over by `nextSkipped()`, so
/// that each recorded message gets exactly one end: a Query one outcome per statement begun; an Execute or
/// FunctionCall one outcome, or skipped; a Parse or Bind nothing if it succeeds, else an outcome or skipped.
///
/// After an error in the extended protocol the replica skips everything up to the next Sync, Query and
/// FunctionCall too; after one in a simple Query or FunctionCall nothing (PostgreSQL documentation, "Message
/// Flow"; measured in 15).
///
/// **The race of Sync with COPY IN.** A Sync that the replica reads inside COPY IN is taken in without an
/// answer; one that it reads behind the COPY's error is answered. Where the executor sent Syncs before
/// CopyDone or CopyFail and the COPY failed, nothing says how many were taken in; they are remembered as
/// `doubt`: so many ReadyForQuery may come in excess. The first answer that fits ends the doubt. Where a
/// frame fits both readings, the Syncs are held for taken in (only a COPY that fails before it has read what
/// stands before them proves otherwise), and frames that then fit nothing are `unattributed` instead of a
/// violation.
///
/// Time is a monotonic clock's nanoseconds. Messages are numbered by the driver, ascending.
package struct Pipeline: ~Copyable {
    /// Messages that may be unanswered at a time, see `isFull`. The replica holds back at most the answers
    /// that fit its buffer of 8,192 bytes (1,638 of the shortest) until it reads a Sync or Flush: the limit
    /// must be above that.
    package static let maximumOutstanding = 4_096

    /// One that awaits an answer, or CopyData and CopyDone/CopyFail sent before it is known whether there is
    /// a COPY.
    struct Entry {
        enum Kind: UInt8 {
            case query, parse, bind, describeStatement, describePortal, execute, closeStatement,
                closePortal
            case functionCall, sync, malformedFlush, copyData, copyEnd
        }
        var kind: Kind
        /// Whether a name of each kind waits in `names`; the portal's comes first.
        var namesPortal = false
        var namesStatement = false
        var message: UInt64
        var sentAt: UInt64
        /// Bytes of CopyData; how many CopyDone and CopyFail.
        var amount = 0
    }

    /// What has come of the answer to the oldest message.
    struct Progress {
        enum Copy { case none, `in`, out, both }
        var index = 0
        var since: UInt64 = 0
        var rows = 0
        var bytes = 0
        var copy = Copy.none
        var copied = 0
        /// The replica reads the executor's CopyData: no CopyDone or CopyFail was sent yet.
        var takesCopyData = false
        /// Syncs sent while it did.
        var syncsInCopy = 0
        var answered = false
        var failed = false
        var ranStatement = false
        var sqlstate: SQLState? = nil
    }

    enum Mode {
        case normal
        /// An error came, and no Sync has been sent since.
        case skipping
        /// As above, but one of the Syncs sent inside the failed COPY may end the skipping: not known until a
        /// ReadyForQuery comes.
        case perhapsSkipping
        /// That ReadyForQuery came, and a Sync was sent since, behind other messages: either it answers that
        /// one, and they were skipped, or it answers one inside the COPY, and they are run. The next frame
        /// tells (`decide`).
        case perhapsSkipped
    }

    var queue = PipelineQueue<Entry>()
    var names = PipelineQueue<PipelineText>()
    var skipped = PipelineQueue<Skipped>()
    var statements = PreparedStatements()
    var expectationsAreOld = false
    var progress = Progress()
    var mode = Mode.normal
    /// ReadyForQuery that may come in excess.
    var doubt = 0
    /// Messages were taken for skipped while there was doubt; their answers may still come.
    var skippedInDoubt = false
    /// The last message that may be a COPY is followed by nothing but CopyData, CopyDone, CopyFail and Sync.
    var mayBeCopy = false

    /// The status of the last ReadyForQuery; idle at first.
    package internal(set) var transactionStatus = TransactionStatus.idle

    package init() {}

    /// Nothing awaits an answer.
    package var isIdle: Bool { queue.isEmpty && mode == .normal }

    /// The number of the oldest message that awaits an answer.
    package var oldestUnanswered: UInt64? { queue.first?.message }

    /// How many messages await an answer.
    package var outstanding: Int { queue.count }

    /// The driver must not forward more until answers came (or until it has called `nextSkipped`).
    package var isFull: Bool { queue.count &+ skipped.count >= Self.maximumOutstanding }

    /// The replica is in COPY IN or COPY BOTH as far as is known, and would end the session at a Query or
    /// Parse.
    package var isInCopyIn: Bool { progress.takesCopyData }

    /// An error came and the replica passes over all until a Sync.
    package var isSkipping: Bool { mode != .normal }

    /// The next message that the replica passed over, oldest first. To be called until nil after
    /// `errorResponse`, `readyForQuery` and every `…Sent`.
    package mutating func nextSkipped() -> Skipped? {
        skipped.popFirst()
    }

    /// The next message that will never be answered, because the session is over; not one that has an
    /// outcome. To be called until nil.
    package mutating func nextAbandoned() -> Skipped? {
        while let entry = takeFirst()?.entry {
            let hasOutcome = progress.failed || entry.kind == .query && progress.answered
            progress = Progress()
            if !hasOutcome, let message = Self.recorded(entry) { return message }
        }
        return nil
    }

    // MARK: The queue

    /// An entry with its names; nil stands for the unnamed ones.
    struct Taken {
        var entry: Entry
        var portal: PipelineText? = nil
        var statement: PipelineText? = nil
    }

    /// Removes the oldest entry and its names.
    mutating func takeFirst() -> Taken? {
        guard let entry = queue.popFirst() else { return nil }
        var taken = Taken(entry: entry)
        if entry.namesPortal { taken.portal = names.popFirst() }
        if entry.namesStatement { taken.statement = names.popFirst() }
        return taken
    }

    /// Removes the oldest entry, which has its answer, and what can no longer belong to a COPY behind it.
    mutating func finishFirst() -> Taken? {
        let taken = takeFirst()
        while let next = queue.first, next.kind == .copyData || next.kind == .copyEnd {
            _ = queue.popFirst()
        }
        progress = Progress()
        progress.since = queue.first?.sentAt ?? 0
        if queue.isEmpty { mayBeCopy = false }
        return taken
    }

    /// Removes all up to the first Sync, which stays; false where there is none.
    mutating func skipToSync() -> Bool {
        while let entry = queue.first, entry.kind != .sync {
            if let message = Self.recorded(entry) { skipped.append(message) }
            _ = takeFirst()
        }
        expectationsAreOld = true
        progress = Progress()
        progress.since = queue.first?.sentAt ?? 0
        if queue.isEmpty { mayBeCopy = false }
        return !queue.isEmpty
    }

    /// The message as one passed over, if it is of a kind that is recorded.
    static func recorded(_ entry: Entry) -> Skipped? {
        switch entry.kind {
        case .query: Skipped(of: entry.message, kind: .query)
        case .parse: Skipped(of: entry.message, kind: .parse)
        case .bind: Skipped(of: entry.message, kind: .bind)
        case .execute: Skipped(of: entry.message, kind: .execute)
        case .functionCall: Skipped(of: entry.message, kind: .functionCall)
        case .describeStatement, .describePortal, .closeStatement, .closePortal, .sync, .malformedFlush,
            .copyData, .copyEnd:
            nil
        }
    }

    /// Makes the expected meanings again from the known ones and the messages that are still to be run.
    mutating func renewExpectations() {
        guard expectationsAreOld else { return }
        expectationsAreOld = false
        statements.forgetExpectations()
        var nameIndex = 0
        for index in 0..<queue.count {
            var taken = Taken(entry: queue[index])
            if taken.entry.namesPortal {
                taken.portal = names[nameIndex]
                nameIndex &+= 1
            }
            if taken.entry.namesStatement {
                taken.statement = names[nameIndex]
                nameIndex &+= 1
            }
            expect(taken)
        }
    }

    private mutating func expect(_ taken: Taken) {
        let message = taken.entry.message
        switch taken.entry.kind {
        case .query: statements.expectQuery(message: message)
        case .parse: statements.expectParse(taken.statement, message: message)
        case .bind:
            _ = statements.expectBind(portal: taken.portal, statement: taken.statement, message: message)
        case .closeStatement: statements.expectClose(statement: taken.statement, message: message)
        case .closePortal: statements.expectClose(portal: taken.portal, message: message)
        case .sync: statements.expectSync()
        case .describeStatement, .describePortal, .execute, .functionCall, .malformedFlush, .copyData,
            .copyEnd:
            break
        }
    }
}
