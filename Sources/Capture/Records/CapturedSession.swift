import Audit
import Capture
import Gateway
import PGWire

/// One captured session on its way through the recorder. It begins as the relay does, behind the login; what the
/// executor sent before that waits.
final class CapturedSession {
    /// A message of the executor's; `body` is nil where not all of it was captured.
    struct Message {
        let tag: FrontendTag
        let length: Int
        let body: [UInt8]?
    }

    private enum State { case loggingIn, relaying, terminated, over }

    private var state = State.loggingIn
    private var recorder: MessageRecorder
    /// Messages that were sent before the login was over, or that a gateway would not have read before answers came.
    private var waiting: [Message] = []
    /// How many of them are taken.
    private var taken = 0

    init(_ connection: Int, client: String, _ startup: StartupMessage) {
        let identity = RecordBatch.fragment(recordLimit: 64 << 10) { batch in
            batch.add("session", "\(connection)")
            if let database = startup.database { batch.add("database", bytes: database) }
            if let user = startup.user { batch.add("role", bytes: user) }
            batch.add("client", client)
            if let name = startup.value(of: "application_name") { batch.add("application", bytes: name) }
        }
        recorder = MessageRecorder(
            session: "\(connection)", identity: identity, isReplication: startup.replication != .none,
            capture: .keep, clientEncoding: "UTF8")
    }

    /// More can become of it.
    var isOpen: Bool {
        switch state {
        case .loggingIn, .relaying, .terminated: true
        case .over: false
        }
    }

    /// Bytes are missing: nothing that follows can be known.
    func cut() { state = .over }

    /// The session is over: what awaited an answer gets none.
    func ended(into batch: inout RecordBatch) {
        switch state {
        case .relaying, .terminated: _ = recorder.abandon(forwarded: .max, into: &batch)
        case .loggingIn, .over: break
        }
        state = .over
    }

    func cancelAsked(by client: String, into batch: inout RecordBatch) {
        switch state {
        case .relaying, .terminated:
            recorder.recordCancel(
                verdict: recorder.pipeline.isIdle ? "idle" : "forwarded", client: client, into: &batch)
        case .loggingIn, .over: break
        }
    }

    // MARK: The executor

    func received(_ message: Message, now: UInt64, into batch: inout RecordBatch) {
        switch state {
        case .loggingIn where message.tag == .password: break
        case .loggingIn, .relaying:
            waiting.append(message)
            takeWaiting(now: now, into: &batch)
        case .terminated, .over: break
        }
    }

    /// Takes what waits as far as a gateway would have read it.
    private func takeWaiting(now: UInt64, into batch: inout RecordBatch) {
        while state == .relaying, taken < waiting.count, !recorder.pipeline.isFull {
            let message = waiting[taken]
            taken += 1
            take(message, now: now, into: &batch)
        }
        guard taken == waiting.count || taken > 64 && taken * 2 > waiting.count else { return }
        waiting.removeFirst(taken)
        taken = 0
    }

    private func take(_ message: Message, now: UInt64, into batch: inout RecordBatch) {
        switch message.tag {
        case .copyData, .copyDone, .copyFail, .sync, .flush, .terminate:
            recorder.passed(message.tag, bodyLength: message.length, now: now)
            if message.tag == .terminate { state = .terminated }
        case .query, .parse, .bind, .execute, .functionCall, .describe, .close:
            guard let body = message.body else { return cut() }
            _ = recorder.received(message.tag, body.span, now: now, into: &batch)
        case .password: return ended(into: &batch)
        }
        _ = recorder.recordSkipped(into: &batch)
    }

    /// A frame whose body is not there.
    ///
    /// - Returns: false where it would have had to be read; nothing is known from there on.
    func passed(
        _ side: TraceLine.Side, _ tag: UInt8, length: Int, now: UInt64, into batch: inout RecordBatch
    ) -> Bool {
        switch side {
        case .frontend:
            guard let tag = FrontendTag(rawValue: tag) else { return false }
            received(Message(tag: tag, length: length, body: nil), now: now, into: &batch)
        case .backend:
            guard let tag = BackendTag(rawValue: tag) else { return false }
            answered(tag, nil, length: length, now: now, into: &batch)
        }
        return isOpen
    }

    // MARK: The replica

    func answered(_ tag: BackendTag, _ body: [UInt8], now: UInt64, into batch: inout RecordBatch) {
        answered(tag, body, length: body.count, now: now, into: &batch)
    }

    private func answered(
        _ tag: BackendTag, _ body: [UInt8]?, length: Int, now: UInt64, into batch: inout RecordBatch
    ) {
        switch state {
        case .loggingIn: loggingIn(tag, body, now: now, into: &batch)
        case .relaying, .terminated:
            relay(tag, body, length: length, now: now, into: &batch)
            takeWaiting(now: now, into: &batch)
        case .over: break
        }
    }

    private func loggingIn(_ tag: BackendTag, _ body: [UInt8]?, now: UInt64, into batch: inout RecordBatch) {
        switch tag {
        case .readyForQuery:
            state = .relaying
            takeWaiting(now: now, into: &batch)
        case .parameterStatus: parameterStatus(body)
        case .errorResponse: state = .over
        case .authentication, .backendKeyData, .negotiateProtocolVersion, .noticeResponse, .bindComplete,
            .closeComplete, .commandComplete, .copyBothResponse, .copyData, .copyDone, .copyInResponse,
            .copyOutResponse, .dataRow, .emptyQueryResponse, .functionCallResponse, .noData,
            .notificationResponse, .parameterDescription, .parseComplete, .portalSuspended, .rowDescription:
            break
        }
    }

    private func parameterStatus(_ body: [UInt8]?) {
        guard let body, let status = try? ParameterStatus.decode(body.span) else { return cut() }
        recorder.parameterChanged(
            String(decoding: status.name, as: UTF8.self), String(decoding: status.value, as: UTF8.self))
    }

    private func relay(
        _ tag: BackendTag, _ body: [UInt8]?, length: Int, now: UInt64, into batch: inout RecordBatch
    ) {
        let answer: MessageRecorder.Answered
        switch tag {
        case .parameterStatus: return parameterStatus(body)
        case .commandComplete:
            guard let body else { return cut() }
            answer = recorder.commandComplete(body.span, now: now, into: &batch)
        case .readyForQuery:
            guard let body else { return cut() }
            answer = recorder.readyForQuery(body.span, now: now, into: &batch)
        case .errorResponse:
            guard let body else { return cut() }
            answer = recorder.errorResponse(
                sqlstate: ErrorPeek(body.span).sqlstate, now: now, into: &batch)
        case .authentication, .backendKeyData, .negotiateProtocolVersion, .noticeResponse, .bindComplete,
            .closeComplete, .copyBothResponse, .copyData, .copyDone, .copyInResponse, .copyOutResponse,
            .dataRow, .emptyQueryResponse, .functionCallResponse, .noData, .notificationResponse,
            .parameterDescription, .parseComplete, .portalSuspended, .rowDescription:
            answer = recorder.answered(tag, bodyLength: length, now: now, into: &batch)
        }
        switch answer {
        case .nothing, .recorded: break
        case .violation: ended(into: &batch)
        }
    }
}
