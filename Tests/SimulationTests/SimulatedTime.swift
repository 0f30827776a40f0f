import Audit
import Synchronization

/// Time that only the simulation moves, and what is to happen at which moment.
final class SimulatedTime: Sendable {
    /// Microseconds at the start: the monotonic clock's, and the wall's.
    private static let uptime: Int64 = 1_000_000_000
    static let epoch: Int64 = 1_800_000_000_000_000

    private let micros = Atomic<Int64>(0)

    /// Microseconds since the run began.
    var now: Int64 { micros.load(ordering: .relaxed) }
    var monotonicNanoseconds: UInt64 { UInt64(SimulatedTime.uptime + now) * 1_000 }
    var wall: Int64 { SimulatedTime.epoch + now }

    func advance(to moment: Int64) { micros.store(max(now, moment), ordering: .relaxed) }

    /// The moment, in microseconds of the run, of a deadline of the monotonic clock; rounded up.
    func moment(ofNanoseconds deadline: UInt64) -> Int64 {
        Int64(clamping: (deadline + 999) / 1_000) - SimulatedTime.uptime
    }

    var logClocks: LogClocks {
        LogClocks(time: { self.wall }, monotonic: { SimulatedTime.uptime + self.now })
    }
}

/// What is to happen, by its moment; of one moment, in the order it was planned in.
struct Agenda<Event> {
    private var planned: [(moment: Int64, order: Int, event: Event)] = []
    private var orders = 0

    mutating func plan(_ event: Event, at moment: Int64) {
        orders += 1
        var at = planned.count
        while at > 0, planned[at - 1].moment <= moment { at -= 1 }
        planned.insert((moment, orders, event), at: at)
    }

    /// When the next one is.
    var moment: Int64? { planned.last?.moment }

    /// The next one.
    mutating func next() -> (moment: Int64, event: Event)? {
        planned.popLast().map { ($0.moment, $0.event) }
    }
}
