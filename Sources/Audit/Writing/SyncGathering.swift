/// When a sync that sessions wait for begins. On a fast disk that is at once. On a slow one sessions that miss a sync wait for
/// nearly two, and come to stand in two groups that take turns: there a sync waits for a moment, until as many ask as came
/// together before, so that they share it. Under `acknowledged` they count there when their statements are recorded
/// (`LogState.foresees`), and so they do on any disk where they come one at a time: a sync beside the statement is none more.
/// Pure; times are monotonic microseconds.
package struct SyncGathering: Sendable {
    /// A sync that takes so long is a slow one.
    package static let slow: Int64 = 500
    /// One that takes so long is none that only hesitated.
    package static let hesitation: Int64 = 4_000
    /// The most that a sync is put off: a quarter of what the last one took, and no more than this.
    package static let longest: Int64 = 2_000
    /// So many slow syncs in a row make a slow disk, and so many for one session each a session that is alone.
    package static let steady = 4

    /// Sessions that wait for a sync which has not begun.
    package private(set) var waiting = 0
    /// Slow ones in a row.
    private var slowSyncs = 0
    /// How far the next sync can be trusted to be fast.
    private var trust = 0
    /// Ones in a row that a single session asked for.
    private var loneSyncs = 0
    /// Sessions that the sync under way is for.
    private var served = 0
    /// Those that the last sync was for, and those that asked while it ran.
    private var expected = 0
    private var since: Int64 = 0
    private var patience: Int64 = 0

    package init() {}

    package mutating func asked(by sessions: Int = 1, now: Int64) {
        if waiting == 0 { since = now }
        waiting += sessions
    }

    package mutating func began() {
        served += waiting
        waiting = 0
    }

    /// - Parameters:
    ///   - took: how long the sync took, µs.
    ///   - servesAll: those that asked while it ran waited for records that it was about.
    package mutating func ended(took: Int64, servesAll: Bool, now: Int64) {
        if servesAll { began() }
        expected = served + waiting
        served = 0
        since = now
        slowSyncs = took < SyncGathering.slow ? 0 : min(slowSyncs + 1, SyncGathering.steady)
        switch took {
        case ..<SyncGathering.slow: trust = min(trust + 1, 2 * SyncGathering.steady)
        case ..<SyncGathering.hesitation: trust = max(0, trust - 2)
        default: trust = 0
        }
        loneSyncs = expected > 1 ? 0 : min(loneSyncs + 1, SyncGathering.steady)
        patience = took < SyncGathering.slow ? 0 : min(took / 4, SyncGathering.longest)
    }

    /// Whether a sync begins beside the statements that it is for. All the last ones were slow (a fast disk that hesitates now and
    /// then is none), or nobody shared them.
    package var isBesideStatements: Bool {
        slowSyncs >= SyncGathering.steady || loneSyncs >= SyncGathering.steady
    }

    /// The last ones were fast, but for one now and then that was slow, as where the processor was busy when the disk had done
    /// its part: whoever calls for the next one is not likely to be kept.
    package var isSteadilyFast: Bool { trust >= SyncGathering.steady }

    /// How long the next sync is still put off, µs; 0: it begins.
    package func delay(now: Int64) -> Int64 {
        guard waiting > 0, waiting < expected else { return 0 }
        return max(0, patience - max(0, now - since))
    }
}
