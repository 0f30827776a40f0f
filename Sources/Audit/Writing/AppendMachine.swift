/// What the writer of a log knows and decides: which numbers are given, how far segments are written and
/// durable, when a segment begins, what a failure leads to. It does nothing itself: no file, clock, lock or
/// thread.
///
/// - After a failed *write* the segment is cut back to its last whole record; numbers that never went out are
///   given again.
/// - After a failed *sync* (or cut) the files written so far and not durable are never trusted again: their
///   records are written once more, with the same numbers, each into a new segment (`Rewrite`).
/// - In both cases no record is taken until a `log.recovered` record is durable.
package struct AppendMachine: ~Copyable, Sendable {
    /// A segment that is not durable as a whole, or the one that is appended to.
    package struct Segment: Sendable, Equatable {
        package let first: UInt64
        /// One past the last record written, and the bytes of all whole records.
        package var end: UInt64
        package var length: Int
        /// One past the last durable record, and the bytes of all durable ones.
        package var durable: UInt64
        package var durableLength: Int
        /// The folder's entry is durable.
        package var entered: Bool

        package init(first: UInt64, end: UInt64, length: Int, entered: Bool) {
            self.first = first
            self.end = end
            self.length = length
            durable = end
            durableLength = length
            self.entered = entered
        }

        package var unsynced: Int { length - durableLength }
    }

    package enum Mode: Sendable, Equatable {
        case taking
        case failing(AuditError, Repair)
        case closed
    }

    /// What stands before a failing log can take records again.
    package enum Repair: Sendable, Equatable {
        /// Nothing: the disk is asked whether it has room.
        case none
        /// The segment that is appended to must stand under its name again.
        case standing
        /// Records that are not durable must be written once more, into new segments.
        case rewrite
    }

    /// What an append does next.
    package enum AppendAction: Sendable, Equatable {
        /// Make the segment that begins with this record, then ask again. First the one before it is synced where `syncing`,
        /// and then the folder where `entering`: a power cut must not leave a segment and take the end, or the name, of the
        /// one before it (F-AUD-06, F-AUD-07).
        case beginSegment(UInt64, syncing: Bool, entering: Bool)
        /// Number the records from here on and write them.
        case write(first: UInt64)
    }

    /// One round of syncing: the files in their order, then the folder where `folder` says so.
    package struct SyncPlan: Sendable, Equatable {
        package struct Item: Sendable, Equatable {
            package let first: UInt64
            package let end: UInt64
            package let length: Int
        }
        /// Empty but where segments are begun faster than synced: a sync allocates nothing.
        package let earlier: [Item]
        package let last: Item
        package let folder: Bool
        package var items: [Item] { earlier + [last] }
    }

    /// Records `first..<end`, which the segment `old` holds and does not keep, go into the segment `first`.
    package struct Rewrite: Sendable, Equatable {
        package let old: UInt64
        package let first: UInt64
        package let end: UInt64
        /// Bytes of the old segment that are durable; the rest of it may be cut off once the new one stands.
        package let keeps: Int
        package let length: Int
    }

    package enum RetryAction: Sendable, Equatable {
        case nothing
        /// Look whether the segment stands under its name again, then say `standingFound`.
        case checkStanding
        case rewrite([Rewrite])
        /// Write a `log.recovered` record, sync it, then say `resumed`.
        case resume
    }

    package private(set) var mode: Mode = .taking
    /// The next record's number.
    package private(set) var next: UInt64
    /// One past the last durable record.
    package private(set) var durable: UInt64
    /// Never empty; the last is appended to.
    package private(set) var segments: [Segment]
    private var syncing: SyncPlan?
    /// The tree cannot be written, or is not the one that was: no record is taken until it is.
    private var treeHolds = false
    private let segmentBytes: Int
    private let unsyncedLimit: Int

    /// - Parameters:
    ///   - segment: the last segment, all of it durable.
    ///   - segmentBytes: bytes after which a new segment begins.
    ///   - unsyncedLimit: bytes of records that may wait for the disk.
    package init(segment: Segment, segmentBytes: Int, unsyncedLimit: Int) {
        next = segment.end
        durable = segment.end
        segments = [segment]
        self.segmentBytes = segmentBytes
        self.unsyncedLimit = unsyncedLimit
    }

    package var current: Segment { segments[segments.count - 1] }
    package var unsyncedBytes: Int { segments.reduce(0) { $0 + $1.unsynced } }
    package var hasUnsynced: Bool { durable < next }
    package var failure: AuditError? {
        switch mode {
        case .taking: nil
        case .failing(let error, _): error
        case .closed: .closed
        }
    }
}

// MARK: - Appending

extension AppendMachine {
    /// A batch wants to be written. `resuming`: it is the `log.recovered` record that ends a failure.
    package func appendAsked(bytes: Int, resuming: Bool = false) throws(AuditError) -> AppendAction {
        switch mode {
        case .taking: break
        case .failing(let error, let repair):
            guard resuming, repair == .none else { throw error }
        case .closed: throw .closed
        }
        let unsynced = unsyncedBytes
        guard resuming || unsynced == 0 || unsynced + bytes <= unsyncedLimit else {
            throw .behind(bytes: unsynced)
        }
        if current.length > 0 && current.length + bytes > segmentBytes {
            return .beginSegment(next, syncing: current.unsynced > 0, entering: !current.entered)
        }
        return .write(first: next)
    }

    package mutating func segmentBegun() {
        segments[segments.count - 1].entered = true
        segments.append(Segment(first: next, end: next, length: 0, entered: false))
    }

