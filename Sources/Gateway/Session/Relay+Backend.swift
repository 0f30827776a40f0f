import GatewayGuard
import PGWire

/// The replica's frames: matched with what they answer, passed on in place.
extension Relay {
    /// Of an ErrorResponse so much is looked at: the SQLSTATE stands in its first fields.
    private static let errorPrefix = 512
    /// A refused statement's error is read whole; it is short, since the statement was.
    private static let refusedErrorLimit = 8 * 1024

    /// Cuts what came. `forwarded` is the end of what had been forwarded before it was read: the answer to it may not
    /// be seen before its record is durable.
    func processBackend(forwarded: UInt64) {
        let before = backend.scanned
        while session.isRelaying, cutBackend() { insertNotice() }
        guard session.isRelaying else { return }
        let number = durability == .acknowledged ? forwarded : 0
        toExecutor.add(
            backend.scanned - before, waitsFor: number, durable: region.log.durable,
            endsFrame: backend.isAtFrame)
        if isAtIdle { idleReached() }
    }

    private func cutBackend() -> Bool {
        let available = fromUpstream.count - backend.scanned
        if backend.passing > 0 {
            let bytes = min(backend.passing, available)
            if backend.passesCopyData { digest(backend.scanned..<(backend.scanned + bytes)) }
            backend.passing -= bytes
            backend.scanned += bytes
            return bytes > 0 && backend.passing == 0
        }
        do throws(FrameError) {
            guard
                let header = try FrameHeader.read(
                    from: fromUpstream.readable, at: backend.scanned, origin: .replica),
                let tag = header.backendTag
            else { return false }
            return take(header, tag, available: available)
        } catch {
            violation()
            return false
        }
    }

    /// False when more bytes are needed or the session ends.
    private func take(_ header: FrameHeader, _ tag: BackendTag, available: Int) -> Bool {
        switch tag {
        case .errorResponse: return takeError(header, available: available)
        case .commandComplete, .readyForQuery, .parameterStatus:
            // A ParameterStatus may be long; its frame is within the limit that FrameHeader has checked.
            guard available >= header.frameLength else { return false }
            readShort(header, tag)
        case .authentication, .backendKeyData, .negotiateProtocolVersion:
            if let replica = session.replicaID {
                worker.context.health.contradict(replica, .loginRepeated)
            }
            violation()
            return false
        case .dataRow, .copyData, .copyInResponse, .copyOutResponse, .copyBothResponse, .rowDescription,
            .noData, .parameterDescription, .parseComplete, .bindComplete, .closeComplete, .portalSuspended,
            .emptyQueryResponse, .functionCallResponse, .copyDone, .noticeResponse, .notificationResponse:
            answered(
                recorder.answered(
                    tag, bodyLength: header.bodyLength, now: worker.loop.now, into: &region.batch))
        }
        guard session.isRelaying else { return false }
        let bytes = min(header.frameLength, available)
        backend.passesCopyData = tag == .copyData && recorder.copyDigests != nil
        if backend.passesCopyData {
            digest((backend.scanned + WireLimits.frameHeader)..<(backend.scanned + bytes))
        }
        backend.passes(frame: header.frameLength, having: bytes)
        return backend.passing == 0
    }

    /// Bytes of a CopyData, where they are.
    private func digest(_ range: Range<Int>) {
        fromUpstream.withBytes(range) { recorder.copyDigests?.take(fromReplica: $0) }
    }

    /// A CommandComplete, ReadyForQuery or ParameterStatus; a violation where the body is not what its type promises.
    private func readShort(_ header: FrameHeader, _ tag: BackendTag) {
        let start = backend.scanned + WireLimits.frameHeader
        let range = start..<(start + header.bodyLength)
        let now = worker.loop.now
        // What follows from a body is done after the reading of it: it may change the buffer.
        if tag == .parameterStatus {
            let status = fromUpstream.withBytes(range) { try? ParameterStatus.decode($0) }
            guard let status else { return violation() }
            return noteParameter(
                String(decoding: status.name, as: UTF8.self), String(decoding: status.value, as: UTF8.self))
        }
        answered(
            fromUpstream.withBytes(range) { body in
                tag == .commandComplete
                    ? recorder.commandComplete(body, now: now, into: &region.batch)
                    : recorder.readyForQuery(body, now: now, into: &region.batch)
            })
        settleTransactions()
        if tag == .readyForQuery { noteReady() }
    }

