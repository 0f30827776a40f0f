import PGWire

/// What an executor sends and what a replica answers, one after the other: a type, with the highest bit set where it is
/// the replica's, how many bytes follow, and those. `Seeds.swift` makes such inputs of captures.
///
/// Nothing traps; the queue keeps its limit as long as the driver keeps to `isFull`; ends are of messages that were sent
/// and of their kind; a message has one end, a Query one for each statement, in order.
func run(_ input: [UInt8]) {
    var input = FuzzInput(input)
    var session = PipelineSession()
    while !session.isOver, let code = input.byte() {
        let count = Int(input.byte() ?? 0)
        if code == repetition {
            // Says the next one often: limits are too far for inputs of some kilobytes.
            guard let code = input.byte() else { break }
            let body = input.take(Int(input.byte() ?? 0))
            for _ in 0..<count * 16 where !session.isOver { session.play(code, body) }
        } else {
            session.play(code, input.take(count))
        }
    }
    session.finish()
}

private let repetition: UInt8 = 0x7f

private struct PipelineSession: ~Copyable {
    private var pipeline = Pipeline()
    private var sent: [Pipeline.Kind?] = []
    /// Ends by message; of a Query how many.
    private var ends: [UInt64: Int] = [:]
    private var skipped: Set<UInt64> = []
    private var now: UInt64 = 0
    private(set) var isOver = false

    mutating func play(_ code: UInt8, _ body: [UInt8]) {
        now += 1_000
        if code & 0x80 != 0 { received(code & 0x7f, body) } else { send(code, body) }
        drain()
        check(pipeline.outstanding <= Pipeline.maximumOutstanding, "\(pipeline.outstanding) outstanding")
        if let oldest = pipeline.oldestUnanswered {
            check(oldest >= 1 && oldest <= UInt64(sent.count), "the oldest is one that was sent")
        }
        if pipeline.isIdle { check(pipeline.outstanding == 0, "nothing outstanding while idle") }
    }

    /// The number of a message that is sent now.
    private mutating func next(_ kind: Pipeline.Kind?) -> UInt64 {
        sent.append(kind)
        return UInt64(sent.count)
    }

    private mutating func send(_ code: UInt8, _ body: [UInt8]) {
        guard !pipeline.isFull, let tag = FrontendTag(rawValue: code) else { return }
        let parts = body.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        let first = parts.first ?? []
        let second = parts.count > 1 ? parts[1] : []
        let target: Pipeline.Target = first.first == 0x53 ? .statement : .portal
        switch tag {
        case .query: pipeline.querySent(message: next(.query), now: now)
        case .parse: pipeline.parseSent(message: next(.parse), name: first.span, now: now)
        case .bind:
            let message = next(.bind)
            let expected = pipeline.expectedStatement(second.span)
            let meaning = pipeline.bindSent(
                message: message, portal: first.span, statement: second.span, now: now)
            check(meaning == expected || pipeline.isSkipping, "Bind means what its statement means")
            checkParse(meaning, before: message)
        case .describe: pipeline.describeSent(message: next(.describe), target: target, now: now)
        case .close:
            let name = Array(body.dropFirst())
            pipeline.closeSent(message: next(.close), target: target, name: name.span, now: now)
        case .execute:
            _ = pipeline.unnamedPortalUse()
            let message = next(.execute)
            checkParse(pipeline.executeSent(message: message, portal: first.span, now: now), before: message)
        case .functionCall: pipeline.functionCallSent(message: next(.functionCall), now: now)
        case .sync: pipeline.syncSent(message: next(.sync), now: now)
        case .flush: pipeline.flushSent(message: next(.flush), isWellFormed: body.isEmpty, now: now)
        case .copyData: pipeline.copyDataSent(bytes: body.count)
        case .copyDone: pipeline.copyDoneSent()
        case .copyFail: pipeline.copyFailSent()
        case .password, .terminate: break
        }
    }

