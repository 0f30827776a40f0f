/// One reading of a session's traffic: what the replica has read, run and skipped so far. All but the race
/// that `Pipeline` tells of is certain, so there is one; while that race is open there are several.
struct PipelineReading {
    typealias Kind = Pipeline.Kind
    typealias Outcome = Pipeline.Outcome
    typealias Skipped = Pipeline.Skipped
    typealias SQLState = Pipeline.SQLState

    /// What a frame does to this reading.
    enum Step {
        case continues
        case ended(Outcome)
        case sessionError
        /// `violation` says what.
        case violates
    }

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
        /// Of a Bind or Execute: the Parse that the driver was told and has recorded; 0 for none.
        var told: UInt64 = 0
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

    var queue = PipelineQueue<Entry>()
    var names = PipelineQueue<PipelineText>()
    var skipped = PipelineQueue<Skipped>()
    var violation = Pipeline.Violation(got: 0, awaited: nil)
    /// Outcomes that wait until the race is decided.
    var held = PipelineQueue<Outcome>()
    var statements = PreparedStatements()
    var expectationsAreOld = false
    var progress = Progress()
    /// An error came, and no Sync has been sent since.
    var isSkipping = false
    /// An error came that answers nothing: the replica is about to close the session.
    var isOver = false
    /// The last message that may be a COPY is followed by nothing but CopyData, CopyDone, CopyFail and Sync.
    var mayBeCopy = false

    /// How many of the Syncs sent inside the COPY it took in before it failed; all unless there are readings
    /// to choose.
    var takenSyncs: Int?

    var isFull: Bool { queue.count &+ skipped.count >= Pipeline.maximumOutstanding }

    /// Removes the next message that will never be answered and has no outcome.
    mutating func takeAbandoned() -> Skipped? {
        while let entry = queue.first {
            removeFirst(entry)
            let hasOutcome = progress.failed || entry.kind == .query && progress.answered
            progress = Progress()
            if !hasOutcome, let message = Self.recorded(entry) { return message }
        }
        return nil
    }

    // MARK: The queue

    /// The portal's name in the oldest entry, to be taken before the statement's; nil for the unnamed one.
    mutating func takePortal(_ first: Entry) -> PipelineText? {
        guard first.namesPortal else { return nil }
        return names.popFirst()
    }

    /// The statement's name in the oldest entry; nil for the unnamed one.
    mutating func takeStatement(_ first: Entry) -> PipelineText? {
        guard first.namesStatement else { return nil }
        return names.popFirst()
    }

    /// Removes the oldest entry and its names.
    private mutating func removeFirst(_ first: Entry) {
        if first.namesPortal { _ = names.popFirst() }
        if first.namesStatement { _ = names.popFirst() }
        _ = queue.popFirst()
    }

    /// Removes the oldest entry, which has its answer and whose names were taken, and what can no longer
    /// belong to a COPY behind it.
    mutating func finishFirst() {
        _ = queue.popFirst()
        while let next = queue.first, next.kind == .copyData || next.kind == .copyEnd {
            _ = queue.popFirst()
        }
        beginFirst()
    }

    /// Removes all up to the first Sync, which stays; false where there is none.
    mutating func skipToSync() -> Bool {
        while let entry = queue.first, entry.kind != .sync {
            if let message = Self.recorded(entry) { skipped.append(message) }
            removeFirst(entry)
        }
        expectationsAreOld = true
        beginFirst()
        return !queue.isEmpty
    }

    private mutating func beginFirst() {
        progress = Progress()
        if let first = queue.first {
            progress.since = first.sentAt
        } else {
            mayBeCopy = false
        }
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
            let entry = queue[index]
            var portal: PipelineText?
            var statement: PipelineText?
            if entry.namesPortal {
                portal = names[nameIndex]
                nameIndex &+= 1
            }
            if entry.namesStatement {
                statement = names[nameIndex]
                nameIndex &+= 1
            }
            expect(entry, portal: portal, statement: statement)
        }
    }

    private mutating func expect(_ entry: Entry, portal: PipelineText?, statement: PipelineText?) {
        let message = entry.message
        switch entry.kind {
        case .query: statements.expectQuery(message: message)
        case .parse: statements.expectParse(statement, message: message)
        case .bind:
            _ = statements.expectBind(portal: portal, statement: statement, message: message)
        case .closeStatement: statements.expectClose(statement: statement, message: message)
        case .closePortal: statements.expectClose(portal: portal, message: message)
        case .sync: statements.expectSync()
        case .describeStatement, .describePortal, .execute, .functionCall, .malformedFlush, .copyData,
            .copyEnd:
            break
        }
    }
}
