/// One reading of a session's traffic: what the replica has read, run and skipped so far. All but the race
/// that `Pipeline` tells of is certain, so there is one; while that race is open there are several.
struct PipelineReading {
    typealias Answer = Pipeline.Answer
    typealias Kind = Pipeline.Kind
    typealias Outcome = Pipeline.Outcome
    typealias Skipped = Pipeline.Skipped
    typealias SQLState = Pipeline.SQLState

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

    var queue = PipelineQueue<Entry>()
    var names = PipelineQueue<PipelineText>()
    var skipped = PipelineQueue<Skipped>()
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
