import Synchronization

/// Which worker takes a connection: sessions are dealt out in hands.
///
/// A worker that serves several sessions reads them in one turn, writes their records with one `write` and wakes the
/// log's writer once for all of them; spread thin over the workers, each session pays for that alone. So a worker gets
/// a whole hand before the next one gets its first (docs/decisions/0009).
package final class SessionDeal: Sendable {
    /// Sessions in a hand.
    package static let hand = 8

    private final class Worker: Sendable {
        let connections = Atomic<Int>(0)
    }

    private let workers: [Worker]

    package init(workers: Int) { self.workers = (0..<max(1, workers)).map { _ in Worker() } }

    /// Connections of each worker.
    package var connections: [Int] { workers.map { $0.connections.load(ordering: .relaxed) } }

    /// Deals a connection to the worker with the fewest whole hands; the first of several.
    ///
    /// Called by one thread, the one that accepts.
    package func deal() -> Int {
        let hands = connections.map { $0 / SessionDeal.hand }
        let worker = hands.indices.min { hands[$0] < hands[$1] } ?? 0
        workers[worker].connections.wrappingAdd(1, ordering: .relaxed)
        return worker
    }

    /// A connection of this worker has closed.
    package func closed(by worker: Int) {
        guard workers.indices.contains(worker) else { return }
        workers[worker].connections.wrappingSubtract(1, ordering: .relaxed)
    }
}
