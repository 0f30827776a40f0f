/// What the replica sent, as this reading has it; `Pipeline` says what the methods take and give.
extension PipelineReading {
    /// The frames whose tag and length say all.
    mutating func frame(tag: UInt8, bodyLength: Int, now: UInt64) -> Step {
        switch tag {
        case UInt8(ascii: "D"): dataRow(bytes: bodyLength)
        case UInt8(ascii: "T"): rowDescription()
        case UInt8(ascii: "n"): noData()
        case UInt8(ascii: "t"): parameterDescription()
        case UInt8(ascii: "1"): parseComplete()
        case UInt8(ascii: "2"): bindComplete()
        case UInt8(ascii: "3"): closeComplete()
        case UInt8(ascii: "s"): portalSuspended(now: now)
        case UInt8(ascii: "I"): emptyQueryResponse(now: now)
        case UInt8(ascii: "V"): functionCallResponse(bytes: bodyLength)
        case UInt8(ascii: "d"): copyData(bytes: bodyLength)
        case UInt8(ascii: "c"): copyDone()
        default: violation(tag: tag)
        }
    }

    mutating func dataRow(bytes: Int) -> Step {
        guard let first = queue.first, first.kind == .query || first.kind == .execute, !progress.failed
        else {
            return violation("D")
        }
        progress.rows &+= 1
        progress.bytes &+= bytes
        return .continues
    }

    mutating func rowDescription() -> Step {
        guard let first = queue.first else { return violation("T") }
        if first.kind == .query, !progress.failed {
            return .continues
        }
        guard first.kind == .describeStatement || first.kind == .describePortal else {
            return violation("T")
        }
        finishFirst()
        return .continues
    }

    mutating func noData() -> Step {
        guard let first = queue.first, first.kind == .describeStatement || first.kind == .describePortal
        else {
            return violation("n")
        }
        finishFirst()
        return .continues
    }

    mutating func parameterDescription() -> Step {
        guard let first = queue.first, first.kind == .describeStatement, !progress.answered else {
            return violation("t")
        }
        progress.answered = true
        return .continues
    }

    mutating func parseComplete() -> Step {
        guard let first = queue.first, first.kind == .parse else { return violation("1") }
        statements.parseSucceeded(takeStatement(first), message: first.message)
        finishFirst()
        return .continues
    }

    mutating func bindComplete() -> Step {
        guard let first = queue.first, first.kind == .bind else { return violation("2") }
        let portal = takePortal(first)
        statements.bindSucceeded(portal: portal, statement: takeStatement(first), message: first.message)
        finishFirst()
        return .continues
    }

    mutating func closeComplete() -> Step {
        guard let first = queue.first, first.kind == .closeStatement || first.kind == .closePortal else {
            return violation("3")
        }
        if first.kind == .closeStatement {
            statements.closeSucceeded(statement: takeStatement(first), message: first.message)
        } else {
            statements.closeSucceeded(portal: takePortal(first), message: first.message)
        }
        finishFirst()
        return .continues
    }

    mutating func commandComplete(tag: PipelineText, now: UInt64) -> Step {
        statementEnded(.complete, tag: tag, rows: tag.trailingNumber, frame: "C", now: now)
    }

    mutating func emptyQueryResponse(now: UInt64) -> Step {
        statementEnded(.empty, tag: nil, rows: nil, frame: "I", now: now)
    }

    mutating func portalSuspended(now: UInt64) -> Step {
        guard queue.first?.kind == .execute else { return violation("s") }
        return statementEnded(.suspended, tag: nil, rows: progress.rows, frame: "s", now: now)
    }

    /// The outcome comes with ReadyForQuery, since an error may still follow.
    mutating func functionCallResponse(bytes: Int) -> Step {
        guard queue.first?.kind == .functionCall, !progress.answered, !progress.failed else {
            return violation("V")
        }
        progress.answered = true
        progress.bytes = bytes
        return .continues
    }

