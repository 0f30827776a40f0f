import AuditTree
import Synchronization

/// Removes a log's segments by age, on a thread of its own: at start, and once an hour. Nothing that it does holds up who appends,
/// but for the one record that it appends itself.
package final class LogRetention: Sendable {
    /// What became of it.
    package struct Status: Sendable, Equatable {
        /// The first record that is there.
        package var first: UInt64 = 0
        /// Segments that were removed since the start.
        package var removed: UInt64 = 0
        /// Why nothing can be removed at the moment.
        package var trouble: AuditError?

        package init(first: UInt64 = 0, removed: UInt64 = 0, trouble: AuditError? = nil) {
            self.first = first
            self.removed = removed
            self.trouble = trouble
        }
    }

    private struct State {
        var machine: RetentionMachine
        var status = Status()
        /// Before what could not be done is tried again.
        var pause: GrowingPause
        var hasThread = false
        var closing = false
        /// Its trouble was told.
        var isTold = false
    }

    private let settings: RetentionSettings
    private let folder: String
    private let files: any TreeFiles
    private let state: Mutex<State>
    private let wakes = Wake()
    private let ended = Wake()

    init(_ settings: RetentionSettings, folder: String, files: any TreeFiles) {
        self.settings = settings
        self.folder = folder
        self.files = files
        let first = (try? SegmentName.list(folder + "/segments"))?.first ?? 0
        state = Mutex(
            State(
                machine: RetentionMachine(age: settings.age), status: Status(first: first),
                pause: GrowingPause(first: settings.firstPause, longest: settings.longestPause)))
    }

    package var status: Status { state.withLock { $0.status } }

    func start(_ log: AuditLog, name: String, heldBack: @escaping @Sendable () -> UInt64?) {
        let isFirst = state.withLock { state in
            defer { state.hasThread = true }
            return !state.hasThread && !state.closing
        }
        guard isFirst else { return }
        LogThread.start(name) { [self] in
            while !isClosing {
                let pause = turn(log, heldBack: heldBack)
                if pause > .zero { wakes.wait(timeout: pause.micros) }
            }
            ended.signal()
        }
    }

    private var isClosing: Bool { state.withLock { $0.closing } }

    /// Ends at the next step.
    func close() {
        let waits = state.withLock { state in
            defer { state.closing = true }
            return state.hasThread && !state.closing
        }
        guard waits else { return }
        wakes.signal()
        ended.wait(timeout: nil)
    }

    /// What is due now, a step of it.
    /// - Returns: the time to sleep; zero: go on at once.
    func turn(_ log: AuditLog, heldBack: () -> UInt64?) -> Duration {
        do throws(AuditError) {
            let sight = try look(log, heldBack: heldBack())
            let action = state.withLock { $0.machine.next(sight) }
            let pause = try perform(action, log)
            return pause
        } catch {
            return failed(error)
        }
    }

    private func failed(_ error: AuditError) -> Duration {
        let isLasting: Bool
        switch error {
        case .damaged, .unproved, .notALog, .contradicted, .replaced: isLasting = true
        case .system, .locked, .wrongRegion, .filesystem, .behind, .closed, .captureKey, .auditKey, .sealed,
            .anchor:
            isLasting = false
        }
        let (pause, tells) = state.withLock { state in
            state.status.trouble = error
            state.machine.failed()
            defer { state.isTold = true }
            let pause = isLasting ? settings.interval : state.pause.failed()
            return (pause, !state.isTold && !state.closing)
        }
        if tells { settings.tell(.trouble(error)) }
        return pause
    }

    /// Nothing stands in the way any more.
    private func succeeded() {
        let tells = state.withLock { state in
            state.status.trouble = nil
            state.pause.succeeded()
            defer { state.isTold = false }
            return state.isTold
        }
        if tells { settings.tell(.trouble(nil)) }
    }
}

// MARK: - Steps

