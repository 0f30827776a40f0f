import Synchronization

/// How often the process was told to stop.
final class StopCount: Sendable {
    private let stops = Atomic<Int>(0)

    var count: Int { stops.load(ordering: .relaxed) }

    /// Counts one more and gives its number, from 1.
    func next() -> Int { stops.wrappingAdd(1, ordering: .relaxed).newValue }
}
