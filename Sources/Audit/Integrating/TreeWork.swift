import AuditTree

/// Carries out what a tree's machine decides: hashes records, compares them with what stands in the segments, writes tiles,
/// signs checkpoints.
struct TreeWork: Sendable {
    /// A key that takes over once a checkpoint covers the record that names it.
    struct Successor: Sendable {
        let key: SigningKey
        let record: UInt64
    }

    private(set) var machine: TreeMachine
    var successor: Successor?
    /// The last checkpoint signed.
    private(set) var head: Checkpoint?

    let files: any TreeFiles
    private let feed: TreeFeed
    private let folder: String
    private let headFile: String?
    let anchors: [CheckpointAnchor]
    private var identity: LogIdentity
    private var signer: SigningKey
    private let origin: String

    /// `checkpoint` as it stands there; nil: none does.
    private var note: [UInt8]?
    private var log: SegmentFile?
    /// Bytes of whole notes in `checkpoints.log`.
    private var logLength: Int
    /// A write that failed may have left something behind them.
    private var isLogTorn = false
    private var tiles: UInt64?
    /// Folders of tiles that are known to be there.
    private var folders: Set<String> = []

    init(
        _ found: RecoveredTree, settings: AuditLogSettings, tree: TreeSettings, identity: LogIdentity,
        files: any TreeFiles, feed: TreeFeed
    ) {
        machine = TreeMachine(
            edge: found.edge, interval: tree.interval, patience: tree.patience,
            retryInterval: settings.retryInterval)
        head = found.head
        note = found.note
        logLength = found.logLength
        isLogTorn = found.isLogTorn
        signer = found.signer
        origin = found.origin
        folder = settings.folder
        headFile = tree.headFile
        anchors = tree.anchors.map { CheckpointAnchor($0) }
        self.identity = identity
        self.files = files
        self.feed = feed
        tiles = (try? files.identity(ofFolder: "tile")) ?? nil
    }

    /// What is due now.
    /// - Returns: whether a round was written.
    mutating func turn(now: Int64, closing: Bool) -> Bool {
        let waiting = feed.waiting
        guard machine.isDue(since: waiting.since, bytes: waiting.bytes, closing: closing, now: now) else {
            return false
        }
        do throws(AuditError) {
            try checkStanding()
            if machine.pending == nil { try hash(waiting.durable, now: now) }
            try write()
            machine.succeeded()
            return true
        } catch {
            machine.failed(error, now: now)
            return false
        }
    }

    /// Writes again what recovery found missing.
    mutating func mend(_ found: RecoveredTree) throws(AuditError) {
        do throws(FileFault) {
            try write(found.tiles)
            if let note = found.unlogged { try append(note + [0x0a]) }
            if let restored = found.restored {
                try replace("checkpoint", with: restored)
                note = restored
            }
        } catch {
            throw told(error)
        }
    }

    /// The newest checkpoint goes to the anchors again: whether it came there before the last end is not known.
    func anchorHead() {
        if let note = note.flatMap({ SignedNote($0) }) { offer([note]) }
    }

    private func offer(_ notes: [SignedNote]) {
        for anchor in anchors { anchor.offer(notes) }
    }

    func rotation(to next: SigningKey) -> TreeWriter.Rotation? {
        guard next.publicKey != signer.publicKey, let old = signer.verifier(of: origin),
            let new = next.verifier(of: origin), let note = signer.sign(KeyRotation.text(of: new), as: origin)
        else { return nil }
        return TreeWriter.Rotation(
            origin: origin, old: "\(old)", new: "\(new)",
            signature: String(decoding: note.bytes, as: UTF8.self))
    }

    mutating func close() {
        if let log { files.close(log) }
        log = nil
    }
}

// MARK: - Hashing

