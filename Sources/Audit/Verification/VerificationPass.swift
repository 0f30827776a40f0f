import AuditTree
import Glibc

/// One reading of a log from its beginning to its end, for `LogVerification`.
///
/// Leaves are taken 256 at a time, as tiles hold them. Where a record and its leaf's hash in the tile differ, the hash of
/// the level above says which of the two is damaged; the tree goes on with the good one, so that one damaged record is one
/// named loss and not the end of all proofs.
final class VerificationPass {
    private let folder: String
    private let tiles: LogTiles
    private let description: LogIdentity?
    private let progress: (Int) -> Void

    private var report = VerificationReport()
    private var edge = TreeEdge()
    private var keys: TrustedKeys
    private var history: CheckpointQueue
    private var statements = OpenStatements()
    /// Hashes of the records of the group of 256 that is being read; nil for one that is missing.
    private var group: [TreeHash?] = []
    /// The number of the record that comes next.
    private var next: UInt64 = 0
    private var lastTime: [UInt8] = []
    /// The segment that is being read, and where in it the next line begins.
    private var place: (path: String, end: Int)?
    private var names = SegmentNames()
    /// The tree cannot be followed any further.
    private var isLost = false
    /// The record that says how far retention removed records.
    private var pruning: (seq: UInt64, end: UInt64)?
    /// The first segment when the pass began.
    private let firstSegment: UInt64

    init(_ verification: LogVerification) throws(AuditError) {
        folder = verification.folder
        progress = verification.progress
        let keys = verification.keys
        // Before the newest checkpoint is read: that one covers the record of what was removed by then.
        firstSegment = (try? SegmentName.list(folder + "/segments"))?.first ?? 0
        tiles = LogTiles(folder: folder)
        let description = try LogIdentity.read(folder: folder)
        report.region = description?.region
        report.origin = description?.origin
        report.isSealed = description?.sealed != nil
        report.hasKey = !keys.isEmpty
        self.keys = TrustedKeys(keys.isEmpty ? description?.keys.map(\.key) ?? [] : keys)
        history = try CheckpointQueue(
            folder: folder, anchors: verification.anchors, origin: description?.origin)
        self.description = description
    }

    /// Reads the log.
    /// - Parameter isLast: removals are not waited for any more.
    /// - Returns: nil where retention removed segments before they were read: another pass finds the record that says so.
    func run(isLast: Bool) throws(AuditError) -> VerificationReport? {
        let reader = try AuditReader(folder: folder)
        // Before anything is read: what the log grows by meanwhile is of no interest.
        try history.begin(&report)
        var isFirst = true
        while let line = try reader.next() {
            if line.expected > next, !isLast, try isOvertaken(by: line, isFirst) { return nil }
            if isFirst {
                isFirst = false
                try skipPruned(upTo: line)
            }
            try take(line)
            progress(line.bytes.count + 1)
        }
        try leaveSegment()
        try settleGroup()
        try finish()
        return report
    }

    /// Whether the records before a line are gone since this pass began.
    private func isOvertaken(by line: RecordLine, _ isFirst: Bool) throws(AuditError) -> Bool {
        if isFirst { return line.expected != firstSegment }
        return try AuditReader.first(of: folder) > next
    }

    private func add(_ seq: UInt64?, _ path: String, _ reason: String) { report.add(seq, path, reason) }

    // MARK: - Records

    private func take(_ line: RecordLine) throws(AuditError) {
        try enter(line)
        guard let seq = line.seq else {
            return add(next, line.path, "no record stands at byte \(line.offset)")
        }
        if seq < next {
            return add(seq, line.path, "it stands a second time, at byte \(line.offset)")
        }
        if seq > next { try skipMissing(upTo: seq, path: line.path) }
        judge(line, seq: seq)
        statements.take(line.bytes)
        next = seq + 1
        guard !isLost else { return }
        group.append(TreeHash.leaf(line.bytes.span))
        if group.count == TileAddress.full { try settleGroup() }
    }

    /// A segment begins with the record of its name, and the one before it ends there.
    private func enter(_ line: RecordLine) throws(AuditError) {
        if line.path != place?.path {
            try leaveSegment()
            if let seq = line.seq, line.offset == 0, let first = firstRecord(of: line.path), seq != first {
                add(first, line.path, "it begins with record \(seq)")
            }
        }
        place = (line.path, line.offset + line.bytes.count + 1)
    }

    /// What is left of the segment behind the line that was read last must stand again in the next one.
    private func leaveSegment() throws(AuditError) {
        guard let place, let first = firstRecord(of: place.path) else { return }
        let firsts = try SegmentName.list(folder + "/segments")
        // Where retention took it meanwhile, its records were read.
        guard firsts.contains(first), let behind = firsts.first(where: { $0 > first }), next >= behind else {
            return
        }
        let repeated = RepeatedRecords(
            path: place.path, offset: place.end, next: folder + "/segments/" + SegmentName.text(behind))
        guard let at = try repeated.difference() else { return }
        add(
            behind, place.path,
            "the next segment begins with it: what stands from byte \(at) on is no record, and does not stand again there"
        )
    }