    private func checkParse(_ meaning: UInt64?, before message: UInt64) {
        guard let meaning else { return }
        check(meaning >= 1 && meaning < message, "a statement that was prepared before")
        check(sent[Int(meaning) - 1] == .parse, "a statement that a Parse prepared")
    }

    private mutating func received(_ tag: UInt8, _ body: [UInt8]) {
        let answer: Pipeline.Answer
        switch BackendTag(rawValue: tag) {
        case .noticeResponse, .parameterStatus, .notificationResponse: return
        case .commandComplete: answer = pipeline.commandComplete(tag: body.span, now: now)
        case .errorResponse: answer = pipeline.errorResponse(sqlstate: Pipeline.SQLState(body.span), now: now)
        case .readyForQuery: answer = pipeline.readyForQuery(status: body.first ?? 0, now: now)
        case .copyInResponse: answer = pipeline.copyInResponse()
        case .copyOutResponse: answer = pipeline.copyOutResponse()
        case .copyBothResponse: answer = pipeline.copyBothResponse()
        case nil, .authentication, .backendKeyData, .bindComplete, .closeComplete, .copyData, .copyDone,
            .dataRow, .emptyQueryResponse, .functionCallResponse, .negotiateProtocolVersion, .noData,
            .parameterDescription, .parseComplete, .portalSuspended, .rowDescription:
            answer = pipeline.frame(tag: tag, bodyLength: body.count, now: now)
        }
        switch answer {
        case .continues, .sessionError: break
        case .ended(let outcome): ended(outcome)
        case .violation: isOver = true
        }
    }

    private mutating func drain() {
        while let outcome = pipeline.nextOutcome() { ended(outcome) }
        while let one = pipeline.nextSkipped() { passedOver(one) }
    }

    private mutating func ended(_ outcome: Pipeline.Outcome) {
        checkSent(outcome.of, outcome.kind)
        check(!skipped.contains(outcome.of), "no end of what was passed over")
        let before = ends[outcome.of, default: 0]
        check(before == 0 || outcome.kind == .query || outcome.kind == .sync, "one end of \(outcome.kind)")
        if outcome.kind == .query { check(outcome.index == before, "a Query's ends in order") }
        check(outcome.bytes >= 0 && outcome.copy?.bytes ?? 0 >= 0, "bytes that are counted")
        check(outcome.durationMicroseconds <= now / 1_000, "a time that has passed")
        checkParse(outcome.statement, before: outcome.of)
        ends[outcome.of] = before + 1
    }

    private mutating func passedOver(_ one: Pipeline.Skipped) {
        checkSent(one.of, one.kind)
        check(ends[one.of] == nil, "nothing is passed over that has an end")
        check(skipped.insert(one.of).inserted, "passed over once")
        switch one.kind {
        case .query, .parse, .bind, .execute, .functionCall: break
        case .describe, .close, .sync, .flush: check(false, "only what is recorded: \(one.kind)")
        }
    }

    private func checkSent(_ message: UInt64, _ kind: Pipeline.Kind) {
        check(message >= 1 && message <= UInt64(sent.count), "the end of a message that was sent")
        let known = sent[Int(message) - 1]
        // A Sync that a failed COPY did not take in is known by the COPY's number.
        check(
            known == kind || kind == .sync || kind == .flush,
            "\(kind) ends what was sent as \(String(describing: known))")
    }

    /// The session is over: everything that is recorded by its end has one.
    mutating func finish() {
        while let one = pipeline.nextAbandoned() { passedOver(one) }
        drain()
        check(pipeline.outstanding == 0, "nothing outstanding behind the end")
        for (index, kind) in sent.enumerated() {
            let message = UInt64(index + 1)
            switch kind {
            case .query, .execute, .functionCall:
                check(ends[message] != nil || skipped.contains(message), "an end of message \(message)")
            case nil, .parse, .bind, .describe, .close, .sync, .flush: break
            }
        }
    }
}
