/// The thread of a log that syncs, announces and repairs. But for the syncs that callers make themselves (`AuditLog.sync(by:)`)
/// it is the only one that does.
enum LogWriter {
    static func start(_ log: AuditLog) {
        log.state.withLock { $0.hasThread = true }
        LogThread.start("audit \(log.region)") {
            while let pause = log.turn() {
                if pause != 0 { log.wakes.wait(timeout: pause < 0 ? nil : pause) }
            }
            log.finish()
            log.ended.signal()
        }
    }
}

extension LogState {
    /// Whether an append must wake the writer: only while it sleeps, and only if something cannot wait.
    ///
    /// - Parameter asked: when sessions asked for a sync and how many, where that is why.
    mutating func wantsWake(
        _ settings: AuditLogSettings, asked: (now: Int64, sessions: Int)? = nil
    ) -> Bool {
        guard writerWaits else { return false }
        let urgent: Bool
        switch settings.durability {
        case .strict, .acknowledged:
            urgent =
                settings.syncsWhenAsked
                ? isSyncAsked(asked) || machine.unsyncedBytes >= LogState.bufferedBytes
                : machine.hasUnsynced
        case .buffered: urgent = machine.unsyncedBytes >= LogState.bufferedBytes
        }
        guard urgent || !notices.isEmpty || closing else { return false }
        writerWaits = false
        return true
    }

    /// The sync that was asked for begins, or is put off from now on.
    private func isSyncAsked(_ asked: (now: Int64, sessions: Int)?) -> Bool {
        guard let asked, wanted > machine.durable else { return false }
        return gathering.waiting <= asked.sessions || gathering.delay(now: asked.now) == 0
    }

    /// Sessions forward what is recorded below `number`, and answers will wait for it. On a slow disk, or for a session that is
    /// alone, the sync begins beside their statements, as soon as it would if they asked for it now.
    /// - Returns: whether they count as having asked.
    mutating func foresees(
        _ sessions: Int, waitingFor number: UInt64, _ settings: AuditLogSettings, now: Int64
    ) -> Bool {
        guard sessions > 0, gathering.isBesideStatements, settings.syncsWhenAsked,
            settings.durability == .acknowledged
        else { return false }
        wanted = max(wanted, number)
        foreseen = number
        gathering.asked(by: sessions, now: now)
        return true
    }

    /// Bytes after which `buffered` does not wait for its interval.
    static let bufferedBytes = 8 << 20
}

extension AuditLog {
    /// One turn of the writer: what is due now.
    /// - Returns: microseconds to sleep (0: go on at once; below 0: until woken), or nil when the log is
    ///   closed.
    package func turn() -> Int64? {
        let now = clocks.monotonic()
        let (plan, closing, waited) = state.withLock { state -> (AppendMachine.SyncPlan?, Bool, Bool) in
            state.writerWaits = false
            guard state.call == nil else {
                state.awaitCall(now: now)
                return (nil, state.closing, true)
            }
            guard state.closing || state.isSyncDue(settings, now: now) else { return (nil, false, false) }
            return (state.planSync(now: now), state.closing, false)
        }
        // What was written behind a call's plan is still to be synced.
        var worked = waited
        if let plan {
            worked = sync(plan)
        }
        worked = retryIfDue(now: now, closing: closing) || worked
        let notices = state.withLock { state in
            defer { state.notices.removeAll() }
            return state.notices
        }
        announce(notices)
        return state.withLock { state -> Int64? in
            let isCalled = state.call != nil
            if closing && !worked && !isCalled { return nil }
            let pause =
                state.closing && !isCalled ? 0 : state.watchfulPause(settings, now: clocks.monotonic())
            if pause != 0 { state.writerWaits = true }
            return pause
        }
    }

    /// Syncs the files of a plan.
    /// - Returns: whether its records count as durable.
    func sync(_ plan: AppendMachine.SyncPlan) -> Bool {
        let began = clocks.monotonic()
        var fault: FileFault?
        do {
            for item in plan.earlier { try sync(item) }
            try sync(plan.last)
            if plan.folder { try files.syncFolder() }
        } catch {
            fault = error
        }
        let ended = clocks.monotonic()
        let (counts, wake) = state.withLock { state in
            let isAwaited = state.endCall()
            state.counters.syncs += 1
            state.counters.lastSyncMicros = ended - began
            state.counters.syncMicros += ended - began
            state.counters.syncingSince = nil
            defer {
                state.gathering.ended(
                    took: ended - began, servesAll: state.wanted <= state.machine.durable, now: ended)
            }
            if let fault {
                state.syncFailed(fault.error, monotonic: ended)
                return (false, isAwaited)
            }
            return (state.synced(plan, files: files, monotonic: ended), isAwaited)
        }
        if wake { wakes.signal() }
        return counts
    }

