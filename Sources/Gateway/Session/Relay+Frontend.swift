import PGWire
import Transport

/// The executor's frames: cut in place, recorded, told to the pipeline.
extension Relay {
    private enum Step {
        /// The frame, or a part of it, was dealt with: look for the next.
        case next
        /// More bytes are needed.
        case wait
        /// The session ends.
        case stop
    }

    func processFrontend() {
        lastActivity = worker.loop.now
        awaitsAnswers = false
        lookUpCatalog()
        while session.isRelaying, !hasTerminated, cancel == nil, !isRecordingLong, !recorder.pipeline.isFull {
            let before = region.batch.byteCount
            let step = step()
            // While the replica passes over messages no frame of it comes that would have them recorded.
            if recorder.recordSkipped(into: &region.batch) { worker.recordSoon(region) }
            spendBudget(since: before)
            switch step {
            case .next: continue
            case .wait, .stop: return
            }
        }
    }

    private func step() -> Step {
        let available = fromExecutor.count - frontend.scanned
        if let large {
            guard advance(large) else { return .wait }
            self.large = nil
            return .next
        }
        if frontend.passing > 0 {
            let bytes = min(frontend.passing, available)
            guard bytes > 0 else { return .wait }
            if frontend.passesCopyData { digest(frontend.scanned..<(frontend.scanned + bytes)) }
            frontend.passing -= bytes
            frontend.scanned += bytes
            return .next
        }
        if frontend.dropping > 0 {
            let bytes = min(frontend.dropping, available)
            guard bytes > 0 else { return .wait }
            frontend.dropping -= bytes
            fromExecutor.replace(frontend.scanned..<(frontend.scanned + bytes), with: [])
            return .next
        }
        do throws(FrameError) {
            guard
                let header = try FrameHeader.read(
                    from: fromExecutor.readable, at: frontend.scanned, origin: .executor)
            else { return .wait }
            return take(header, available: available)
        } catch {
            return violation(error.reason)
        }
    }

    private func take(_ header: FrameHeader, available: Int) -> Step {
        guard let tag = header.frontendTag else {
            return violation(FrameError.unexpectedTag(header.tag).reason)
        }
        if let step = waitForBudget(header, tag) { return step }
        switch tag {
        case .query, .parse:
            // The SQL ends in a NUL; a Parse has a name and types beside it, and is looked at when it is there.
            let beside = tag == .query ? 1 : Relay.parseFrame
            guard header.bodyLength - beside <= statementLimit else {
                return refuseTooLong(header, tag, sqlBytes: tag == .query ? header.bodyLength - 1 : nil)
            }
            return gather(header, tag, available: available)
        case .bind, .functionCall:
            if header.frameLength > Relay.gatheredMessage {
                return takeLarge(header, tag, available: available)
            }
            return gather(header, tag, available: available)
        case .execute, .close, .describe: return gather(header, tag, available: available)
        case .copyData, .copyDone, .copyFail, .sync, .flush, .terminate:
            recorder.passed(tag, bodyLength: header.bodyLength, now: worker.loop.now)
            if tag == .terminate { hasTerminated = true }
            return pass(header)
        case .password: return violation(FrameError.unexpectedTag(header.tag).reason)
        }
    }

    /// Nil where the message may go on. What is refused is so before it is gathered: a flood takes no memory either.
    private func waitForBudget(_ header: FrameHeader, _ tag: FrontendTag) -> Step? {
        guard let bytes = recordBytes(header, tag) else { return nil }
        switch askBudget(bytes) {
        case .goes: return nil
        case .waits:
            awaitsAnswers = true
            return .wait
        case .refused(let reason): return refuse(header, tag, Refused(refusal(reason), record: .length(nil)))
        }
    }

    /// Waits for the head of a large message.
    private func takeLarge(_ header: FrameHeader, _ tag: FrontendTag, available: Int) -> Step {
        guard available >= Relay.gatheredMessage else {
            frontend.gathering = frontend.scanned + Relay.gatheredMessage
            return .wait
        }
        if let refused = guardedHead(header, tag, available: available) {
            return refuse(header, tag, refused)
        }
        large = beginLarge(tag, header, available: available)
        return .next
    }

