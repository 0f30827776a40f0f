import PGWire
import Transport

/// How a relayed session ends.
extension Relay {
    /// Nothing more comes from the executor; what it sent before is still executed, and its answers are sent, as the
    /// server itself does at a FIN (F-WIRE-33).
    func executorClosed() {
        executorClosedInput = true
        // A frame that is not whole will never be: it is not forwarded.
        frontend.gathering = 0
    }

    /// The executor cannot be written to any more: the upstream is rolled back and closed.
    func executorGone(_ reason: String) {
        session.finish(reason: reason, sqlstate: nil, kills: true)
    }

    /// Everything of the executor has been forwarded: the replica sees the end of its input, finishes what came and
    /// closes first.
    func halfCloseUpstream() {
        guard !halfClosed else { return }
        halfClosed = true
        connection.stream.shutdownWrite()
        session.schedule(.halfClosed, after: session.settings.drainTimeout)
    }

    /// The replica closed and all it had sent has gone to the executor.
    func upstreamClosed() {
        if executorEnded {
            session.finish(reason: hasTerminated ? "terminated" : "executor_closed", sqlstate: nil)
        } else if upstreamSaidWhy {
            session.finish(reason: "upstream_closed", sqlstate: nil)
        } else {
            session.end(.upstreamLost(replica: connection.id.replica))
        }
    }

    /// Takes leave of the executor: drops what may not be seen, and adds the error where a frame ends.
    ///
    /// - Returns: the bytes to send before closing.
    func takeLeave(_ refusal: Refusal) -> Int {
        var kept = toExecutor.released
        var canSpeak = toExecutor.releasedEndsFrame
        if !canSpeak, !toExecutor.isHolding, backend.passing > 0, let start = backend.cutFrame, start <= kept
        {
            // The frame that is not whole has not begun to go: it gives way to the error.
            kept = start
            canSpeak = true
        }
        if !canSpeak, !toExecutor.isHolding, let end = endOfCutFrame() {
            kept = end
            canSpeak = true
        }
        fromUpstream.replace(
            kept..<fromUpstream.count, with: canSpeak ? refusal.encoded(severity: .fatal) : [])
        toExecutor.dropHeld()
        return fromUpstream.count
    }

    /// Where the frame ends whose first bytes have gone, once its last are read in: a server writes frames whole, so they
    /// are mostly there already. Nil where they are not, or are many.
    private func endOfCutFrame() -> Int? {
        guard backend.passing > 0, backend.passing <= BufferPool.blockSize else { return nil }
        for _ in 0..<Relay.readsPerTurn {
            if fromUpstream.count - backend.scanned >= backend.passing {
                return backend.scanned + backend.passing
            }
            guard case .moved = connection.stream.read(into: &fromUpstream) else { return nil }
        }
        return nil
    }

    /// Tells the executor something between two messages: now, or behind the one that is not whole yet. In a stream of
    /// rows the end of what came is hardly ever the end of a row.
    func notice(_ frame: [UInt8]) {
        pendingNotice = frame
        guard backend.isAtFrame else { return }
        insertNotice()
        toExecutor.add(frame.count, waitsFor: 0, durable: region.log.durable, endsFrame: true)
        worker.touch(session)
    }

    /// Puts the notice that waits behind the frame that was cut last.
    func insertNotice() {
        guard let frame = pendingNotice, backend.isAtFrame else { return }
        pendingNotice = nil
        fromUpstream.replace(backend.scanned..<backend.scanned, with: frame)
        backend.scanned += frame.count
    }

    /// Something awaits an answer, or a transaction is open: closing the connection alone would not end it.
    var isReplicaBusy: Bool { !recorder.pipeline.isIdle || recorder.pipeline.transactionStatus != .idle }

    /// Every message whose answer never came gets an end in the log.
    func abandonUnanswered() {
        if recorder.abandon(forwarded: forwardedMessage, into: &region.batch) { worker.recordSoon(region) }
    }

    // MARK: Cancel

    private func recordCancel(verdict: String, client: String) {
        recorder.recordCancel(verdict: verdict, client: client, into: &region.batch)
        worker.recordSoon(region)
    }

    /// An executor's CancelRequest for this session (F-WIRE-14): forwarded while something awaits an answer.
    func cancelAsked(reply: SessionAddress, client: String) {
        guard cancel == nil, !recorder.pipeline.isIdle, !connection.backendKey.isEmpty else {
            recordCancel(verdict: "idle", client: client)
            return worker.context.post(.cancelEnded(reply), to: reply.worker)
        }
        do throws(TransportError) {
            cancel = try CancelAttempt(connection: connection, session: session)
            cancelReply = reply
            recordCancel(verdict: "forwarded", client: client)
            worker.context.counters.cancelsForwarded.increase()
            cancelTimer = worker.loop.schedule(
                .session(token: session.token, .cancel), at: worker.loop.now &+ 1_000_000_000)
        } catch {
            recordCancel(verdict: "failed", client: client)
            worker.context.post(.cancelEnded(reply), to: reply.worker)
        }
    }

    /// The replica has closed the cancel connection, or its time is up: the next statement may go.
    func cancelEnded() {
        guard let attempt = cancel else { return }
        attempt.close()
        cancel = nil
        if let cancelTimer { worker.loop.cancel(cancelTimer) }
        cancelTimer = nil
        if let cancelReply { worker.context.post(.cancelEnded(cancelReply), to: cancelReply.worker) }
        cancelReply = nil
        worker.touch(session)
    }
}
