import Audit
import GatewayGuard
import PGWire

/// Long texts are looked through on another thread, and recorded over some turns: no statement holds up a worker's other
/// sessions.
extension Relay {
    /// The number of the message whose frame is cut next.
    private var nextMessage: UInt64 { recorder.message &+ 1 }

    /// What was found in the text of the frame that is cut next; nil where a worker looks itself.
    var longText: LongText? { longLook.found(in: nextMessage) }

    var isLookedThrough: Bool { longLook.isReading(nextMessage) }

    /// A text was looked through.
    func longTextRead(_ text: LongText) { longLook.end(text.terms.message, text) }

    /// What comes of a frame's text before the frame can be judged.
    enum Look {
        /// It is there, or the worker looks itself.
        case done
        case later
    }

    /// Takes what has come of a frame with a long text, and has it looked through when all has.
    func lookThrough(_ header: FrameHeader, _ tag: FrontendTag, available: Int) -> Look {
        guard header.bodyLength > LongText.bytes, tag == .query || tag == .parse else { return .done }
        if isLookedThrough { return .later }
        guard let text = longText else {
            take(header, available: available)
            guard available >= header.frameLength else { return .done }
            begin(tag, longLook.takePieces(of: nextMessage))
            return longText == nil ? .later : .done
        }
        // Frames that were cut in this turn are forwarded by their own receipt, which must not cover this one.
        guard !session.isAwaitingReceipt else {
            worker.touch(session)
            return .later
        }
        guard !holds(text) else { return .done }
        begin(tag, [body(of: header)])
        return longText == nil ? .later : .done
    }

    /// As the bytes come, so that no turn copies all of them.
    private func take(_ header: FrameHeader, available: Int) {
        let start = WireLimits.frameHeader + longLook.gathered(of: nextMessage)
        let end = min(available, header.frameLength)
        guard end > start else { return }
        let range = (frontend.scanned + start)..<(frontend.scanned + end)
        let piece = fromExecutor.withBytes(range) { $0.bytes(in: 0..<$0.count) }
        longLook.gather(piece, of: nextMessage)
    }

    private func body(of header: FrameHeader) -> [UInt8] {
        let start = frontend.scanned + WireLimits.frameHeader
        return fromExecutor.withBytes(start..<(start + header.bodyLength)) { $0.bytes(in: 0..<$0.count) }
    }

    /// What it was looked through for is as it was.
    private func holds(_ text: LongText) -> Bool {
        text.generation == generation && text.terms.readsAs(recorder.terms(of: text.terms.message))
    }

    private var generation: UInt64 { UInt64(session.generation.number) }

    /// Has a message looked through on another thread, or here where there is none.
    func begin(_ tag: FrontendTag, _ pieces: [[UInt8]]) {
        let address = session.address
        let context = worker.context
        let question = LongText.Question(
            terms: recorder.terms(of: nextMessage), generation: generation, session: session.name,
            recordLimit: recordLimit, head: recorder.headBytes, isGuarded: guardian.isGuarded,
            conformingStrings: mayHaveChangedLexer ? [true, false] : [conformingStrings], catalog: catalog,
            describes: describes)
        let job = LongStatements.Job(tag: tag, pieces: pieces, question: question) { text in
            context.post(.statementRead(address, text), to: address.worker)
        }
        longLook.begin(nextMessage)
        if !context.longStatements.begin(job) { longLook.end(nextMessage, job.text()) }
    }

    // MARK: Records

    /// Has the record made that the frame which is cut waits for: into this turn's batch or, with a long text, into a write of
    /// its own.
    ///
    /// - Parameter make: whether it made one.
    func makeRecord(_ make: (inout RecordBatch) -> Bool) {
        guard let text = longText, holds(text) else {
            if make(&region.batch) { worker.awaitReceipt(session, region) }
            return
        }
        recorder.long = text
        var batch = RecordBatch(recordLimit: recordLimit)
        let isMade = make(&batch)
        recorder.long = nil
        guard isMade else { return }
        longBytes += batch.byteCount + text.record.byteCount
        let write = LongWrite(session: session, batch: batch, record: text.record)
        isRecordingLong = true
        worker.begin(write, region)
    }
}
