/// Decides which segments of a log may go, and in which order that is done. It does nothing itself: no file, clock or key.
///
/// A turn has four stages: the records are held against the tree, a `log.pruned` record names them, a signed checkpoint covers
/// that record, the segments are removed. After a crash the next turn begins anew with what still stands: what was recorded and
/// not removed is recorded once more.
package struct RetentionMachine: Sendable {
    /// A segment as it stands.
    package struct Segment: Sendable, Equatable {
        /// Its first record.
        package let first: UInt64
        /// The time of its newest record (microseconds since 1970); nil: it was not looked at, or has none.
        package let newest: Int64?

        package init(first: UInt64, newest: Int64?) {
            self.first = first
            self.newest = newest
        }
    }

    /// What is known when a turn begins.
    package struct Sight: Sendable {
        /// All of them, the oldest first; the last is the one that is written.
        package var segments: [Segment]
        /// Records that the newest signed checkpoint covers.
        package var covered: UInt64
        /// Records that a checkpoint at each of the anchors covers; nil: there is no anchor.
        package var anchored: UInt64?
        /// The first record that somebody still needs; nil: nobody does.
        package var heldBack: UInt64?
        /// Microseconds since 1970.
        package var now: Int64

        package init(
            segments: [Segment], covered: UInt64, anchored: UInt64?, heldBack: UInt64?, now: Int64
        ) {
            self.segments = segments
            self.covered = covered
            self.anchored = anchored
            self.heldBack = heldBack
            self.now = now
        }
    }

    package enum Action: Sendable, Equatable {
        /// Nothing is old.
        case rest
        /// Something is old, and may not go yet.
        case wait
        /// Hold these segments' records against the tree, then say `checked`.
        case check(segments: [UInt64], end: UInt64)
        /// Write the `log.pruned` record, then say `recorded`.
        case record(first: UInt64, end: UInt64)
        /// Remove these segments, one after the other, then say `removed`.
        case remove(segments: [UInt64], end: UInt64)
    }

    private enum Stage: Sendable, Equatable {
        case idle
        case recording(first: UInt64, end: UInt64)
        /// The `log.pruned` record with this number waits for its checkpoint.
        case recorded(seq: UInt64, end: UInt64)
    }

    /// Segments that go at once: so many are read and removed before the next ones are looked at.
    package static let stepLimit = 16

    private var stage = Stage.idle
    private let age: Int64

    /// - Parameter age: of its newest record, at which a segment may go.
    package init(age: Duration) { self.age = age.micros }

    /// Whether a segment is as old as it must be.
    package func isOld(newest: Int64, now: Int64) -> Bool {
        let (limit, overflow) = now.subtractingReportingOverflow(age)
        return !overflow && newest < limit
    }

    package func next(_ sight: Sight) -> Action {
        switch stage {
        case .idle: return search(sight)
        case .recording(let first, let end): return .record(first: first, end: end)
        case .recorded(let seq, let end):
            guard sight.covered > seq else { return .wait }
            let gone = sight.segments.dropLast().map(\.first).filter { $0 < end }
            return .remove(segments: gone, end: end)
        }
    }

    private func search(_ sight: Sight) -> Action {
        let old = oldSegments(sight)
        guard !old.isEmpty else { return .rest }
        // Records below this number may go.
        let limit = min(sight.covered, sight.anchored ?? 0, sight.heldBack ?? .max)
        let firsts = sight.segments.map(\.first)
        var gone: [UInt64] = []
        var end: UInt64?
        for (at, segment) in old.prefix(RetentionMachine.stepLimit).enumerated() where firsts[at + 1] <= limit
        {
            gone.append(segment)
            end = firsts[at + 1]
        }
        guard let end else { return .wait }
        return .check(segments: gone, end: end)
    }

    /// The oldest segments, as far as all of them are old. Never the last one.
    private func oldSegments(_ sight: Sight) -> [UInt64] {
        sight.segments.dropLast().prefix { segment in
            segment.newest.map { isOld(newest: $0, now: sight.now) } ?? false
        }.map(\.first)
    }

    /// The records of `first..<end` are those that the tree has; with an empty range, none of them could be checked.
    package mutating func checked(first: UInt64, end: UInt64) {
        stage = end > first ? .recording(first: first, end: end) : .idle
    }

    /// The `log.pruned` record is written.
    package mutating func recorded(seq: UInt64) {
        guard case .recording(_, let end) = stage else { return }
        stage = .recorded(seq: seq, end: end)
    }

    /// The segments are gone.
    package mutating func removed() { stage = .idle }

    /// What was to be done could not be. It begins anew.
    package mutating func failed() { stage = .idle }
}