    private func sync(_ item: AppendMachine.SyncPlan.Item) throws(FileFault) {
        let file = state.withLock { state in state.open.first { $0.first == item.first }?.file }
        if let file { try files.sync(file) }
    }

    /// Tries to get a failing log going again, when it is time.
    /// - Returns: whether something was repaired.
    private func retryIfDue(now: Int64, closing: Bool) -> Bool {
        let action = state.withLock { state -> AppendMachine.RetryAction in
            guard state.failedSince != nil, state.call == nil, closing || now >= state.retryAt else {
                return .nothing
            }
            state.retryAt = now + settings.retryInterval.micros
            return state.machine.retryAsked()
        }
        switch action {
        case .nothing: return false
        case .checkStanding:
            return state.withLock { state in
                if let error = state.checkStanding(files: files) {
                    state.machine.retryFailed(error)
                    return false
                }
                state.machine.standingFound()
                return true
            }
        case .rewrite(let rewrites):
            let kept = state.withLock { $0.kept(for: rewrites) }
            do {
                let new = try SegmentRewriter.run(rewrites, kept: kept, files: files)
                state.withLock { $0.rewritten(rewrites, kept: kept, files: new, on: files, monotonic: now) }
                state.withLock { $0.retryAt = now }
                return true
            } catch {
                state.withLock { $0.machine.retryFailed(error.error) }
                return false
            }
        case .resume:
            return !closing && resume(now: now)
        }
    }

    /// Proves that the disk takes records again by a record that says since when it did not.
    private func resume(now: Int64) -> Bool {
        let time = clocks.time()
        let plan = state.withLock { state -> AppendMachine.SyncPlan? in
            do throws(FileFault) {
                try files.checkRoom(for: settings.recordLimit, behind: state.open[state.open.count - 1].file)
            } catch {
                state.machine.retryFailed(error.error)
                return nil
            }
            var batch = RecordBatch(recordLimit: settings.recordLimit)
            batch.begin(.logRecovered)
            batch.add("gateway", settings.gateway)
            batch.add("region", region)
            batch.add("reason", state.failedFor.map { "\($0)" })
            batch.add("duration_us", now - (state.failedSince ?? now))
            batch.end()
            do {
                _ = try state.append(&batch, resuming: true, files: files, now: time, monotonic: now)
            } catch {
                return nil
            }
            return state.planSync(now: now)
        }
        guard let plan, sync(plan) else { return false }
        state.withLock { state in
            state.machine.resumed()
            guard state.machine.failure == nil else { return }
            state.failedSince = nil
            state.failedFor = nil
            state.notices.append(.recovered)
        }
        return true
    }
}

extension LogState {
    func isSyncDue(_ settings: AuditLogSettings, now: Int64) -> Bool {
        guard machine.hasUnsynced else { return false }
        switch settings.durability {
        case .strict, .acknowledged:
            guard settings.syncsWhenAsked else { return true }
            if wanted > machine.durable, gathering.delay(now: now) == 0 { return true }
            return now >= lastSync + settings.syncInterval.micros
                || machine.unsyncedBytes >= LogState.bufferedBytes
        case .buffered:
            return now >= lastSync + settings.syncInterval.micros
                || machine.unsyncedBytes >= LogState.bufferedBytes
        }
    }

    mutating func planSync(now: Int64) -> AppendMachine.SyncPlan? {
        guard let plan = machine.syncAsked() else { return nil }
        for item in plan.earlier { beginSync(item) }
        beginSync(plan.last)
        lastSync = now
        gathering.began()
        counters.syncingSince = now
        return plan
    }

    private mutating func beginSync(_ item: AppendMachine.SyncPlan.Item) {
        if let at = open.firstIndex(where: { $0.first == item.first }) { open[at].beginSync() }
    }

    /// How long the writer may sleep: see `turn`.
    func pause(_ settings: AuditLogSettings, now: Int64) -> Int64 {
        if !notices.isEmpty { return 0 }
        if failedSince != nil { return max(1, retryAt - now) }
        guard machine.hasUnsynced else {
            let isTimed = settings.durability == .buffered || settings.syncsWhenAsked
            return isTimed ? settings.syncInterval.micros : -1
        }
        switch settings.durability {
        case .strict, .acknowledged:
            guard settings.syncsWhenAsked else { return 0 }
            if wanted > machine.durable { return gathering.delay(now: now) }
            return max(1, lastSync + settings.syncInterval.micros - now)
        case .buffered: return max(1, lastSync + settings.syncInterval.micros - now)
        }
    }
}

extension Duration {
    /// Whole microseconds, at least 1.
    var micros: Int64 {
        let (seconds, attoseconds) = components
        let whole = seconds.multipliedReportingOverflow(by: 1_000_000)
        return whole.overflow ? .max / 2 : max(1, whole.partialValue + attoseconds / 1_000_000_000_000)
    }
}
