import Synchronization

/// What the gateway would do on threads beside its workers: the simulation says when each of it is done.
final class BesideWork: Sendable {
    private let begun = Mutex<[@Sendable () -> Void]>([])

    func add(_ body: @escaping @Sendable () -> Void) { begun.withLock { $0.append(body) } }

    func take() -> [@Sendable () -> Void] {
        begun.withLock { begun in
            defer { begun = [] }
            return begun
        }
    }
}