    /// Waits until the whole frame is there, then records it and tells the pipeline.
    private func gather(_ header: FrameHeader, _ tag: FrontendTag, available: Int) -> Step {
        let length = header.frameLength
        switch lookThrough(header, tag, available: available) {
        case .done: break
        case .later:
            frontend.gathering = 0
            awaitsAnswers = true
            return .wait
        }
        guard available >= length else {
            // What grows beyond a block may double at the next read.
            if available > BufferPool.blockSize / 2, !worker.mayGather(min(length, available * 2)) {
                return refuse(header, tag, Refused(.statementUngathered, record: .length(nil)))
            }
            frontend.gathering = frontend.scanned + length
            return .wait
        }
        frontend.gathering = 0
        if tag == .execute, let step = guardUnnamedPortal(header) { return step }
        if tag == .parse, let bytes = sqlBytes(ofParse: header), bytes > statementLimit {
            return refuseTooLong(header, tag, sqlBytes: bytes)
        }
        switch guarded(header, tag) {
        case .passes: break
        case .refused(let refused): return refuse(header, tag, refused)
        case .later:
            awaitsAnswers = true
            return .wait
        }
        let start = frontend.scanned + WireLimits.frameHeader
        makeRecord { batch in
            fromExecutor.withBytes(start..<(frontend.scanned + length)) { body in
                recorder.received(tag, body, now: worker.loop.now, into: &batch)
            }
        }
        longLook.forget()
        noteForwarded(tag)
        frontend.scanned += length
        return .next
    }

    /// Bytes of the SQL in a Parse that is whole; nil where it is malformed.
    private func sqlBytes(ofParse header: FrameHeader) -> Int? {
        guard header.bodyLength > statementLimit else { return nil }
        let start = frontend.scanned + WireLimits.frameHeader
        return fromExecutor.withBytes(start..<(start + header.bodyLength)) { body in
            (try? Parse.decode(body))?.sql.count
        }
    }

    /// PostgreSQL 15 crashes, and all its sessions with it, where an unnamed portal that a failed Query left in an open
    /// transaction is executed: such an Execute never reaches it. Nil where the frame may go on as it is.
    private func guardUnnamedPortal(_ header: FrameHeader) -> Step? {
        let start = frontend.scanned + WireLimits.frameHeader
        let isUnnamed = fromExecutor.withBytes(start..<(start + header.bodyLength)) { body in
            (try? Execute.decode(body))?.portal.isEmpty ?? false
        }
        guard isUnnamed else { return nil }
        switch recorder.pipeline.unnamedPortalUse() {
        case .safe: return nil
        case .unsettled:
            awaitsAnswers = true
            return .wait
        case .leftByQuery: break
        }
        let nonce = session.makeNonce()
        let name = Array("domicile_refused_".utf8) + nonce
        var frame: [UInt8] = []
        guard (try? Execute.encode(portal: name, maximumRows: 0, into: &frame)) != nil else {
            return violation("The refusal could not be encoded.")
        }
        makeRecord { batch in
            recorder.refusedExecute(as: name.span, now: worker.loop.now, into: &batch)
            return true
        }
        return put(frame, inPlaceOf: header, nonce: nonce, provokes: "34000", says: .portalMissing)
    }

    private func pass(_ header: FrameHeader) -> Step {
        let length = header.frameLength
        let bytes = min(length, fromExecutor.count - frontend.scanned)
        frontend.passesCopyData = header.frontendTag == .copyData && recorder.copyDigests != nil
        if frontend.passesCopyData {
            digest((frontend.scanned + WireLimits.frameHeader)..<(frontend.scanned + bytes))
        }
        frontend.scanned += bytes
        frontend.passing = length - bytes
        return .next
    }

