import Synchronization

/// Which workers wait for which region's log to be more durable: a worker that waits for nothing is not woken, one that
/// waits is woken once.
final class DurabilityNotices: Sendable {
    private final class Flag: Sendable {
        let wanted = Atomic<Bool>(false)
    }

    private let flags: [String: [Flag]]

    init(workers: Int, regions: [String]) {
        var flags: [String: [Flag]] = [:]
        for region in regions { flags[region] = (0..<workers).map { _ in Flag() } }
        self.flags = flags
    }

    /// A worker holds something back. It must look at the log once more afterwards.
    func want(worker: Int, region: String) {
        flags[region]?[worker].wanted.store(true, ordering: .sequentiallyConsistent)
    }

    /// The workers to wake; none of them twice for the same want.
    func takeWanting(region: String) -> [Int] {
        guard let flags = flags[region] else { return [] }
        return flags.indices.filter {
            flags[$0].wanted.exchange(false, ordering: .sequentiallyConsistent)
        }
    }
}
