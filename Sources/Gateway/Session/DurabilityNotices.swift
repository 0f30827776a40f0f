import Synchronization

/// Which workers wait for which region's log to be more durable: a worker that waits for nothing is not woken, one that
/// waits is woken once.
package final class DurabilityNotices: Sendable {
    /// One worker's interest in one region's log.
    package final class Flag: Sendable {
        private let wanted = Atomic<Bool>(false)

        /// The worker holds something back. It must look at the log once more afterwards.
        package func want() { wanted.store(true, ordering: .sequentiallyConsistent) }

        /// True once for each want.
        package func take() -> Bool { wanted.exchange(false, ordering: .sequentiallyConsistent) }
    }

    private let flags: [String: [Flag]]

    package init(workers: Int, regions: [String]) {
        var flags: [String: [Flag]] = [:]
        for region in regions { flags[region] = (0..<workers).map { _ in Flag() } }
        self.flags = flags
    }

    package func flag(worker: Int, region: String) -> Flag {
        guard let flags = flags[region], flags.indices.contains(worker) else { return Flag() }
        return flags[worker]
    }

    /// The workers to wake; none of them twice for the same want.
    package func takeWanting(region: String) -> [Int] {
        guard let flags = flags[region] else { return [] }
        return flags.indices.filter { flags[$0].take() }
    }
}
