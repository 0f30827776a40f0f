/// A segment with its file, and the bytes of its records that are not durable yet.
struct OpenSegment: Sendable {
    let first: UInt64
    let file: SegmentFile
    /// Written since the last sync began; what that sync is about. Kept so that records can be written again.
    var fresh: [UInt8] = []
    var syncing: [UInt8] = []

    /// Memory that an emptied buffer may hold on to.
    private static let keptCapacity = 256 << 10

    mutating func beginSync() {
        if syncing.isEmpty {
            swap(&syncing, &fresh)
        } else {
            syncing.append(contentsOf: fresh)
            fresh.removeAll()
        }
    }

    /// What was synced is on disk, records from `first` on at `offset`: the tree gets the bytes.
    mutating func endSync(to feed: TreeFeed?, at offset: Int, records: Range<UInt64>, now: Int64) {
        if let feed, !records.isEmpty {
            feed.push(&syncing, segment: first, offset: offset, records: records, now: now)
        }
        endSync()
    }

    private mutating func endSync() {
        if syncing.capacity > OpenSegment.keptCapacity {
            syncing = []
        } else {
            syncing.removeAll(keepingCapacity: true)
        }
    }
}

/// Everything about a log that its lock guards: the machine, and what carries out its actions on files.
struct LogState: ~Copyable, Sendable {
    var machine: AppendMachine
    var open: [OpenSegment]
    var clock: RecordClock
    var counters = AuditLogCounters()
    var notices: [AuditLogNotice] = []
    var observers: [(token: UInt64, observer: @Sendable (AuditLogNotice) -> Void)] = []
    var nextToken: UInt64 = 0
    /// The writer sleeps and must be woken.
    var writerWaits = false
    /// Somebody waits for records below this number to be durable.
    var wanted: UInt64 = 0
    /// Who waits for records below this number was counted when they were written.
    var foreseen: UInt64 = 0
    var gathering = SyncGathering()
    /// The sync that a caller makes on its own thread, while it does.
    var call: SyncCall?
    /// There were such calls since the writer's last turn; and it turns often enough to see one that is held.
    var wasCalled = false
    var watches = false
    var closing = false
    var hasThread = false
    /// Where bytes go that are on disk; nil: the log has no tree.
    let feed: TreeFeed?
    /// When the last sync began, and when a failing log is tried next (monotonic microseconds).
    var lastSync: Int64 = 0
    var retryAt: Int64 = 0
    /// When the log stopped taking records (monotonic microseconds), and why.
    var failedSince: Int64?
    var failedFor: AuditError?

    init(
        machine: consuming AppendMachine, open: OpenSegment, clock: RecordClock, feed: TreeFeed? = nil
    ) {
        self.feed = feed
        self.machine = machine
        self.open = [open]
        self.clock = clock
        counters.segments = 1
    }

    /// Numbers the batch's records and writes them; the batch is emptied only where that succeeds.
    mutating func append(
        _ batch: inout RecordBatch, resuming: Bool = false, files: some LogFiles, now: Int64, monotonic: Int64
    ) throws(AuditError) -> AuditReceipt {
        do {
            let first = try place(
                bytes: batch.byteCount + 28 * batch.recordCount, resuming: resuming, files: files)
            let back = clock.advance(to: now)
            let at = open.count - 1
            let from = open[at].fresh.count
            batch.stamp(into: &open[at].fresh, first: first, clock: clock, back: back)
            try write(from: from, files: files)
            let bytes = open[at].fresh.count - from
            machine.written(records: batch.recordCount, bytes: bytes)
            counters.records += UInt64(batch.recordCount)
            counters.bytes += UInt64(bytes)
            counters.unsyncedBytes = machine.unsyncedBytes
            batch.removeAll()
            return AuditReceipt(first: first, end: machine.next)
        } catch {
            counters.refused += 1
            noteFailure(monotonic: monotonic)
            throw error
        }
    }

    /// The number for the next record, behind the start of a new segment where one is due.
    private mutating func place(bytes: Int, resuming: Bool, files: some LogFiles) throws(AuditError) -> UInt64
    {
        while true {
            switch try machine.appendAsked(bytes: bytes, resuming: resuming) {
            case .write(let first): return first
            case .beginSegment(let first, let syncing, let entering):
                do {
                    if syncing { try files.sync(open[open.count - 1].file) }
                    if entering { try files.syncFolder() }
                } catch {
                    machine.segmentUnsynced(error.error)
                    throw error.error
                }
                do {
                    open.append(OpenSegment(first: first, file: try files.create(first)))
                } catch {
                    machine.segmentRefused(error.error)
                    throw error.error
                }
                machine.segmentBegun()
                counters.segments += 1
            }
        }
    }

    /// Writes what was stamped from `from` on. What a failure leaves in the file is cut off.
    private mutating func write(from: Int, files: some LogFiles) throws(AuditError) {
        let at = open.count - 1
        let file = open[at].file
        do {
            try LogState.write(open[at].fresh, from: from, to: file, files: files)
        } catch {
            open[at].fresh.removeSubrange(from...)
            let length = machine.writeFailed(error.error)
            do {
                try files.cut(file, to: length)
            } catch {
                machine.cutFailed(error.error)
            }
            throw error.error
        }
    }

    /// Writes all of the bytes from an index on: short writes are finished, interrupted ones repeated.
    static func write(
        _ bytes: [UInt8], from: Int = 0, to file: SegmentFile, files: some LogFiles
    ) throws(FileFault) {
        let bytes = bytes.span
        var done = from
        while done < bytes.count {
            do throws(FileFault) {
                let count = try files.write(bytes.extracting(done...), to: file)
                guard count > 0 else {
                    throw FileFault(operation: "write", path: "segment", code: LogState.ioError)
                }
                done += count
            } catch {
                if error.code != LogState.interrupted { throw error }
            }
        }
    }

    /// Remembers that the log stopped taking records, once, and has the observers told.
    mutating func noteFailure(monotonic: Int64) {
        guard case .failing(let error, _) = machine.mode else { return }
        if failedSince == nil {
            failedSince = monotonic
            failedFor = error
            counters.failures += 1
            notices.append(.failed(error))
        }
    }
}