    /// The replica tells what changed before its ReadyForQuery. What is on its way behind that may change more.
    private func noteReady() {
        guard recorder.pipeline.isIdle else { return }
        mayHaveChangedLexer = false
        mayHaveChangedEncoding = false
        transactions.answered()
    }

    /// What of the session's settings the gateway must know.
    private func noteParameter(_ name: String, _ value: String) {
        recorder.parameterChanged(name, value)
        if name == "client_encoding" {
            hasUnsafeEncoding = hasUnsafeEncoding || SettingJudge.isUnsafe(encoding: value)
        }
        if name == "standard_conforming_strings" { conformingStrings = value == "on" }
        // It can come only after the statement that did it: the session ends before it can use it.
        if name == "default_transaction_read_only", value == "off", session.isReadOnly {
            session.end(.readOnlyLost)
        }
        if name == "in_hot_standby", value == "off", connection.recovery == .standby {
            // The standby was promoted under the session: what it was attested as no longer holds.
            session.end(.replicaLost(connection.id.replica))
        }
    }

    private func takeError(_ header: FrameHeader, available: Int) -> Bool {
        let mayBeOurs = !refusedStatements.isEmpty && header.bodyLength <= Relay.refusedErrorLimit
        let needed = mayBeOurs ? header.frameLength : min(header.frameLength, Relay.errorPrefix)
        guard available >= needed else { return false }
        let start = backend.scanned + WireLimits.frameHeader
        let oldest = recorder.pipeline.oldestUnanswered
        let (peek, ours) = fromUpstream.withBytes(start..<(backend.scanned + needed)) { body in
            let peek = ErrorPeek(body)
            let ours =
                mayBeOurs
                ? refusedStatements.firstIndex {
                    $0.provoked == peek.sqlstate && $0.isAnswered(by: body, oldest: oldest)
                } : nil
            return (peek, ours)
        }
        if peek.isFatal { upstreamSaidWhy = true }
        if let index = ours {
            let refused = refusedStatements.remove(at: index)
            let frame = refused.refusal.encoded(severity: .error)
            answered(
                recorder.errorResponse(
                    sqlstate: refused.refusal.sqlstate, now: worker.loop.now, into: &region.batch))
            fromUpstream.replace(backend.scanned..<(backend.scanned + header.frameLength), with: frame)
            backend.scanned += frame.count
            return true
        }
        answered(
            recorder.errorResponse(sqlstate: peek.sqlstate, now: worker.loop.now, into: &region.batch))
        guard session.isRelaying else { return false }
        let bytes = min(header.frameLength, available)
        backend.passesCopyData = false
        backend.passes(frame: header.frameLength, having: bytes)
        return backend.passing == 0
    }

    private func answered(_ answer: MessageRecorder.Answered) {
        switch answer {
        case .nothing: break
        case .recorded: worker.recordSoon(region)
        case .violation: violation()
        }
    }

    /// The replica sent what does not belong there (closed lists, F-WIRE-27).
    private func violation() {
        guard session.isRelaying else { return }
        session.logger.error(
            "replica broke the protocol", metadata: ["replica": "\(connection.id.replica)"])
        session.end(.upstreamViolation(replica: connection.id.replica))
    }

    /// Nothing is asked, no transaction is open, and every answer has gone or may go to the executor.
    var isAtIdle: Bool {
        large == nil && recorder.pipeline.isIdle && recorder.pipeline.transactionStatus == .idle
            && backend.isAtFrame
            && frontend.scanned == 0
            && !toExecutor.isHolding
    }

    func idleReached() {
        forgetRefused()
        if mayHaveChangedSchema {
            mayHaveChangedSchema = false
            worker.context.health.refreshCatalog(of: connection.id)
        }
        if let drainReason, !isNewcomer { session.end(drainReason) }
    }

    /// What answered otherwise than it was provoked to, or was passed over, is over. The last few stay that their errors name:
    /// behind a Sync that a failing COPY took for its own the replica has more to answer than it seems.
    private func forgetRefused() {
        guard !refusedStatements.isEmpty else { return }
        refusedStatements.removeAll { $0.nonce.isEmpty }
        refusedStatements.removeFirst(max(0, refusedStatements.count - Relay.keptRefused))
    }

    private static let keptRefused = 16
}
