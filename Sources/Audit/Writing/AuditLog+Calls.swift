/// A sync that whoever waits for it makes on its own thread: nobody has to be woken for it, and nobody after it.
struct SyncCall: Sendable {
    let caller: Int
    /// Monotonic microseconds.
    let since: Int64
    /// The writer waits for its end.
    var isAwaited = false
    var isToldOf = false

    /// After so many microseconds a caller counts as held by the disk.
    static let patience: Int64 = 50_000
    /// The writer looks so often for one that is, while there are calls; microseconds.
    static let watch: Int64 = 100_000
}

extension AuditLog {
    /// As `askSync`, of somebody who can make the sync.
    /// - Returns: whether it is to, by `sync(by:)` or `leaveSync()`, as soon as it has nothing else to do. Otherwise the
    ///   writer does.
    package func callsForSync(_ number: UInt64) -> Bool {
        guard number > durable else { return false }
        let now = clocks.monotonic()
        let (calls, wake) = state.withLock { state -> (Bool, Bool) in
            state.wanted = max(state.wanted, number)
            guard number > state.foreseen else { return (false, false) }
            state.gathering.asked(now: now)
            guard !state.isCallable(settings) else { return (true, false) }
            return (false, state.wantsWake(settings, asked: (now, 1)))
        }
        if wake { wakes.signal() }
        return calls
    }

    /// Whoever was called for a sync has other things to do: the writer makes it.
    package func leaveSync() {
        let now = clocks.monotonic()
        if state.withLock({ $0.wantsWake(settings, asked: (now, 1)) }) { wakes.signal() }
    }

    /// Syncs on the calling thread what somebody waits for, for as long as the disk takes. Of a caller that is kept for longer
    /// than `SyncCall.patience` the observers are told (`AuditLogNotice.held`).
    /// - Returns: whether it was done; `announceSync` is due then. If not, there is nothing to do, or another thread does it.
    package func sync(by caller: Int) -> Bool {
        let now = clocks.monotonic()
        let (plan, wake) = state.withLock { state -> (AppendMachine.SyncPlan?, Bool) in
            guard state.wanted > state.machine.durable, !state.machine.isSyncing else { return (nil, false) }
            guard state.isCallable(settings), let plan = state.planSync(now: now) else {
                return (nil, state.wantsWake(settings, asked: (now, 1)))
            }
            state.call = SyncCall(caller: caller, since: now)
            return (plan, state.beginWatch())
        }
        if wake { wakes.signal() }
        guard let plan else { return false }
        _ = sync(plan)
        return true
    }

    /// Tells the observers how far a call's sync has made the log durable. What else there is to tell the writer does.
    package func announceSync() {
        let end = state.withLock { state -> UInt64? in
            var end: UInt64?
            for notice in state.notices {
                guard case .durable(let number) = notice else { return nil }
                end = max(end ?? 0, number)
            }
            // None, where the writer was there before.
            defer { state.notices.removeAll(keepingCapacity: true) }
            return end ?? durable
        }
        if let end { announceDurable(end) } else { wakes.signal() }
    }

    /// Whoever made a sync cannot announce it: the writer does.
    package func leaveAnnouncement() { wakes.signal() }
}

extension LogState {
    /// Whether callers make the next sync: it is likely to be short, and concerns a single file.
    func isCallable(_ settings: AuditLogSettings) -> Bool {
        settings.syncsWhenAsked && settings.durability != .buffered && gathering.isSteadilyFast && !closing
            && machine.failure == nil && open.count == 1 && machine.current.entered
    }

    /// - Returns: whether the writer has to be woken for its looks.
    mutating func beginWatch() -> Bool {
        wasCalled = true
        guard !watches else { return false }
        watches = true
        defer { writerWaits = false }
        return writerWaits
    }

    /// The writer has nothing to do before a call's end, but to tell of one that is held.
    mutating func awaitCall(now: Int64) {
        guard var call else { return }
        call.isAwaited = true
        if !call.isToldOf, now - call.since >= SyncCall.patience {
            call.isToldOf = true
            notices.append(.held(caller: call.caller))
        }
        self.call = call
    }

    /// A sync has ended.
    /// - Returns: whether it was a call's that the writer waits for.
    mutating func endCall() -> Bool {
        defer { call = nil }
        return call?.isAwaited ?? false
    }

    /// How long the writer may sleep, with its looks for a caller that is held.
    mutating func watchfulPause(_ settings: AuditLogSettings, now: Int64) -> Int64 {
        if let call {
            guard notices.isEmpty else { return 0 }
            return call.isToldOf ? -1 : max(1, call.since + SyncCall.patience - now)
        }
        let pause = pause(settings, now: now)
        guard wasCalled else {
            watches = false
            return pause
        }
        wasCalled = false
        watches = true
        return pause < 0 ? SyncCall.watch : min(pause, SyncCall.watch)
    }
}
