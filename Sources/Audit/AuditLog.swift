import AuditTree
import Glibc
import Synchronization

/// One region's log, open for writing. It lives until `close()`.
///
/// Workers append; one thread of the log's own syncs what they wrote (one fdatasync for all that came
/// meanwhile), tells observers how far the log is durable, and repairs it after a failure. On a fast disk a worker that has
/// nothing else to do syncs itself (`sync(by:)`). Where the log is signed, another thread puts durable records under its tree.
package final class AuditLog: Sendable {
    package let settings: AuditLogSettings
    package let region: String
    /// What was torn off the log's end when it was opened: file beside the segments, and bytes.
    package let tornTail: (file: String, bytes: Int)?

    /// What signs the log; nil: nobody does.
    package let tree: TreeWriter?
    /// What removes segments by age; nil: nothing does.
    package let retention: LogRetention?

    let files: any LogFiles
    let clocks: LogClocks
    let state: Mutex<LogState>
    private let folder: Mutex<LogFolder?>
    private let durableMark: Atomic<UInt64>
    private let closed = Atomic<Bool>(false)
    let wakes: Wake
    let ended: Wake

    /// Opens the log in a folder: makes the folder and `log.json`, takes the lock, recovers the end, starts
    /// the writer's thread.
    ///
    /// A `log.recovered` record tells of bytes that were torn off.
    /// - Throws: every case of `AuditError` but `behind` and `closed`.
    package convenience init(_ settings: AuditLogSettings) throws(AuditError) {
        try self.init(settings, clocks: .system, wrapping: { $0 }, startsWriter: true)
    }

    /// As `init(_:)`, with clocks and file operations of a test's; without threads `turn()` and `turnTree()` do their work.
    package init(
        _ settings: AuditLogSettings, clocks: LogClocks, wrapping: (SegmentFolder) -> any LogFiles,
        wrappingTree: (TreeFolder) -> any TreeFiles = { $0 }, startsWriter: Bool
    ) throws(AuditError) {
        let now = clocks.time()
        let folder = try LogFolder.open(settings: settings, now: now)
        let files = wrapping(folder.segments)
        let treeFiles = wrappingTree(TreeFolder(path: folder.path))
        let signed = try AuditLog.signedTree(settings, folder, files: treeFiles)
        let recovered = try LogRecovery(folder: folder.segments, covered: signed?.covered ?? 0).recover()
        let segment =
            recovered.segment ?? AppendMachine.Segment(first: 0, end: 0, length: 0, entered: true)
        let tree = try signed.map { signed throws(AuditError) in
            try AuditLog.tree(of: signed, settings, segment: segment, files: treeFiles, clocks: clocks)
        }
        let file: SegmentFile
        do {
            file =
                recovered.segment == nil ? try files.create(0) : try folder.segments.open(segment.first)
            // What a crash left in the page cache counts from here on.
            try files.sync(file)
            try files.syncFolder()
        } catch {
            throw error.error
        }
        self.settings = settings
        self.tree = tree
        // What no anchor holds is never removed.
        retention = settings.retention.flatMap { retention in
            guard let tree, !tree.anchors.isEmpty else { return nil }
            return LogRetention(retention, folder: folder.path, files: treeFiles)
        }
        region = settings.region
        self.files = files
        self.clocks = clocks
        wakes = Wake()
        ended = Wake()
        durableMark = Atomic(segment.end)
        tornTail = recovered.torn.last.map { ($0.file, $0.bytes) }
        state = Mutex(
            LogState(
                machine: AppendMachine(
                    segment: segment, segmentBytes: settings.segmentBytes,
                    unsyncedLimit: settings.unsyncedLimit),
                open: OpenSegment(first: segment.first, file: file),
                clock: RecordClock(notBefore: recovered.micros), feed: tree?.feed))
        self.folder = Mutex(folder)
        for torn in recovered.torn { try record(torn) }
        if let tree { try changeKey(of: tree) }
        if startsWriter {
            // Both threads hold the log until they end, in `close()`.
            LogWriter.start(self)
            tree?.start(region: region) { self.treeSays($0) }
        }
    }

    /// Gives the batch's records their numbers and the time, and writes them with one write.
    ///
    /// Called on workers' threads; blocks for as long as the write does. On success the batch is empty; on
    /// failure it is as it was, nothing of it is in the log, and nothing it covers may be forwarded.
    /// - Parameter sessions: those that forward something now. Their answers will wait for these records, and where
    ///   `SyncGathering` says so the sync does not wait for the answers: the receipt says whether the caller is to make it.
    /// - Throws: `system`, `replaced`, `behind` or `closed`.
    package func append(
        _ batch: inout RecordBatch, sessions: Int = 0
    ) throws(AuditError) -> AuditReceipt {
        let time = clocks.time()
        let monotonic = clocks.monotonic()
        var result: Result<AuditReceipt, AuditError> = .failure(.closed)
        let wake = state.withLock { state in
            if !state.closing {
                do throws(AuditError) {
                    let receipt = try state.append(&batch, files: files, now: time, monotonic: monotonic)
                    result = .success(receipt)
                    if state.foresees(sessions, waitingFor: receipt.end, settings, now: monotonic) {
                        guard !state.isCallable(settings) else {
                            result = .success(
                                AuditReceipt(first: receipt.first, end: receipt.end, callsForSync: true))
                            return false
                        }
                        return state.wantsWake(settings, asked: (monotonic, sessions))
                    }
                } catch {
                    result = .failure(error)
                }
            }
            return state.wantsWake(settings)
        }
        if wake { wakes.signal() }
        return try result.get()
    }

    /// One more session waits for the records below `number` to be durable (`AuditLogSettings.syncsWhenAsked`).
    package func askSync(_ number: UInt64) {
        guard number > durable else { return }
        let now = clocks.monotonic()
        let wake = state.withLock { state in
            state.wanted = max(state.wanted, number)
            guard number > state.foreseen else { return false }
            state.gathering.asked(now: now)
            return state.wantsWake(settings, asked: (now, 1))
        }
        if wake { wakes.signal() }
    }

    /// One past the last record that is on disk.
    package var durable: UInt64 { durableMark.load(ordering: .acquiring) }

    /// One past the last record that is written.
    package var written: UInt64 { state.withLock { $0.machine.next } }

    /// Why the log takes no records; nil where it does.
    package var failure: AuditError? { state.withLock { $0.closing ? .closed : $0.machine.failure } }

    package var counters: AuditLogCounters {
        var counters = state.withLock { $0.counters }
        counters.signed = tree.map { $0.head?.size ?? 0 }
        counters.retention = retention?.status
        counters.anchors = (tree?.anchors ?? []).map { anchor in
            let status = anchor.status
            return AnchorState(
                name: anchor.sink.name, anchored: status.anchored, isWritten: status.trouble == nil)
        }
        return counters
    }

    /// Asks for notices. They come on the writer's thread, or on that of a caller of `sync(by:)`, and must be cheap to take.
    package func subscribe(_ observer: @escaping @Sendable (AuditLogNotice) -> Void) -> UInt64 {
        state.withLock { state in
            state.nextToken += 1
            state.observers.append((state.nextToken, observer))
            return state.nextToken
        }
    }

    package func unsubscribe(_ token: UInt64) {
        state.withLock { $0.observers.removeAll { $0.token == token } }
    }

    /// Syncs what is written, ends the writer's thread and gives up the lock. Appends throw afterwards.
    package func close() {
        guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        retention?.close()
        let hasThread = state.withLock { state in
            state.closing = true
            return state.hasThread
        }
        wakes.signal()
        if hasThread {
            ended.wait(timeout: nil)
        } else {
            while turn() != nil {}
            finish()
        }
        tree?.close()
        folder.withLock { $0 = nil }
    }

    /// The writer's last act.
    func finish() {
        state.withLock { state in
            for segment in state.open { files.close(segment.file) }
            state.open.removeAll()
            state.machine.close()
        }
    }

    func announce(_ notices: [AuditLogNotice]) {
        // All of them know before anybody is told of one.
        for case .durable(let end) in notices { durableMark.max(end, ordering: .releasing) }
        for notice in notices { tell(notice) }
    }

    func announceDurable(_ end: UInt64) {
        durableMark.max(end, ordering: .releasing)
        tell(.durable(end))
    }

    private func tell(_ notice: AuditLogNotice) {
        let observers = state.withLock { $0.observers }
        for (_, observer) in observers { observer(notice) }
    }

    private func record(_ torn: TornTail) throws(AuditError) {
        var batch = RecordBatch(recordLimit: settings.recordLimit)
        batch.begin(.logRecovered)
        batch.add("gateway", settings.gateway)
        batch.add("region", region)
        batch.add("reason", "torn_tail")
        batch.add("file", torn.file)
        batch.add("bytes", torn.bytes)
        batch.add("sha256", torn.sha256)
        batch.end()
        _ = try append(&batch)
    }
}
