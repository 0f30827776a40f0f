/// What the replica sent. Each method is one frame; those whose body says something take it as plain values.
extension Pipeline {
    /// A frame known by its tag and the length of its body alone: DataRow, RowDescription, NoData,
    /// ParameterDescription, ParseComplete, BindComplete, CloseComplete, PortalSuspended, EmptyQueryResponse,
    /// FunctionCallResponse, CopyData and CopyDone. Any other tag has no place behind the login and is a
    /// violation: a second Authentication, BackendKeyData or NegotiateProtocolVersion, and what no version of
    /// the protocol knows.
    package mutating func frame(tag: UInt8, bodyLength: Int, now: UInt64) -> Answer {
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
        default: violation(tag)
        }
    }

    package mutating func dataRow(bytes: Int) -> Answer {
        guard let first = awaited("D"), first.kind == .query || first.kind == .execute, !progress.failed
        else {
            return unexpected("D")
        }
        progress.rows &+= 1
        progress.bytes &+= bytes
        return .continues
    }

    package mutating func rowDescription() -> Answer {
        guard let first = awaited("T") else { return unexpected("T") }
        if first.kind == .query, !progress.failed {
            return fits()
        }
        guard first.kind == .describeStatement || first.kind == .describePortal else {
            return unexpected("T")
        }
        _ = finishFirst()
        return fits()
    }

    package mutating func noData() -> Answer {
        guard let first = awaited("n"), first.kind == .describeStatement || first.kind == .describePortal
        else {
            return unexpected("n")
        }
        _ = finishFirst()
        return fits()
    }

    package mutating func parameterDescription() -> Answer {
        guard let first = awaited("t"), first.kind == .describeStatement, !progress.answered else {
            return unexpected("t")
        }
        progress.answered = true
        return fits()
    }

    package mutating func parseComplete() -> Answer {
        guard awaited("1")?.kind == .parse, let taken = finishFirst() else { return unexpected("1") }
        statements.parseSucceeded(taken.statement, message: taken.entry.message)
        return fits()
    }

    package mutating func bindComplete() -> Answer {
        guard awaited("2")?.kind == .bind, let taken = finishFirst() else { return unexpected("2") }
        statements.bindSucceeded(
            portal: taken.portal, statement: taken.statement, message: taken.entry.message)
        return fits()
    }

    package mutating func closeComplete() -> Answer {
        guard let first = awaited("3"), first.kind == .closeStatement || first.kind == .closePortal,
            let taken = finishFirst()
        else { return unexpected("3") }
        if first.kind == .closeStatement {
            statements.closeSucceeded(statement: taken.statement, message: first.message)
        } else {
            statements.closeSucceeded(portal: taken.portal, message: first.message)
        }
        return fits()
    }

    /// `tag` is the text without its NUL.
    package mutating func commandComplete(tag: Span<UInt8>, now: UInt64) -> Answer {
        let tag = PipelineText(tag)
        return statementEnded(.complete, tag: tag, rows: tag.trailingNumber, frame: "C", now: now)
    }

    package mutating func emptyQueryResponse(now: UInt64) -> Answer {
        statementEnded(.empty, tag: nil, rows: nil, frame: "I", now: now)
    }

    package mutating func portalSuspended(now: UInt64) -> Answer {
        guard awaited("s")?.kind == .execute else { return unexpected("s") }
        return statementEnded(.suspended, tag: nil, rows: progress.rows, frame: "s", now: now)
    }

    /// The outcome comes with ReadyForQuery, since an error may still follow.
    package mutating func functionCallResponse(bytes: Int) -> Answer {
        guard awaited("V")?.kind == .functionCall, !progress.answered, !progress.failed else {
            return unexpected("V")
        }
        progress.answered = true
        progress.bytes = bytes
        return fits()
    }

    /// `sqlstate` is nil where the error has none.
    package mutating func errorResponse(sqlstate: SQLState?, now: UInt64) -> Answer {
        guard let first = queue.first, mode != .perhapsSkipping, !progress.failed else {
            return .sessionError
        }
        if doubt > 0, !skippedInDoubt { doubt = 0 }
        var outcome = outcome(of: first, .failed, now: now)
        outcome.sqlstate = sqlstate
        progress.sqlstate = sqlstate
        switch first.kind {
        case .query, .functionCall, .sync:
            progress.failed = true
            leaveFailedCopy()
            progress.copy = .none
        case .parse, .bind, .describeStatement, .describePortal, .execute, .closeStatement,
            .closePortal,
            .malformedFlush, .copyData, .copyEnd:
            extendedFailed(&outcome)
        }
        return .ended(outcome)
    }

    /// `status` is the frame's only byte.
    package mutating func readyForQuery(status: UInt8, now: UInt64) -> Answer {
        guard let status = TransactionStatus(rawValue: status) else {
            return violation(UInt8(ascii: "Z"))
        }
        let answer = readyForQuery(now: now)
        if case .violation = answer { return answer }
        transactionStatus = status
        if status == .idle { statements.transactionEnded() }
        return answer
    }

    // MARK: COPY

    package mutating func copyInResponse() -> Answer { copyBegan(.in, frame: "G") }

    package mutating func copyOutResponse() -> Answer { copyBegan(.out, frame: "H") }

    package mutating func copyBothResponse() -> Answer { copyBegan(.both, frame: "W") }

    package mutating func copyData(bytes: Int) -> Answer {
        guard progress.copy == .out || progress.copy == .both else { return unexpected("d") }
        progress.bytes &+= bytes
        progress.copied &+= bytes
        return .continues
    }

    package mutating func copyDone() -> Answer {
        guard progress.copy == .out || progress.copy == .both else { return unexpected("c") }
        return .continues
    }

    private mutating func copyBegan(_ copy: Progress.Copy, frame: Unicode.Scalar) -> Answer {
        guard let first = awaited(frame), first.kind == .query || first.kind == .execute, !progress.failed,
            progress.copy == .none || (progress.copy == .out && copy == .out)
        else { return unexpected(frame) }
        progress.copy = copy
        if copy == .in || copy == .both { takeCopyDataSentAhead() }
        return fits()
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

    private mutating func leaveFailedCopy() {
        guard progress.copy == .in || progress.copy == .both else { return }
        doubt &+= progress.syncsInCopy
        progress.syncsInCopy = 0
        progress.takesCopyData = false
    }

    // MARK: The ends

    private mutating func statementEnded(
        _ ending: Ending, tag: PipelineText?, rows: Int?, frame: Unicode.Scalar, now: UInt64
    ) -> Answer {
        guard let first = awaited(frame), first.kind == .query || first.kind == .execute, !progress.failed
        else {
            return unexpected(frame)
        }
        _ = fits()
        var outcome = outcome(of: first, ending, now: now)
        outcome.tag = tag
        outcome.rows = rows
        // A COPY that went well has read all up to its CopyDone, Syncs included.
        if progress.takesCopyData { leaveFailedCopy() }
        if first.kind == .execute {
            let taken = finishFirst()
            outcome.statement = statements.knownStatement(ofPortal: taken?.portal)
            if let tag { statements.commandCompleted(tag, running: .some(taken?.portal)) }
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

    private func outcome(of entry: Entry, _ ending: Ending, now: UInt64) -> Outcome {
        var outcome = Outcome(of: entry.message, kind: Self.kind(entry.kind), ending: ending)
        outcome.index = progress.index
        outcome.bytes = progress.bytes
        outcome.durationMicroseconds = now > progress.since ? (now &- progress.since) / 1_000 : 0
        switch progress.copy {
        case .none: break
        case .in: outcome.copy = CopySummary(of: entry.message, direction: .in, bytes: progress.copied)
        case .out:
            outcome.copy = CopySummary(of: entry.message, direction: .out, bytes: progress.copied)
        case .both:
            outcome.copy = CopySummary(of: entry.message, direction: .both, bytes: progress.copied)
        }
        return outcome
    }

    private mutating func extendedFailed(_ outcome: inout Outcome) {
        let mayHaveEnded = progress.syncsInCopy > 0
        leaveFailedCopy()
        guard let taken = finishFirst() else { return }
        switch taken.entry.kind {
        case .parse: statements.parseFailed(taken.statement, sqlstate: outcome.sqlstate)
        case .bind: outcome.statement = statements.knownStatement(taken.statement)
        case .execute: outcome.statement = statements.knownStatement(ofPortal: taken.portal)
        case .query, .describeStatement, .describePortal, .closeStatement, .closePortal, .functionCall,
            .sync,
            .malformedFlush, .copyData, .copyEnd:
            break
        }
        expectationsAreOld = true
        if mayHaveEnded {
            mode = .perhapsSkipping
        } else {
            mode = skipToSync() ? .normal : .skipping
        }
    }

    private mutating func readyForQuery(now: UInt64) -> Answer {
        if mode == .perhapsSkipping { return readyForQueryInDoubt() }
        guard let first = awaited("Z") else { return surplusReadyForQuery() }
        switch first.kind {
        case .sync:
            _ = finishFirst()
            return .continues
        case .query:
            guard progress.answered || progress.failed else { return surplusReadyForQuery() }
            statements.queryEnded(
                message: first.message, ranStatement: progress.ranStatement, sqlstate: progress.sqlstate)
            _ = finishFirst()
            return .continues
        case .functionCall:
            guard progress.answered || progress.failed else { return surplusReadyForQuery() }
            let outcome = outcome(of: first, .functionResult, now: now)
            let failed = progress.failed
            _ = finishFirst()
            return failed ? .continues : .ended(outcome)
        case .parse, .bind, .describeStatement, .describePortal, .execute, .closeStatement,
            .closePortal,
            .malformedFlush, .copyData, .copyEnd:
            return surplusReadyForQuery()
        }
    }

    func violation(_ tag: UInt8) -> Answer {
        .violation(Violation(got: tag, awaited: queue.first.map { Self.kind($0.kind) }))
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
