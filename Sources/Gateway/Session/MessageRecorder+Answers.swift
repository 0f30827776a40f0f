import Audit
import PGWire

/// The replica's frames, in the order they come; NoticeResponse and NotificationResponse answer nothing.
extension MessageRecorder {
    /// What a frame came to.
    package enum Answered {
        /// Nothing that is recorded.
        case nothing
        /// Something ended, and its record is in the batch; nothing waits for it.
        case recorded
        /// The frame cannot stand where it came: the session has to end (closed lists, F-WIRE-27).
        case violation
    }

    /// A frame whose type and length say all. Those that have a method of their own below, and those of the login, do
    /// not belong here and are violations.
    package mutating func answered(
        _ tag: BackendTag, bodyLength: Int, now: UInt64, into batch: inout RecordBatch
    ) -> Answered {
        switch tag {
        case .dataRow: take(pipeline.dataRow(bytes: bodyLength), into: &batch)
        case .copyData: take(pipeline.copyData(bytes: bodyLength), into: &batch)
        case .copyInResponse: take(pipeline.copyInResponse(), into: &batch)
        case .copyOutResponse: take(pipeline.copyOutResponse(), into: &batch)
        case .copyBothResponse:
            isReplication ? take(pipeline.copyBothResponse(), into: &batch) : .violation
        case .rowDescription, .noData, .parameterDescription, .parseComplete, .bindComplete, .closeComplete,
            .portalSuspended, .emptyQueryResponse, .functionCallResponse, .copyDone:
            take(pipeline.frame(tag: tag.rawValue, bodyLength: bodyLength, now: now), into: &batch)
        case .noticeResponse, .notificationResponse: .nothing
        case .authentication, .backendKeyData, .negotiateProtocolVersion, .commandComplete, .errorResponse,
            .parameterStatus, .readyForQuery:
            .violation
        }
    }

    package mutating func commandComplete(
        _ body: Span<UInt8>, now: UInt64, into batch: inout RecordBatch
    ) -> Answered {
        guard let complete = try? CommandComplete.decode(body) else { return .violation }
        return take(
            pipeline.commandComplete(tag: body.extracting(complete.commandTag), now: now), into: &batch)
    }

    package mutating func readyForQuery(
        _ body: Span<UInt8>, now: UInt64, into batch: inout RecordBatch
    ) -> Answered {
        guard let ready = try? ReadyForQuery.decode(body) else { return .violation }
        return take(pipeline.readyForQuery(status: ready.status.rawValue, now: now), into: &batch)
    }

    /// - Parameter sqlstate: nil where the ErrorResponse has none.
    package mutating func errorResponse(
        sqlstate: String?, now: UInt64, into batch: inout RecordBatch
    ) -> Answered {
        take(
            pipeline.errorResponse(sqlstate: sqlstate.flatMap { Pipeline.SQLState($0) }, now: now),
            into: &batch)
    }

    private mutating func take(_ answer: Pipeline.Answer, into batch: inout RecordBatch) -> Answered {
        var isRecorded = false
        switch answer {
        case .continues, .sessionError: break
        case .ended(let outcome):
            recordOutcome(outcome, into: &batch)
            isRecorded = true
        case .violation: return .violation
        }
        while let outcome = pipeline.nextOutcome() {
            recordOutcome(outcome, into: &batch)
            isRecorded = true
        }
        if recordSkipped(into: &batch) { isRecorded = true }
        return isRecorded ? .recorded : .nothing
    }

    /// Messages that the replica passes over, of which no frame of it will tell. To be called behind each message of
    /// the executor's too.
    ///
    /// - Returns: whether there are records of them.
    package mutating func recordSkipped(into batch: inout RecordBatch) -> Bool {
        var isRecorded = false
        while let skipped = pipeline.nextSkipped() {
            guard MessageRecorder.isRecorded(skipped.kind) else { continue }
            recordUnrun(skipped.of, reason: "skipped", into: &batch)
            isRecorded = true
        }
        return isRecorded
    }

    /// The session is over: every message whose answer never came gets an end.
    ///
    /// - Parameter forwarded: the last message that went to the replica.
    /// - Returns: whether there are records of them.
    package mutating func abandon(forwarded: UInt64, into batch: inout RecordBatch) -> Bool {
        var isRecorded = false
        while let abandoned = pipeline.nextAbandoned() {
            guard MessageRecorder.isRecorded(abandoned.kind) else { continue }
            recordUnrun(
                abandoned.of, reason: abandoned.of > forwarded ? "not_forwarded" : "lost", into: &batch)
            isRecorded = true
        }
        while let outcome = pipeline.nextOutcome() {
            recordOutcome(outcome, into: &batch)
            isRecorded = true
        }
        while let skipped = pipeline.nextSkipped() {
            recordUnrun(skipped.of, reason: "skipped", into: &batch)
            isRecorded = true
        }
        return isRecorded
    }

    /// Whether messages of this kind have records, and so an end each.
    private static func isRecorded(_ kind: Pipeline.Kind) -> Bool {
        switch kind {
        case .query, .parse, .bind, .execute, .functionCall: true
        case .describe, .close, .sync, .flush: false
        }
    }
}