    mutating func errorResponse(sqlstate: SQLState?, now: UInt64) -> Step {
        guard let first = queue.first, !progress.failed else {
            isOver = queue.isEmpty
            return .sessionError
        }
        var outcome = outcome(of: first, .failed, now: now)
        outcome.sqlstate = sqlstate
        progress.sqlstate = sqlstate
        // Syncs that the COPY did not take in are answered.
        let all = syncsInFailingCopy
        queue.insertBehindFirst(
            Entry(kind: .sync, message: first.message, sentAt: now), count: all &- (takenSyncs ?? all))
        takenSyncs = nil
        progress.takesCopyData = false
        switch first.kind {
        case .query, .functionCall, .sync:
            progress.failed = true
            progress.copy = .none
        case .parse, .bind, .describeStatement, .describePortal, .execute, .closeStatement, .closePortal,
            .malformedFlush, .copyData, .copyEnd:
            extendedFailed(first, &outcome)
        }
        return .ended(outcome)
    }

    /// Syncs sent inside the COPY that is running: those that it may or may not have taken in if it fails
    /// now.
    var syncsInFailingCopy: Int {
        (progress.copy == .in || progress.copy == .both) && !progress.failed ? progress.syncsInCopy : 0
    }

    mutating func readyForQuery(status: Pipeline.TransactionStatus, now: UInt64) -> Step {
        let answer = readyForQuery(now: now)
        if status == .idle { statements.transactionEnded() }
        return answer
    }

    // MARK: COPY

    mutating func copyInResponse() -> Step { copyBegan(.in, frame: "G") }

    mutating func copyOutResponse() -> Step { copyBegan(.out, frame: "H") }

    mutating func copyBothResponse() -> Step { copyBegan(.both, frame: "W") }

    mutating func copyData(bytes: Int) -> Step {
        guard progress.copy == .out || progress.copy == .both else { return violation("d") }
        progress.bytes &+= bytes
        progress.copied &+= bytes
        return .continues
    }

    mutating func copyDone() -> Step {
        guard progress.copy == .out || progress.copy == .both else { return violation("c") }
        return .continues
    }

    private mutating func copyBegan(_ copy: Progress.Copy, frame: Unicode.Scalar) -> Step {
        guard let first = queue.first, first.kind == .query || first.kind == .execute, !progress.failed,
            progress.copy == .none || (progress.copy == .out && copy == .out)
        else { return violation(frame) }
        progress.copy = copy
        if copy == .in || copy == .both { takeCopyDataSentAhead() }
        return .continues
    }

    /// What the executor sent before it knew of the COPY is read by the COPY now, up to the first CopyDone or
    /// CopyFail.
    private mutating func takeCopyDataSentAhead() {
        progress.takesCopyData = true
        while progress.takesCopyData, queue.count > 1 {
            switch queue[1].kind {
            case .copyData:
                progress.copied &+= queue[1].amount
                queue.removeSecond()
            case .sync:
                progress.syncsInCopy &+= 1
                queue.removeSecond()
            case .malformedFlush:
                queue.removeSecond()
            case .copyEnd:
                progress.takesCopyData = false
                queue[1].amount &-= 1
                if queue[1].amount <= 0 { queue.removeSecond() }
            case .query, .parse, .bind, .describeStatement, .describePortal, .execute, .closeStatement,
                .closePortal, .functionCall:
                // The replica is about to end the session at this one.
                progress.takesCopyData = false
            }
        }
    }

    // MARK: The ends

    private mutating func statementEnded(
        _ ending: Pipeline.Ending, tag: PipelineText?, rows: Int?, frame: Unicode.Scalar, now: UInt64
    ) -> Step {
        guard let first = queue.first, first.kind == .query || first.kind == .execute, !progress.failed
        else {
            return violation(frame)
        }
        var outcome = outcome(of: first, ending, now: now)
        outcome.tag = tag
        outcome.rows = rows
        if first.kind == .execute {
            let portal = takePortal(first)
            Self.state(statements.knownStatement(ofPortal: portal), of: first, in: &outcome)
            if let tag { statements.commandCompleted(tag, running: .some(portal)) }
            finishFirst()
        } else {
            let index = progress.index &+ 1
            progress = Progress()
            progress.index = index
            progress.since = now
            progress.answered = true
            progress.ranStatement = index > 1 || ending != .empty
            if let tag { statements.commandCompleted(tag, running: nil) }
        }
        return .ended(outcome)
    }