    package mutating func segmentRefused(_ error: AuditError) { fail(error, .none) }

    /// The segment that is full could not be synced, or its folder: final for all that is not durable, and for a sync that is under
    /// way, which may not hear of it.
    package mutating func segmentUnsynced(_ error: AuditError) { syncFailed(error) }

    /// A sync is under way, and what it says will count.
    package var isSyncing: Bool { syncing != nil }

    /// The whole batch is in the file.
    package mutating func written(records: Int, bytes: Int) {
        next += UInt64(records)
        segments[segments.count - 1].end = next
        segments[segments.count - 1].length += bytes
    }

    /// - Returns: the length to which the file must be cut.
    package mutating func writeFailed(_ error: AuditError) -> Int {
        fail(error, .none)
        return current.length
    }

    /// What the failed write left cannot be removed: the file is not appended to again.
    package mutating func cutFailed(_ error: AuditError) { fail(error, .rewrite) }

    private mutating func fail(_ error: AuditError, _ repair: Repair) {
        switch mode {
        case .closed: break
        case .taking: mode = .failing(error, repair)
        case .failing(let earlier, let before):
            // What must be repaired first stays so; the first cause of a rewrite is the one that is told.
            switch (before, repair) {
            case (.rewrite, _): mode = .failing(earlier, .rewrite)
            case (_, .rewrite): mode = .failing(error, .rewrite)
            case (.standing, _), (_, .standing): mode = .failing(error, .standing)
            case (.none, .none): mode = .failing(error, .none)
            }
        }
    }
}

// MARK: - Syncing

extension AppendMachine {
    /// The writer has time to sync. Nil: nothing is there to sync, or it would not help.
    package mutating func syncAsked() -> SyncPlan? {
        if case .failing(_, .rewrite) = mode { return nil }
        precondition(syncing == nil, "a sync is under way")
        guard hasUnsynced else { return nil }
        var earlier: [SyncPlan.Item] = []
        var last: SyncPlan.Item?
        var folder = false
        for segment in segments where segment.unsynced > 0 || !segment.entered {
            if let last { earlier.append(last) }
            last = SyncPlan.Item(first: segment.first, end: segment.end, length: segment.length)
            folder = folder || !segment.entered
        }
        guard let last else { return nil }
        let plan = SyncPlan(earlier: earlier, last: last, folder: folder)
        syncing = plan
        return plan
    }

    /// All of the plan is on disk, and the segment that is appended to stands under its name.
    /// - Returns: segments that are durable as a whole and not appended to any more: they may be closed.
    package mutating func synced() -> [UInt64] {
        guard let plan = syncing else { return [] }
        syncing = nil
        for item in plan.earlier { synced(item) }
        synced(plan.last)
        var sealed: [UInt64] = []
        while segments.count > 1, segments[0].unsynced == 0 {
            sealed.append(segments.removeFirst().first)
        }
        return sealed
    }

    private mutating func synced(_ item: SyncPlan.Item) {
        guard let at = segments.firstIndex(where: { $0.first == item.first }) else { return }
        segments[at].durable = item.end
        segments[at].durableLength = item.length
        segments[at].entered = true
        durable = max(durable, item.end)
    }

    /// One of the files of the plan, or the folder, could not be synced: final for all that is not durable.
    package mutating func syncFailed(_ error: AuditError) {
        syncing = nil
        fail(error, .rewrite)
    }

    /// The segment that is appended to is not the file of its name any more, or not as long as it was
    /// written. What was just synced does not count.
    package mutating func standingLost(_ error: AuditError) {
        syncing = nil
        fail(error, .standing)
    }
}

// MARK: - Repairing

extension AppendMachine {
    /// Time to try again.
    package func retryAsked() -> RetryAction {
        guard case .failing(_, let repair) = mode else { return .nothing }
        switch repair {
        case .none: return treeHolds ? .nothing : .resume
        case .standing: return .checkStanding
        case .rewrite:
            return .rewrite(
                segments.enumerated().compactMap { at, segment in
                    guard segment.unsynced > 0 || at == segments.count - 1 else { return nil }
                    return Rewrite(
                        old: segment.first, first: segment.durable, end: segment.end,
                        keeps: segment.durableLength,
                        length: segment.unsynced)
                })
        }
    }

    package mutating func standingFound() {
        guard case .failing(let error, .standing) = mode else { return }
        mode = .failing(error, .none)
    }

    /// All rewrites of `retryAsked` stand on disk, in their order, and are durable.
    package mutating func rewritten(_ rewrites: [Rewrite]) {
        guard case .failing(let error, .rewrite) = mode, let last = rewrites.last else { return }
        segments = [Segment(first: last.first, end: last.end, length: last.length, entered: true)]
        durable = next
        mode = .failing(error, .none)
    }

    /// A try failed; the log goes on failing, for this reason now.
    package mutating func retryFailed(_ error: AuditError) {
        guard case .failing(_, let repair) = mode else { return }
        mode = .failing(error, repair)
    }

    /// The `log.recovered` record is durable.
    package mutating func resumed() {
        guard case .failing(_, .none) = mode, !hasUnsynced else { return }
        mode = .taking
    }

    package mutating func close() { mode = .closed }

    /// The log's tree says that no record may be taken.
    package mutating func treeLost(_ error: AuditError) {
        treeHolds = true
        fail(error, .none)
    }

    /// The tree stands again, and is written.
    package mutating func treeFound() { treeHolds = false }
}
