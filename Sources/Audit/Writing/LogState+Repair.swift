import Glibc

extension LogState {
    static var interrupted: Int32 { EINTR }
    static var ioError: Int32 { EIO }
    static var descriptorsExhausted: [Int32] { [EMFILE, ENFILE] }

    /// Whether the segment that is appended to stands under its name and is as long as was written.
    func checkStanding(files: some LogFiles) -> AuditError? {
        let current = machine.current
        func replaced(_ reason: String) -> AuditError {
            .replaced(path: files.path(of: current.first), reason: reason)
        }
        do {
            guard let length = try files.standing(open[open.count - 1].file) else {
                return replaced("it was removed or replaced")
            }
            // A write that failed may have left bytes that could not be cut off: those are our own.
            if case .failing(_, .rewrite) = machine.mode { return nil }
            if length == current.length { return nil }
            return replaced("it has \(length) bytes, \(current.length) were written")
        } catch {
            return error.error
        }
    }

    /// The sync of a plan succeeded: what it covers counts, if the segment still stands.
    /// - Returns: whether it counts.
    mutating func synced(_ plan: AppendMachine.SyncPlan, files: some LogFiles, monotonic: Int64) -> Bool {
        if let error = checkStanding(files: files) {
            machine.standingLost(error)
            counters.failures += 1
            noteFailure(monotonic: monotonic)
            return false
        }
        // An append found meanwhile that the disk does not keep what it was given.
        guard machine.isSyncing else { return false }
        let before = machine.durable
        for item in plan.earlier { endSync(item, monotonic: monotonic) }
        endSync(plan.last, monotonic: monotonic)
        let sealed = machine.synced()
        for first in sealed {
            guard let at = open.firstIndex(where: { $0.first == first }) else { continue }
            files.close(open.remove(at: at).file)
        }
        counters.unsyncedBytes = machine.unsyncedBytes
        if machine.durable > before { notices.append(.durable(machine.durable)) }
        return true
    }

    /// What was written of a segment goes to the tree: before the machine counts it as durable.
    private mutating func endSync(_ item: AppendMachine.SyncPlan.Item, monotonic: Int64) {
        guard let at = open.firstIndex(where: { $0.first == item.first }),
            let was = machine.segments.first(where: { $0.first == item.first })
        else { return }
        open[at].endSync(
            to: feed, at: was.durableLength, records: was.durable..<max(was.durable, item.end),
            now: monotonic)
    }

    mutating func syncFailed(_ error: AuditError, monotonic: Int64) {
        machine.syncFailed(error)
        counters.failures += 1
        noteFailure(monotonic: monotonic)
    }

    /// The bytes that each rewrite needs.
    func kept(for rewrites: [AppendMachine.Rewrite]) -> [[UInt8]] {
        rewrites.map { rewrite in
            guard let segment = open.first(where: { $0.first == rewrite.old }) else { return [] }
            return segment.syncing + segment.fresh
        }
    }

    /// The rewrites stand on disk: the log goes on in the last one.
    mutating func rewritten(
        _ rewrites: [AppendMachine.Rewrite], kept: [[UInt8]], files new: [SegmentFile],
        on files: some LogFiles, monotonic: Int64
    ) {
        if let feed {
            for (rewrite, var bytes) in zip(rewrites, kept) where rewrite.first < rewrite.end {
                feed.push(
                    &bytes, segment: rewrite.first, offset: 0, records: rewrite.first..<rewrite.end,
                    now: monotonic)
            }
        }
        guard let last = rewrites.last, let file = new.last else { return }
        for segment in open {
            if let rewrite = rewrites.first(where: { $0.old == segment.first }), rewrite.old != rewrite.first
            {
                // Best effort: a reader takes nothing from a segment that the next one begins with anyway.
                try? files.cut(segment.file, to: rewrite.keeps)
            }
            files.close(segment.file)
        }
        for earlier in new.dropLast() { files.close(earlier) }
        open = [OpenSegment(first: last.first, file: file)]
        let before = machine.durable
        machine.rewritten(rewrites)
        counters.segments += UInt64(rewrites.count)
        counters.unsyncedBytes = 0
        if machine.durable > before { notices.append(.durable(machine.durable)) }
    }
}

/// Writes records that are not durable once more: each rewrite a draft of its own, synced before it takes its
/// place, in their order, so that a crash in between leaves a log without a gap.
enum SegmentRewriter {
    /// - Returns: the new segments' files, in the order of the rewrites.
    static func run(
        _ rewrites: [AppendMachine.Rewrite], kept: [[UInt8]], files: some LogFiles
    ) throws(FileFault) -> [SegmentFile] {
        var new: [SegmentFile] = []
        do {
            for (rewrite, bytes) in zip(rewrites, kept) {
                let file = try files.draft(rewrite.first)
                new.append(file)
                try LogState.write(bytes, to: file, files: files)
                try files.sync(file)
            }
            for rewrite in rewrites {
                try files.publish(rewrite.first)
                try files.syncFolder()
            }
            return new
        } catch {
            for file in new { files.close(file) }
            throw error
        }
    }
}
