/// What the executor sent, in the order it is forwarded; `Pipeline` says what the methods give.
extension PipelineReading {
    typealias Target = Pipeline.Target

    mutating func querySent(message: UInt64, now: UInt64) {
        guard enqueue(Entry(kind: .query, message: message, sentAt: now)) else { return }
        mayBeCopy = true
        statements.expectQuery(message: message)
    }

    mutating func parseSent(message: UInt64, name: PipelineText, now: UInt64) {
        let name = Self.name(name)
        var entry = Entry(kind: .parse, message: message, sentAt: now)
        entry.namesStatement = name != nil
        guard enqueue(entry) else { return }
        if let name { names.append(name) }
        statements.expectParse(name, message: message)
    }

    mutating func bindSent(
        message: UInt64, portal: PipelineText, statement: PipelineText, now: UInt64
    ) -> UInt64? {
        let portal = Self.name(portal)
        let statement = Self.name(statement)
        renewExpectations()
        var entry = Entry(kind: .bind, message: message, sentAt: now)
        entry.namesPortal = portal != nil
        entry.namesStatement = statement != nil
        guard enqueue(entry) else { return statements.knownStatement(statement) }
        if let portal { names.append(portal) }
        if let statement { names.append(statement) }
        let meaning = statements.expectBind(portal: portal, statement: statement, message: message)
        told(meaning, of: message)
        return meaning
    }

    /// The driver was told this Parse for a Bind or Execute that has just been sent.
    mutating func told(_ statement: UInt64?, of message: UInt64) {
        let last = queue.count &- 1
        guard last >= 0, queue[last].message == message else { return }
        queue[last].told = statement ?? 0
    }

    mutating func expectedStatement(_ name: PipelineText) -> UInt64? {
        renewExpectations()
        return statements.expectedStatement(Self.name(name))
    }

    mutating func expectedStatement(ofPortal name: PipelineText) -> UInt64? {
        renewExpectations()
        return statements.expectedStatement(ofPortal: Self.name(name))
    }

    mutating func describeSent(message: UInt64, target: Target, now: UInt64) {
        switch target {
        case .statement: _ = enqueue(Entry(kind: .describeStatement, message: message, sentAt: now))
        case .portal: _ = enqueue(Entry(kind: .describePortal, message: message, sentAt: now))
        }
    }

    mutating func closeSent(message: UInt64, target: Target, name: PipelineText, now: UInt64) {
        let name = Self.name(name)
        switch target {
        case .statement:
            var entry = Entry(kind: .closeStatement, message: message, sentAt: now)
            entry.namesStatement = name != nil
            guard enqueue(entry) else { return }
            statements.expectClose(statement: name, message: message)
        case .portal:
            var entry = Entry(kind: .closePortal, message: message, sentAt: now)
            entry.namesPortal = name != nil
            guard enqueue(entry) else { return }
            statements.expectClose(portal: name, message: message)
        }
        if let name { names.append(name) }
    }

    mutating func executeSent(message: UInt64, portal: PipelineText, now: UInt64) -> UInt64? {
        let portal = Self.name(portal)
        renewExpectations()
        let statement = statements.expectedStatement(ofPortal: portal)
        var entry = Entry(kind: .execute, message: message, sentAt: now)
        entry.namesPortal = portal != nil
        entry.told = statement ?? 0
        guard enqueue(entry) else { return statement }
        if let portal { names.append(portal) }
        mayBeCopy = true
        return statement
    }

    /// What an Execute of the unnamed portal would meet if it were sent now.
    mutating func unnamedPortalUse() -> Pipeline.UnnamedPortalUse {
        renewExpectations()
        return isSkipping ? .safe : statements.unnamedPortalUse
    }

    mutating func functionCallSent(message: UInt64, now: UInt64) {
        _ = enqueue(Entry(kind: .functionCall, message: message, sentAt: now))
    }

    mutating func syncSent(message: UInt64, now: UInt64) {
        if progress.takesCopyData {
            progress.syncsInCopy &+= 1
            return
        }
        renewExpectations()
        append(Entry(kind: .sync, message: message, sentAt: now))
        statements.expectSync()
        isSkipping = false
    }

    mutating func malformedFlushSent(message: UInt64, now: UInt64) {
        guard !progress.takesCopyData else { return }
        _ = enqueue(Entry(kind: .malformedFlush, message: message, sentAt: now))
    }

    /// CopyData with a body of `bytes`. Outside COPY the replica ignores it.
    mutating func copyDataSent(bytes: Int) {
        if progress.takesCopyData {
            progress.copied &+= bytes
        } else if mayBeCopy {
            appendCopy(.copyData, amount: bytes)
        }
    }

    mutating func copyEndSent() {
        if progress.takesCopyData {
            progress.takesCopyData = false
            mayBeCopy = true
        } else if mayBeCopy {
            appendCopy(.copyEnd, amount: 1)
        }
    }

    /// Counts into the last entry where it is of the same kind. A flood that comes to nothing must not fill
    /// the queue, for no answer would ever empty it: behind three quarters bytes are no longer counted.
    private mutating func appendCopy(_ kind: Entry.Kind, amount: Int) {
        let last = queue.count &- 1
        guard last >= 0 else { return }
        if queue[last].kind == kind {
            queue[last].amount &+= amount
            return
        }
        if kind == .copyData, queue.count >= Pipeline.maximumOutstanding / 4 &* 3 { return }
        queue.append(
            Entry(kind: kind, message: queue[last].message, sentAt: queue[last].sentAt, amount: amount))
    }

    /// Queues what will be answered; false when the replica passes over it.
    private mutating func enqueue(_ entry: Entry) -> Bool {
        renewExpectations()
        mayBeCopy = false
        if isSkipping {
            if let message = Self.recorded(entry) { skipped.append(message) }
            return false
        }
        append(entry)
        return true
    }

    private mutating func append(_ entry: Entry) {
        if queue.isEmpty {
            progress = Progress()
            progress.since = entry.sentAt
        }
        queue.append(entry)
    }

    /// nil for the unnamed one.
    private static func name(_ text: PipelineText) -> PipelineText? {
        text.count == 0 ? nil : text
    }
}
