import AuditTree
import Glibc

/// The checkpoints that a log must agree with, as they come up while its tree grows: those of `checkpoints.log`, and those
/// from outside. Of each file one at a time is held.
struct CheckpointQueue {
    private let folder: String
    private var sources: [Source] = []
    /// What the file `checkpoint` holds, and whether that was met in `checkpoints.log`.
    private var head: [UInt8]?
    private var isHeadMet = false
    /// Entries of `checkpoints.log` behind the one in `checkpoint`.
    private var behindHead = EntriesBehindHead()
    /// Records that the entry of `checkpoints.log` that was read last covers.
    private var logged: UInt64 = 0
    /// The checkpoint in the file `checkpoint`.
    private(set) var last: Checkpoint?

    /// Records that it covers.
    var lastSize: UInt64 { last?.size ?? 0 }

    private var headPath: String { folder + "/checkpoint" }

    /// - Parameters:
    ///   - anchors: older checkpoints from outside.
    ///   - origin: the log's.
    /// - Throws: where one of them cannot be read.
    init(folder: String, anchors: [KeptCheckpoints], origin: String?) throws(AuditError) {
        self.folder = folder
        // The newest first: what is appended to checkpoints.log meanwhile is not read.
        head = try FolderPath.read(headPath, limit: SignedNote.limit)
        let history = folder + "/checkpoints.log"
        if access(history, F_OK) == 0 {
            sources.append(try Source(KeptCheckpoints(history), isAnchor: false, origin: nil))
        }
        for kept in anchors { sources.append(try Source(kept, isAnchor: true, origin: origin)) }
    }

    /// Begins to read the files.
    mutating func begin(_ report: inout VerificationReport) throws(AuditError) {
        let hasHistory = sources.contains { !$0.isAnchor }
        if let head {
            last = SignedNote(head).flatMap { Checkpoint(text: $0.text) }
            if last == nil { report.add(nil, headPath, "it is no checkpoint") }
        } else if hasHistory {
            report.add(nil, headPath, "it is missing, and checkpoints.log is there")
        }
        for at in sources.indices { try sources[at].advance(&report) }
        for source in sources where source.isAnchor && source.pending == nil {
            report.add(nil, source.path, "holds no checkpoint of this log")
        }
    }

    /// The tree has come to a size: whatever checkpoint is of that size must be of this tree.
    mutating func reach(
        _ edge: TreeEdge, _ report: inout VerificationReport, _ keys: inout TrustedKeys
    ) throws(AuditError) {
        for at in sources.indices {
            while let pending = sources[at].pending, pending.checkpoint.size <= edge.size {
                if pending.checkpoint.size == edge.size {
                    judge(pending, of: sources[at], edge, &report, &keys)
                } else {
                    sources[at].addDecrease(&report)
                }
                try sources[at].advance(&report)
            }
        }
    }

    private mutating func judge(
        _ pending: Source.Pending, of source: Source, _ edge: TreeEdge, _ report: inout VerificationReport,
        _ keys: inout TrustedKeys
    ) {
        let size = pending.checkpoint.size
        if !source.isAnchor { log(pending) }
        let isSigned =
            source.isAnchor ? keys.isSigned(pending.note) : keys.take(pending.note)
        guard isSigned else {
            return report.add(size, source.path, "no trusted key signed the checkpoint of \(size) records")
        }
        guard pending.checkpoint.root == edge.root else {
            return report.add(size, source.path, "its checkpoint of \(size) records is not of this log")
        }
        guard !source.isAnchor else {
            report.confirmed += 1
            // Each stands in checkpoints.log before it goes anywhere.
            if size <= lastSize, size != logged {
                report.add(
                    size, folder + "/checkpoints.log",
                    "the checkpoint of \(size) records was taken out: it stands in \(source.path)")
            }
            return
        }
        report.checkpoints += 1
        report.covered = max(report.covered, size)
    }

    /// Takes an entry of `checkpoints.log`.
    private mutating func log(_ entry: Source.Pending) {
        logged = entry.checkpoint.size
        if isHeadMet { behindHead.take(entry.checkpoint.size) }
        if entry.note.bytes == head { isHeadMet = true }
    }