    private func firstRecord(of path: String) -> UInt64? {
        path.lastIndex(of: "/").flatMap { SegmentName.first(of: String(path[path.index(after: $0)...])) }
    }

    /// What a line must be besides its hash.
    private func judge(_ line: RecordLine, seq: UInt64) {
        // What no checkpoint covers must at least be a record; what one covers is what was written.
        if seq >= history.lastSize, JSONValue(line.bytes) == nil {
            add(seq, line.path, "it is no JSON object")
        }
        guard let head = RecordHead(line.bytes) else { return }
        let time = line.bytes[head.time]
        if time.lexicographicallyPrecedes(lastTime) { add(seq, line.path, "its time goes back") }
        lastTime = Array(time)
        guard head.isOfLog(in: line.bytes) else { return }
        takeLogRecord(line, type: head.type(in: line.bytes), seq: seq)
    }

    /// Records about the log itself.
    private func takeLogRecord(_ line: RecordLine, type: String, seq: UInt64) {
        guard let value = JSONValue(line.bytes) else { return }
        switch type {
        case "log.rotated_key":
            guard keys.rotate(value) else {
                return add(seq, line.path, "no trusted key signed the key that it names")
            }
        case "log.pruned":
            // One that no checkpoint covers can be anybody's.
            guard seq < history.lastSize, let end = value["end"]?.unsigned, end > pruning?.end ?? 0 else {
                return
            }
            pruning = (seq, end)
        case "log.recovered":
            guard let file = value["file"]?.string, !file.contains("/"), let digest = value["sha256"]?.string
            else { return }
            names.take(recovered: file)
            let path = folder + "/segments/" + file
            if let found = try? FileDigest.sha256(path), found != digest {
                add(seq, path, "its SHA-256 is not the one that record \(seq) names")
            }
        default: return
        }
    }

    private func skipMissing(upTo seq: UInt64, path: String) throws(AuditError) {
        add(next, path, seq - next == 1 ? "it is missing" : "it and all up to \(seq - 1) are missing")
        // Tiles may stand in for them, as far as checkpoints reach.
        while next < min(seq, history.lastSize), !isLost {
            group.append(nil)
            next += 1
            if group.count == TileAddress.full { try settleGroup() }
        }
        if next < seq { lose(next) }
        next = seq
    }

    /// The log begins behind record 0: its tiles stand in for what was removed.
    private func skipPruned(upTo line: RecordLine) throws(AuditError) {
        guard let first = line.seq, first > 0, first == line.expected else { return }
        report.first = first
        while next < min(first, history.lastSize), !isLost {
            group.append(nil)
            next += 1
            if group.count == TileAddress.full { try settleGroup() }
        }
        if next < first { lose(next) }
        next = first
    }

    private func lose(_ seq: UInt64) {
        guard !isLost else { return }
        isLost = true
        add(seq, folder + "/tile", "the tree cannot be followed from there on")
    }

    // MARK: - Leaves

    /// Compares the group's records with their tile and appends its leaves to the tree.
    private func settleGroup() throws(AuditError) {
        let hashes = group
        group.removeAll(keepingCapacity: true)
        guard !hashes.isEmpty, !isLost else { return }
        let start = edge.size
        let tile = try leafTile(from: start, count: hashes.count)
        guard let tile else {
            guard hashes.allSatisfy({ $0 != nil }) else { return lose(start) }
            return try append(hashes.compactMap { $0 })
        }
        let differing = tile.indices.filter { hashes[$0] != tile[$0] }
        var leaves = tile + hashes[tile.count...].compactMap { $0 }
        if !differing.isEmpty {
            let records = hashes.compactMap { $0 }
            if records.count == hashes.count, try confirms(records, not: tile, from: start) {
                add(
                    start, folder + "/" + tileAddress(start, tile.count).path,
                    "the tile is not of these records")
                leaves = records
            } else {
                for at in differing where hashes[at] != nil {
                    add(
                        start + UInt64(at), segmentPath(start + UInt64(at)),
                        "it is not the record that was written")
                }
            }
        }
        guard leaves.count == hashes.count else { return lose(start + UInt64(leaves.count)) }
        try append(leaves)
    }

    private func tileAddress(_ start: UInt64, _ width: Int) -> TileAddress {
        TileAddress(level: 0, index: start / UInt64(TileAddress.full), width: width)
    }

    private func segmentPath(_ seq: UInt64) -> String {
        let segments = folder + "/segments"
        let first = (try? SegmentName.list(segments))?.last { $0 <= seq }
        return first.map { segments + "/" + SegmentName.text($0) } ?? segments
    }

    /// The leaves that the tile holds, as far as checkpoints cover them; nil where none are covered, or it is missing.
    private func leafTile(from start: UInt64, count: Int) throws(AuditError) -> [TreeHash]? {
        guard history.lastSize > start else { return nil }
        let width = Int(min(UInt64(count), history.lastSize - start))
        return try tile(tileAddress(start, width))
    }

