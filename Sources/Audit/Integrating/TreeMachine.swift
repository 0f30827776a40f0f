import AuditTree

/// What the writer of a tree knows and decides: when a round begins, in which order it is written, what is removed
/// afterwards, when a failure is one of the log's. It does nothing itself: no file, clock or key.
///
/// A round is hashed once and then written in stages. A stage that fails is done again from its beginning; nothing that
/// a reader relies on is replaced before what it leads to is durable: tiles, then `checkpoints.log`, then `checkpoint`.
package struct TreeMachine: Sendable {
    package enum Stage: Sendable, CaseIterable {
        /// Full and partial tiles.
        case tiles
        /// `checkpoints.log`.
        case log
        /// `checkpoint`.
        case checkpoint
        /// `log.json`, where the key changes behind the round.
        case key
        /// The head that is kept outside of the log's folder.
        case head
    }

    /// A round with its signed checkpoints.
    package struct Signed: Sendable, Equatable {
        package let round: TreeRound
        package let notes: [[UInt8]]

        package init(round: TreeRound, notes: [[UInt8]]) {
            self.round = round
            self.notes = notes
        }

        /// The bytes that go into `checkpoints.log`: each note and an empty line.
        package var logged: [UInt8] { Array(notes.map { $0 + [0x0a] }.joined()) }
        package var last: [UInt8] { notes.last ?? [] }
    }

    /// What stands on disk of the tiles and may go once a round is written.
    package struct Leftovers: Sendable, Equatable {
        /// Partial tiles of checkpoints before the last two.
        package var partial: [TileAddress] = []
        /// Tiles that became full: their folders of partial tiles.
        package var full: [TileAddress] = []
    }

    /// The tree that is written.
    package private(set) var edge: TreeEdge
    /// The round that is being written.
    package private(set) var pending: Signed?
    private var stage = Stage.tiles
    /// Partial tiles of the last two checkpoints.
    private var partials: [[TileAddress]]
    private var failure: (since: Int64, error: AuditError, isOfOthers: Bool)?
    private var retryAt: Int64 = 0
    private let interval: Int64
    private let patience: Int64
    private let retryInterval: Int64

    /// - Parameter edge: the tree of the last checkpoint.
    package init(edge: TreeEdge, interval: Duration, patience: Duration, retryInterval: Duration) {
        self.edge = edge
        partials = [edge.partialTiles.map(\.address)]
        self.interval = interval.micros
        self.patience = patience.micros
        self.retryInterval = retryInterval.micros
    }

    /// Bytes of records that do not wait for the interval.
    package static let bytes = 8 << 20

    /// - Parameters:
    ///   - since: when the first durable record came that no checkpoint covers (monotonic microseconds); nil: none did.
    ///   - bytes: of records that wait.
    package func isDue(since: Int64?, bytes: Int, closing: Bool, now: Int64) -> Bool {
        if failure != nil { return closing || now >= retryAt }
        if pending != nil { return true }
        guard let since else { return false }
        return closing || bytes >= TreeMachine.bytes || now >= since + interval
    }

    /// Microseconds until something is due; below 0: until records come.
    package func pause(since: Int64?, bytes: Int, now: Int64) -> Int64 {
        if failure != nil { return max(1, retryAt - now) }
        guard let since else { return -1 }
        return bytes >= TreeMachine.bytes ? 0 : max(0, since + interval - now)
    }

    /// The records of a round are hashed, and what stands in the segments was compared.
    package mutating func signed(_ signed: Signed) {
        pending = signed
        stage = .tiles
    }

    /// What to write next; nil: the round is written.
    package var next: (stage: Stage, signed: Signed)? { pending.map { (stage, $0) } }

    /// - Returns: what may be removed, when the round is written.
    package mutating func done(_ done: Stage) -> Leftovers? {
        precondition(pending != nil && done == stage, "another stage")
        switch done {
        case .tiles: stage = .log
        case .log: stage = .checkpoint
        case .checkpoint: stage = .key
        case .key: stage = .head
        case .head: return written()
        }
        return nil
    }

    private mutating func written() -> Leftovers? {
        guard let signed = pending else { return nil }
        pending = nil
        let round = signed.round
        let full = Set(
            round.tiles.map { TileAddress(level: $0.address.level, index: $0.address.index, width: 0) })
        func isFull(_ address: TileAddress) -> Bool {
            full.contains(TileAddress(level: address.level, index: address.index, width: 0))
        }
        let now = round.edge.partialTiles.map(\.address)
        var left = Leftovers()
        let kept = Set(now + (partials.last ?? []))
        for address in partials.joined() {
            if isFull(address) {
                let filled = TileAddress(level: address.level, index: address.index, width: TileAddress.full)
                if !left.full.contains(filled) { left.full.append(filled) }
            } else if !kept.contains(address) {
                left.partial.append(address)
            }
        }
        partials = [(partials.last ?? []).filter { !isFull($0) }, now]
        edge = round.edge
        return left
    }

    /// What was due is done.
    package mutating func succeeded() { failure = nil }

    package mutating func failed(_ error: AuditError, now: Int64) {
        let isOfOthers: Bool
        switch error {
        case .replaced, .damaged, .contradicted, .notALog: isOfOthers = true
        case .system, .locked, .wrongRegion, .filesystem, .behind, .closed, .captureKey, .auditKey, .sealed,
            .unproved, .anchor:
            isOfOthers = false
        }
        failure = (failure?.since ?? now, error, isOfOthers)
        retryAt = now + retryInterval
    }

    /// Why the log must not take records: somebody changed its files (at once), or its tree could not be written for as long
    /// as that is borne.
    package func verdict(now: Int64) -> AuditError? {
        guard let failure else { return nil }
        // A process without descriptors takes no new session either, and what is open must not suffer for it (F-OPS-01).
        if case .system(_, _, let code) = failure.error, LogState.descriptorsExhausted.contains(code) {
            return nil
        }
        return failure.isOfOthers || now >= failure.since + patience ? failure.error : nil
    }

    /// Why the tree cannot be written; nil where it can.
    package var trouble: AuditError? { failure?.error }
}
