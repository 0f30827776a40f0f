import Synchronization

/// When each worker's loop last turned: one that stands still is told by `/livez`, and by the watchdog of whoever runs
/// the gateway.
final class Heartbeats: Sendable {
    private final class Beat: Sendable {
        let at = Atomic<UInt64>(0)
    }

    /// Nanoseconds between beats, and the age from which a loop counts as hanging.
    static let interval: UInt64 = 1_000_000_000
    static let late: UInt64 = 10_000_000_000

    private let beats: [Beat]

    init(workers: Int) { beats = (0..<workers).map { _ in Beat() } }

    func beat(worker: Int, now: UInt64) {
        guard beats.indices.contains(worker) else { return }
        beats[worker].at.store(now, ordering: .relaxed)
    }

    /// The workers whose last beat is too long ago. One that has not begun yet is not late.
    func lateWorkers(now: UInt64) -> [Int] {
        beats.indices.filter { index in
            let last = beats[index].at.load(ordering: .relaxed)
            return last > 0 && now > last && now - last > Heartbeats.late
        }
    }
}