    /// The end of what the oldest entry runs. A COPY that went well has read all up to its CopyDone, Syncs included.
    private func outcome(of entry: Entry, _ ending: Pipeline.Ending, now: UInt64) -> Outcome {
        var outcome = Outcome(of: entry.message, kind: Self.kind(entry.kind), ending: ending)
        outcome.index = progress.index
        outcome.bytes = progress.bytes
        outcome.durationMicroseconds = now > progress.since ? (now &- progress.since) / 1_000 : 0
        switch progress.copy {
        case .none: break
        case .in:
            outcome.copy = Pipeline.CopySummary(of: entry.message, direction: .in, bytes: progress.copied)
        case .out:
            outcome.copy = Pipeline.CopySummary(of: entry.message, direction: .out, bytes: progress.copied)
        case .both:
            outcome.copy = Pipeline.CopySummary(of: entry.message, direction: .both, bytes: progress.copied)
        }
        return outcome
    }

    /// Names the Parse in `outcome`, which is that of a Bind or Execute.
    private static func state(_ statement: UInt64?, of entry: Entry, in outcome: inout Outcome) {
        outcome.statement = statement
        outcome.isRestated = (statement ?? 0) != entry.told
    }

    private mutating func extendedFailed(_ first: Entry, _ outcome: inout Outcome) {
        let portal = takePortal(first)
        let statement = takeStatement(first)
        switch first.kind {
        case .parse: statements.parseFailed(statement, sqlstate: outcome.sqlstate)
        case .bind: Self.state(statements.knownStatement(statement), of: first, in: &outcome)
        case .execute: Self.state(statements.knownStatement(ofPortal: portal), of: first, in: &outcome)
        case .query, .describeStatement, .describePortal, .closeStatement, .closePortal, .functionCall, .sync,
            .malformedFlush, .copyData, .copyEnd:
            break
        }
        finishFirst()
        expectationsAreOld = true
        isSkipping = !skipToSync()
    }

    private mutating func readyForQuery(now: UInt64) -> Step {
        guard let first = queue.first else { return violation("Z") }
        switch first.kind {
        case .sync:
            finishFirst()
            return .continues
        case .query:
            guard progress.answered || progress.failed else { return violation("Z") }
            statements.queryEnded(
                message: first.message, ranStatement: progress.ranStatement, failed: progress.failed,
                sqlstate: progress.sqlstate)
            finishFirst()
            return .continues
        case .functionCall:
            guard progress.answered || progress.failed else { return violation("Z") }
            guard !progress.failed else {
                finishFirst()
                return .continues
            }
            let outcome = outcome(of: first, .functionResult, now: now)
            finishFirst()
            return .ended(outcome)
        case .parse, .bind, .describeStatement, .describePortal, .execute, .closeStatement,
            .closePortal,
            .malformedFlush, .copyData, .copyEnd:
            return violation("Z")
        }
    }

    private mutating func violation(_ frame: Unicode.Scalar) -> Step { violation(tag: UInt8(ascii: frame)) }

    private mutating func violation(tag: UInt8) -> Step {
        violation = Pipeline.Violation(got: tag, awaited: queue.first.map { Self.kind($0.kind) })
        return .violates
    }

    private static func kind(_ kind: Entry.Kind) -> Kind {
        switch kind {
        case .query: .query
        case .parse: .parse
        case .bind: .bind
        case .describeStatement, .describePortal: .describe
        case .execute: .execute
        case .closeStatement, .closePortal: .close
        case .functionCall: .functionCall
        case .sync: .sync
        case .malformedFlush, .copyData, .copyEnd: .flush
        }
    }
}