    /// A tile that must be there; noted where it is not.
    private func tile(_ address: TileAddress) throws(AuditError) -> [TreeHash]? {
        do {
            if let hashes = try tiles.read(address) { return hashes }
            add(nil, folder + "/" + address.path, "the tile is missing")
        } catch AuditError.notALog(let path, let reason) {
            add(nil, path, reason)
        }
        return nil
    }

    /// Whether the records' own hashes are those that the tree was made of, rather than the tile's.
    private func confirms(
        _ records: [TreeHash], not tile: [TreeHash], from start: UInt64
    ) throws(AuditError) -> Bool {
        if records.count == TileAddress.full,
            let address = TileAddress.holding(
                level: 1, hash: start / UInt64(TileAddress.full), of: history.lastSize),
            let parents = try tiles.read(address)
        {
            let parent = parents[Int(start / UInt64(TileAddress.full) % UInt64(TileAddress.full))]
            return parent == TreeHash.root(of: records)
        }
        guard let last = history.last, last.size > start, last.size <= start + UInt64(records.count) else {
            return false
        }
        var tree = edge
        for hash in records.prefix(Int(last.size - start)) { tree.append(hash) { _ in } }
        return tree.root == last.root
    }

    private func append(_ leaves: [TreeHash]) throws(AuditError) {
        for leaf in leaves {
            try reach()
            var full: [TreeEdge.FullTile] = []
            edge.append(leaf) { full.append($0) }
            for tile in full { try compare(tile) }
        }
    }

    /// What checkpoints and tiles say of the tree as it is now.
    private func reach() throws(AuditError) {
        try history.reach(edge, &report, &keys)
        if edge.size == history.lastSize, edge.size > 0 { try compareEdge() }
    }

    // MARK: - Tiles

    /// Compares a tile that is full in the tree with its file and with the partial ones beside it.
    private func compare(_ full: TreeEdge.FullTile) throws(AuditError) {
        let hashes = TileAddress.hashes(level: full.address.level, of: history.lastSize)
        guard (full.address.index + 1) * UInt64(TileAddress.full) <= hashes else { return }
        // The lowest were compared with their records.
        if full.address.level > 0, let found = try tile(full.address), found != full.hashes {
            add(nil, folder + "/" + full.address.path, "the tile is not the one that its leaves give")
        }
        try comparePartials(full)
    }

    /// Compares the tiles at the tree's edge with their files.
    private func compareEdge() throws(AuditError) {
        for partial in edge.partialTiles {
            // The lowest were compared with their records.
            if partial.address.level > 0, let found = try tile(partial.address), found != partial.hashes {
                add(nil, folder + "/" + partial.address.path, "the tile is not the one that its leaves give")
            }
            try comparePartials(partial)
        }
    }

    private func comparePartials(_ tile: TreeEdge.FullTile) throws(AuditError) {
        for width in try tiles.partialWidths(of: tile.address) where width <= tile.hashes.count {
            let path = tile.address.fullPath + ".p/\(width)"
            do {
                guard let found = try tiles.read(path, width: width) else { continue }
                if found != Array(tile.hashes.prefix(width)) {
                    add(nil, folder + "/" + path, "the tile is not the one that its leaves give")
                }
            } catch AuditError.notALog(let path, let reason) {
                add(nil, path, reason)
            }
        }
    }

    // MARK: - The end

    private func finish() throws(AuditError) {
        report.end = next
        report.withoutOutcome = statements.count
        report.pruned = min(pruning?.end ?? 0, report.first)
        report.pruning = report.pruned > 0 ? pruning?.seq : nil
        if report.first > report.pruned {
            add(report.pruned, folder + "/segments", "it and all up to \(report.first - 1) are missing")
        }
        if !isLost { try reach() }
        try history.finish(end: next, isLost: isLost, &report)
        report.signers = keys.signers
        let segments = folder + "/segments"
        for name in try names.strangers(in: segments, pruned: pruning?.end ?? 0, end: next) {
            add(nil, segments + "/" + name, "it is no file of the log, and no record names it")
        }
        compareDescription()
    }
}

extension VerificationPass {
    /// What the log says of itself must be what its checkpoints show.
    private func compareDescription() {
        let path = folder + "/log.json"
        guard let description else { return add(nil, path, "it is missing") }
        guard let origin = description.origin else {
            if !report.signers.isEmpty {
                add(nil, path, "it does not name the origin \(report.signers[0].name)")
            }
            return
        }
        if !origin.hasSuffix("/" + description.region) {
            add(nil, path, "its region is \(description.region), its origin \(origin)")
        }
        for signer in report.signers
        where signer.name != origin || !description.keys.contains(where: { $0.key == signer }) {
            add(nil, path, "it does not name the key \(signer) that signed")
        }
    }
}

extension TreeHash {
    static func root(of leaves: [TreeHash]) -> TreeHash {
        var edge = TreeEdge()
        for leaf in leaves { edge.append(leaf) { _ in } }
        return edge.root
    }
}