extension TreeWork {
    /// Takes records below `durable` into a round and signs what it leads to.
    private mutating func hash(_ durable: UInt64, now: Int64) throws(AuditError) {
        var round = TreeRound(edge: machine.edge, origin: origin)
        while round.size < durable, round.count < TreeRound.limit {
            if let piece = feed.piece(at: round.size) {
                try compare(piece)
                try hash(piece, into: &round)
            } else {
                let most = min(durable, round.size + (TreeRound.limit - round.count))
                let end = min(feed.firstPiece(behind: round.size) ?? most, most)
                try readSegments(to: end, into: &round)
            }
        }
        // Where there is more, the next round does not wait.
        feed.consumed(to: round.size, now: round.size < durable ? 0 : now)
        guard round.count > 0 else { return }
        var notes: [[UInt8]] = []
        for checkpoint in round.checkpoints {
            guard let note = signer.sign(checkpoint.text, as: origin) else {
                throw .auditKey(path: origin, reason: "the key does not sign")
            }
            notes.append(note.bytes)
        }
        machine.signed(TreeMachine.Signed(round: round, notes: notes))
    }

    /// What stands in the segment must be what was written there (F-AUD-09).
    private func compare(_ piece: TreeFeed.Piece) throws(AuditError) {
        let name = "segments/" + SegmentName.text(piece.segment)
        for from in stride(from: 0, to: piece.bytes.count, by: TreeWork.comparedBytes) {
            let written = piece.bytes[from..<min(piece.bytes.count, from + TreeWork.comparedBytes)]
            let stands: [UInt8]?
            do throws(FileFault) {
                stands = try files.read(name, from: piece.offset + from, count: written.count)
            } catch {
                throw error.error
            }
            guard let stands else { throw .replaced(path: files.path(of: name), reason: "it was removed") }
            guard !LogBytes.areEqual(stands.span, written.span) else { continue }
            let same = from + zip(stands, written).prefix { $0 == $1 }.count
            let seq = piece.first + UInt64(piece.bytes[..<same].count { $0 == 0x0a })
            throw .damaged(
                path: files.path(of: name), seq: seq, reason: "what stands there is not what was written")
        }
    }

    /// So many bytes at a time: a buffer that comes from memory which has been used before.
    private static let comparedBytes = 256 << 10

    private func hash(_ piece: TreeFeed.Piece, into round: inout TreeRound) throws(AuditError) {
        var from = 0
        let bytes = piece.bytes.span
        while let end = LogBytes.lineEnd(in: bytes, from: from) {
            round.append(TreeHash.leaf(bytes.extracting(from..<end)))
            from = end + 1
        }
        guard round.size == piece.end, from == bytes.count else {
            throw .damaged(
                path: files.path(of: "segments"), seq: round.size,
                reason: "\(piece.end) records were written, and there are lines of \(round.size)")
        }
    }

    private func readSegments(to end: UInt64, into round: inout TreeRound) throws(AuditError) {
        try SegmentLeaves.read(folder, round.size..<end) { _, leaf in round.append(leaf) }
    }
}

// MARK: - Writing

extension TreeWork {
    private mutating func write() throws(AuditError) {
        while let (stage, signed) = machine.next {
            do throws(FileFault) {
                switch stage {
                case .tiles:
                    try write(signed.round.tiles + signed.round.edge.partialTiles)
                case .log: try append(signed.logged)
                case .checkpoint:
                    try replace("checkpoint", with: signed.last)
                    note = signed.last
                    head = signed.round.checkpoints.last
                case .key: try changeKey(behind: signed.round.size)
                case .head:
                    if let headFile { try files.keepHead(signed.last, at: headFile) }
                    offer(signed.notes.compactMap { SignedNote($0) })
                }
            } catch {
                // Whatever is there: a folder may have gone.
                folders = []
                throw told(error)
            }
            if let leftovers = machine.done(stage) { remove(leftovers) }
        }
    }

    /// Writes tiles: each as a draft that is durable before it takes its place; then their folders are made durable.
    mutating func write(_ tiles: [TreeEdge.FullTile]) throws(FileFault) {
        var touched: [String] = []
        for tile in tiles {
            let name = tile.address.path
            let parent = FolderPath.parent(of: name)
            try makeFolders(parent)
            var bytes: [UInt8] = []
            for hash in tile.hashes { hash.append(to: &bytes) }
            try writeDraft(bytes)
            try files.publish(name)
            if !touched.contains(parent) { touched.append(parent) }
        }
        for parent in touched { try files.syncFolder(parent) }
        if self.tiles == nil { self.tiles = try files.identity(ofFolder: "tile") }
    }

