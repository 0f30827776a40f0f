import Console

/// Where logs are read for the admin endpoint: on threads of its own of the lowest priority, some at a time, each for a
/// bounded time. No worker and no thread of Swift's pool waits for a disk.
package final class LogDesk: Sendable {
    /// Readings at a time, those that wait for a thread included.
    package static let places = 16
    /// How long one may take, the time that it waits for a thread included.
    package static let time = Duration.seconds(5)

    private let threads = ConsoleThreads(name: "admin-log", places: LogDesk.places)
    private let time: Duration
    /// Brings the search indexes up to date.
    let keeper = IndexKeeper()

    package init(time: Duration = LogDesk.time) { self.time = time }

    /// Does what reads a log.
    ///
    /// - Parameter body: asks now and then whether its time is over.
    /// - Throws: `busy` where there is no place.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (_ isOver: () -> Bool) throws -> Value
    ) async throws(LogFailure) -> Value {
        guard threads.enter() else { throw .busy }
        let end = ContinuousClock.now + time
        let result: Result<Value, LogFailure> = await withCheckedContinuation { continuation in
            threads.run { [threads] in
                defer { threads.leave() }
                guard ContinuousClock.now < end else {
                    return continuation.resume(returning: .failure(.busy))
                }
                do {
                    let value = try body { ContinuousClock.now >= end }
                    continuation.resume(returning: .success(value))
                } catch {
                    continuation.resume(returning: .failure(LogFailure(error)))
                }
            }
        }
        return try result.get()
    }
}