extension LogRetention {
    private func look(_ log: AuditLog, heldBack: UInt64?) throws(AuditError) -> RetentionMachine.Sight {
        let now = log.clocks.time()
        let firsts = try SegmentName.list(folder + "/segments")
        let machine = state.withLock { state in
            state.status.first = firsts.first ?? state.status.first
            return state.machine
        }
        var segments: [RetentionMachine.Segment] = []
        // One that is not old ends the search: what is behind it is newer.
        var isSearching = true
        for (at, first) in firsts.enumerated() {
            var newest: Int64?
            if isSearching, at + 1 < firsts.count {
                newest = try SegmentTail.newest(of: folder + "/segments/" + SegmentName.text(first))
                isSearching = newest.map { machine.isOld(newest: $0, now: now) } ?? false
            }
            segments.append(.init(first: first, newest: newest))
        }
        return RetentionMachine.Sight(
            segments: segments, covered: log.tree?.head?.size ?? 0,
            anchored: log.tree?.anchors.map(\.status.anchored).min(), heldBack: heldBack, now: now)
    }

    private func perform(_ action: RetentionMachine.Action, _ log: AuditLog) throws(AuditError) -> Duration {
        switch action {
        case .rest:
            succeeded()
            return settings.interval
        case .wait:
            return state.withLock { $0.pause.failed() }
        case .check(let segments, let end):
            try check(segments, end: end, log)
        case .record(let first, let end):
            let seq = try record(first: first, end: end, log)
            state.withLock { state in
                state.machine.recorded(seq: seq)
                state.pause.succeeded()
            }
        case .remove(let segments, let end):
            try remove(segments, end: end)
            succeeded()
        }
        return .zero
    }

    /// Checks as many of the segments as are sound; the first that is not ends it, and what is before it may go.
    private func check(_ segments: [UInt64], end: UInt64, _ log: AuditLog) throws(AuditError) {
        guard let first = segments.first, let head = log.tree?.head else { return }
        let ends = segments.dropFirst() + [end]
        var sound = first
        var failure: AuditError?
        for (first, end) in zip(segments, ends) {
            do throws(AuditError) {
                try PrunedSegment(folder: folder, head: head).check(first..<end) { !isClosing }
                sound = end
            } catch {
                failure = error
                break
            }
        }
        if sound == first, let failure { throw failure }
        state.withLock { $0.machine.checked(first: first, end: sound) }
    }

    private func record(first: UInt64, end: UInt64, _ log: AuditLog) throws(AuditError) -> UInt64 {
        var batch = RecordBatch(recordLimit: log.settings.recordLimit)
        batch.begin(.logPruned)
        batch.add("gateway", log.settings.gateway)
        batch.add("region", log.region)
        batch.add("first", first)
        batch.add("end", end)
        batch.add("reason", settings.reason)
        if let policy = settings.policy { batch.add("policy", policy) }
        batch.end()
        return try log.append(&batch).first
    }

    /// The oldest first, each durable before the next goes: at no point is there a gap. What a crash tore off these records goes too.
    private func remove(_ segments: [UInt64], end: UInt64) throws(AuditError) {
        do throws(FileFault) {
            for first in segments {
                try removeFile(SegmentName.text(first))
                state.withLock { $0.status.removed += 1 }
            }
            for name in try files.names(in: "segments") {
                guard let number = SegmentName.number(ofTorn: name), number < end else { continue }
                try removeFile(name)
            }
        } catch {
            throw error.error
        }
        let first = segments.first ?? end
        state.withLock { state in
            state.machine.removed()
            state.status.first = end
        }
        settings.tell(.removed(first: first, end: end))
    }

    private func removeFile(_ name: String) throws(FileFault) {
        try files.remove("segments/" + name, isFolder: false)
        try files.syncFolder("segments")
    }
}

extension AuditLog {
    /// Begins to remove segments by age, where the settings say so.
    /// - Parameter heldBack: gives the first record that somebody else still needs, such as a copy that is not made yet; nil: nobody
    ///   needs any. It is asked on the retention's thread at each turn.
    package func startRetention(heldBack: @escaping @Sendable () -> UInt64? = { nil }) {
        retention?.start(self, name: "retain \(region)", heldBack: heldBack)
    }

    /// One step of the retention, for a log without threads.
    /// - Returns: the time to sleep (zero: go on at once); nil: nothing is removed by age.
    package func turnRetention(heldBack: UInt64? = nil) -> Duration? {
        retention?.turn(self) { heldBack }
    }
}