    private mutating func makeFolders(_ name: String) throws(FileFault) {
        guard !folders.contains(name) else { return }
        var made = ""
        for part in name.split(separator: "/") {
            let parent = made
            made += (made.isEmpty ? "" : "/") + part
            if try files.makeFolder(made) { try files.syncFolder(parent) }
        }
        folders.insert(name)
    }

    private func writeDraft(_ bytes: [UInt8]) throws(FileFault) {
        let file = try files.draft()
        defer { files.close(file) }
        try write(bytes, to: file)
        try files.sync(file)
    }

    func replace(_ name: String, with bytes: [UInt8]) throws(FileFault) {
        try writeDraft(bytes)
        try files.publish(name)
        try files.syncFolder("")
    }

    /// Short writes are finished, interrupted ones repeated.
    private func write(_ bytes: [UInt8], to file: SegmentFile) throws(FileFault) {
        let bytes = bytes.span
        var done = 0
        while done < bytes.count {
            do throws(FileFault) {
                let count = try files.write(bytes.extracting(done...), to: file)
                guard count > 0 else {
                    throw FileFault(operation: "write", path: files.path(of: ""), code: LogState.ioError)
                }
                done += count
            } catch {
                if error.code != LogState.interrupted { throw error }
            }
        }
    }

    /// Appends to `checkpoints.log`. What a failure leaves there is cut off before the next try.
    mutating func append(_ bytes: [UInt8]) throws(FileFault) {
        let file: SegmentFile
        if let log {
            file = log
        } else {
            file = try files.appended("checkpoints.log")
            log = file
            try files.syncFolder("")
            let length = try files.standing("checkpoints.log", file)
            guard isLogTorn || length == logLength else {
                throw TreeWork.changed("checkpoints.log")
            }
        }
        if isLogTorn {
            try files.cut(file, to: logLength)
            try files.sync(file)
        }
        isLogTorn = true
        try write(bytes, to: file)
        try files.sync(file)
        isLogTorn = false
        logLength += bytes.count
    }

    /// Where a checkpoint covers the record that names the next key, that one signs from there on (F-AUD-17).
    private mutating func changeKey(behind size: UInt64) throws(FileFault) {
        guard let next = successor, next.record < size else { return }
        guard let key = next.key.verifier(of: origin) else { return }
        var changed = identity
        changed.keys.append(LogIdentity.Key(key: key, from: size))
        try replace(LogIdentity.file, with: changed.bytes)
        identity = changed
        signer = next.key
        successor = nil
    }

    /// What is left of earlier checkpoints goes; where that fails it stays, and harms nobody.
    private mutating func remove(_ leftovers: TreeMachine.Leftovers) {
        for address in leftovers.partial { try? files.remove(address.path, isFolder: false) }
        for address in leftovers.full {
            let folder = address.fullPath + ".p"
            for name in (try? files.names(in: folder)) ?? [] {
                try? files.remove(folder + "/" + name, isFolder: false)
            }
            try? files.remove(folder, isFolder: true)
            folders.remove(folder)
        }
    }

    /// The files of the tree must be those that were written (F-AUD-04).
    private mutating func checkStanding() throws(AuditError) {
        do throws(FileFault) {
            let limit = SignedNote.limit
            let stands = try files.read("checkpoint", from: 0, count: min(limit, (note?.count ?? 0) + 4096))
            let mayBe = machine.pending?.last
            guard stands == note || (stands != nil && stands == mayBe) else {
                throw TreeWork.changed("checkpoint")
            }
            if let log {
                guard let length = try files.standing("checkpoints.log", log),
                    length == logLength || (isLogTorn && length >= logLength)
                else { throw TreeWork.changed("checkpoints.log") }
            }
            if let tiles, (try files.identity(ofFolder: "tile")) != tiles {
                throw TreeWork.changed("tile")
            }
        } catch {
            throw told(error)
        }
    }

    /// A file that is not the one that was written, as a fault without an errno.
    private static func changed(_ name: String) -> FileFault {
        FileFault(operation: name, path: "", code: 0)
    }

    private func told(_ fault: FileFault) -> AuditError {
        guard fault.code == 0 else { return fault.error }
        return .replaced(
            path: files.path(of: fault.operation), reason: "it was removed, replaced or changed")
    }
}