    /// The log has ended: what is left speaks of records that are not there.
    /// - Parameter isLost: the tree could not be followed to the end.
    mutating func finish(end: UInt64, isLost: Bool, _ report: inout VerificationReport) throws(AuditError) {
        for at in sources.indices {
            guard let pending = sources[at].pending else { continue }
            let size = pending.checkpoint.size
            if size > end {
                report.add(
                    end, sources[at].path,
                    size - end == 1
                        ? "it is missing: a checkpoint covers it"
                        : "it and all up to \(size - 1) are missing: a checkpoint covers them")
            } else if isLost {
                report.add(size, sources[at].path, "checkpoints from there on cannot be checked")
            }
        }
        if last == nil, head == nil, report.hasKey {
            // One that is as `audit init` left it cannot be told from one that was wiped.
            report.add(
                nil, headPath,
                end > 0
                    ? "the log has no checkpoint"
                    : "nothing is signed: a log that never held a record looks the same as one that was emptied"
            )
        }
        guard let last, !isLost, last.size <= end else { return }
        guard isHeadMet else {
            // A cut of checkpoints.log or an exchange of its newest.
            return report.add(last.size, headPath, "it does not stand in checkpoints.log, or is not valid")
        }
        guard behindHead.rounds > EntriesBehindHead.limit, try !isReplaced() else { return }
        report.add(
            last.size, headPath, "it is not the newest: checkpoints.log goes on to one of \(logged) records")
    }

    /// Whether the log's writer has put a newer checkpoint in the place of the one that was read.
    private func isReplaced() throws(AuditError) -> Bool {
        let now = try FolderPath.read(headPath, limit: SignedNote.limit)
        guard let now, let checkpoint = SignedNote(now).flatMap({ Checkpoint(text: $0.text) }) else {
            return false
        }
        return checkpoint.size >= logged
    }
}

extension CheckpointQueue {
    /// How many rounds of the log's writer the entries behind that of `checkpoint` are of, at least.
    ///
    /// A round appends its checkpoints to `checkpoints.log`, one for each `TreeRound.every` records and one for the rest, and replaces
    /// `checkpoint` then. So a crash leaves those of one round behind it, and a copy of a live log does, too.
    struct EntriesBehindHead {
        static let limit = 1

        private(set) var rounds = 0
        private var isInRound = false

        mutating func take(_ size: UInt64) {
            if !isInRound { rounds += 1 }
            isInRound = size % TreeRound.every == 0
        }
    }

    /// One file of checkpoints, in the order in which they were signed.
    struct Source {
        struct Pending {
            let note: SignedNote
            let checkpoint: Checkpoint
        }

        let path: String
        let isAnchor: Bool
        private(set) var pending: Pending?
        private var history: CheckpointHistory
        private var before: Checkpoint?
        /// Only checkpoints of this origin are looked at; nil: all.
        private let origin: String?

        init(_ kept: KeptCheckpoints, isAnchor: Bool, origin: String?) throws(AuditError) {
            path = kept.name
            self.isAnchor = isAnchor
            self.origin = origin
            history = try CheckpointHistory(path: kept.path)
        }

        /// Reads on to the next checkpoint.
        mutating func advance(_ report: inout VerificationReport) throws(AuditError) {
            before = pending?.checkpoint ?? before
            pending = nil
            while let entry = try history.next() {
                switch entry {
                case .damaged(let offset):
                    // Elsewhere a write may have been cut short; each note stands for itself.
                    if !isAnchor { report.add(nil, path, "no checkpoint stands at byte \(offset)") }
                case .note(let note):
                    guard let checkpoint = Checkpoint(text: note.text) else {
                        report.add(nil, path, "a note in it is no checkpoint")
                        continue
                    }
                    if let origin, checkpoint.origin != origin { continue }
                    if let before, before.size == checkpoint.size, before.root != checkpoint.root {
                        report.add(
                            checkpoint.size, path,
                            "two checkpoints of \(checkpoint.size) records differ: two histories were signed")
                    }
                    pending = Pending(note: note, checkpoint: checkpoint)
                    return
                }
            }
        }

        /// The pending checkpoint is of fewer records than the one before it.
        func addDecrease(_ report: inout VerificationReport) {
            guard let pending else { return }
            report.add(
                pending.checkpoint.size, path,
                "a checkpoint of \(pending.checkpoint.size) records stands behind one of \(before?.size ?? 0)"
            )
        }
    }
}
