/// Where a database's primary stood when, as our own probes saw it. Times are monotonic nanoseconds.
package struct PrimaryTrail: Sendable, Hashable {
    /// Points kept: four minutes at the default interval.
    package static let limit = 128

    private struct Point: Sendable, Hashable {
        var at: Int64
        var lsn: UInt64
    }
    private var source: ReplicaID?
    private var points: [Point] = []

    package init() {}

    /// Another primary, or a position that went back, begins a new trail: LSNs of two histories do not compare.
    package mutating func observed(_ lsn: UInt64, from replica: ReplicaID, at now: Int64) {
        if source != replica || lsn < (points.last?.lsn ?? 0) { points.removeAll() }
        source = replica
        points.append(Point(at: now, lsn: lsn))
        if points.count > PrimaryTrail.limit { points.removeFirst(points.count - PrimaryTrail.limit) }
    }

    /// The newest position; nil if none was seen.
    package var newest: UInt64? { points.last?.lsn }

    /// How long ago the primary was seen no further than `lsn`: what a standby that replayed up to there shows is at
    /// most so old. Nil where no point is that far back.
    package func age(of lsn: UInt64, now: Int64) -> Duration? {
        guard let point = points.last(where: { $0.lsn <= lsn }) else { return nil }
        return .nanoseconds(max(0, now &- point.at))
    }
}

/// The lag of a standby: an upper bound of how old its data is, or nothing where none can be given (F-POL-04).
package struct ReplayLag: Sendable, Hashable {
    package let time: Duration?
    package let bytes: UInt64?

    /// - An idle primary is no lag: a standby that streams and replayed all it received is level, unless the primary
    ///   was seen further on.
    /// - Behind while streaming: the age of the last replayed commit, or of the primary's position if that is less.
    /// - Not streaming, or not known to be: only the primary's own position, seen by us, bounds it.
    package init(_ facts: ReplicationFacts, recovery: RecoveryState, trail: PrimaryTrail, now: Int64) {
        switch recovery {
        case .primary:
            time = .zero
            bytes = 0
        case .standby:
            guard let replayed = facts.replayed else {
                time = nil
                bytes = nil
                return
            }
            let end = max(trail.newest ?? 0, facts.received ?? 0)
            bytes = trail.newest == nil && facts.received == nil ? nil : end - min(end, replayed)
            let seen = trail.age(of: replayed, now: now)
            guard facts.streaming == true else {
                time = seen
                return
            }
            let level = replayed >= (facts.received ?? UInt64.max) && replayed >= (trail.newest ?? 0)
            time = level ? .zero : [seen, facts.replayAge].compactMap { $0 }.min()
        }
    }
}
