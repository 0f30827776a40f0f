import Synchronization

/// A conversation that workers and the console's threads hand to each other: one turn at a time.
package final class ConsoleSession: Sendable {
    private let conversation: Mutex<ConsoleConversation>
    package let watch: StatementWatch

    /// - Parameters:
    ///   - application: as the startup packet says it.
    ///   - now: monotonic nanoseconds.
    package init(
        source: any ConsoleSource, application: String?, now: @escaping @Sendable () -> UInt64
    ) {
        let watch = StatementWatch(now: now)
        self.watch = watch
        conversation = Mutex(ConsoleConversation(source: source, application: application, watch: watch))
    }

    /// Goes on with what is under way, then with these frames. Blocks for as long as SQLite computes.
    package func turn(_ frames: [ConsoleFrame]) -> ConsoleTurn {
        conversation.withLock { $0.turn(frames) }
    }
}