    /// Bytes of a CopyData, where they are.
    private func digest(_ range: Range<Int>) {
        fromExecutor.withBytes(range) { recorder.copyDigests?.take(fromExecutor: $0) }
    }

    private func violation(_ reason: String) -> Step {
        worker.context.counters.protocolViolations.increase()
        session.end(.protocolViolation(reason))
        return .stop
    }

    /// A statement beyond the limit: its body is dropped as it comes, and in its place goes one that the replica is
    /// sure to fail to parse, so that the error's place in the stream is the replica's own.
    ///
    /// - Parameter sqlBytes: how long it is; nil where that is not known yet.
    private func refuseTooLong(_ header: FrameHeader, _ tag: FrontendTag, sqlBytes: Int?) -> Step {
        refuse(header, tag, Refused(.statementTooLong(limit: statementLimit), record: .length(sqlBytes)))
    }

    /// A frame that is not forwarded: what is there of its body is taken out and the rest dropped as it comes, and in
    /// its place goes one that the replica is sure to fail.
    private func refuse(_ header: FrameHeader, _ tag: FrontendTag, _ refused: Refused) -> Step {
        frontend.gathering = 0
        let nonce = session.makeNonce()
        let text = Array("domicile_refused_".utf8) + nonce
        var frame: [UInt8] = []
        do throws(MessageError) {
            switch tag {
            case .query: try Query.encode(sql: text, into: &frame)
            // A function that is not there; a Query would destroy the unnamed statement.
            case .functionCall: try FunctionCall.encode(function: 0, into: &frame)
            // Under a name of its own: a failed Parse of the unnamed statement would destroy it.
            default: try Parse.encode(name: text, sql: text, into: &frame)
            }
        } catch {
            return violation("The refusal could not be encoded.")
        }
        worker.context.counters.countRefusedStatement(refused.countedClasses(guardian.rules))
        recordRefused(header, tag, refused, as: text)
        tell(refused)
        return tag == .functionCall
            ? put(frame, inPlaceOf: header, nonce: [], provokes: "42883", says: refused.refusal)
            : put(frame, inPlaceOf: header, nonce: nonce, provokes: "42601", says: refused.refusal)
    }

    /// In the operational log, where somebody may look for why a program fails; why in full is in the record.
    private func tell(_ refused: Refused) {
        guard worker.tellsOfRefusal() else { return }
        session.logger.info(
            "statement refused",
            metadata: [
                "sqlstate": "\(refused.refusal.sqlstate)", "reason": "\(refused.refusal.message)",
                "rule": "\(session.identity.decision?.rule ?? "")", "number": "\(recorder.message)",
            ])
    }

    /// The frame that was recorded last gives way to one that provokes an error of this SQLSTATE, which the refusal will
    /// replace.
    private func put(
        _ frame: [UInt8], inPlaceOf header: FrameHeader, nonce: [UInt8], provokes sqlstate: String,
        says refusal: Refusal
    ) -> Step {
        refusedStatements.append(
            RefusedStatement(
                message: recorder.message, nonce: nonce, provoked: sqlstate, refusal: refusal))
        let there = min(header.frameLength, fromExecutor.count - frontend.scanned)
        fromExecutor.replace(frontend.scanned..<(frontend.scanned + there), with: frame)
        frontend.scanned += frame.count
        frontend.dropping = header.frameLength - there
        return .next
    }

    private func recordRefused(
        _ header: FrameHeader, _ tag: FrontendTag, _ refused: Refused, as name: [UInt8]
    ) {
        // Of its text nothing is recorded.
        if case .length = refused.record { longLook.forget() }
        let now = worker.loop.now
        let start = frontend.scanned + WireLimits.frameHeader
        let there = min(header.bodyLength, fromExecutor.count - start)
        makeRecord { batch in
            fromExecutor.withBytes(start..<(start + there)) { body in
                recorder.refused(
                    tag, body, bodyLength: header.bodyLength, refused, as: name.span, now: now, into: &batch)
            }
            return true
        }
        longLook.forget()
    }
}
