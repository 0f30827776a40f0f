import Console
import Dispatch
import Synchronization

/// What a reload came to, for an operator's session.
package struct OperatorReload: Sendable {
    /// Why it was not taken; nil where it was.
    package var error: String?
    package var changes: [String]
    package var restart: [String]
    /// Mistakes and warnings, a line each.
    package var findings: [String]

    package init(error: String?, changes: [String], restart: [String], findings: [String]) {
        self.error = error
        self.changes = changes
        self.restart = restart
        self.findings = findings
    }
}

/// What all console sessions share: their threads, and how they reach the gateway as a whole.
final class ConsoleOperations: Sendable {
    private struct Links {
        weak var gateway: Gateway?
        var reload: (@Sendable (OperatorIdentity) -> OperatorReload?)?
    }

    let threads = ConsoleThreads()
    let keeper = IndexKeeper()
    private let links = Mutex(Links())

    func connect(_ gateway: Gateway) { links.withLock { $0.gateway = gateway } }

    func setReload(_ body: @escaping @Sendable (OperatorIdentity) -> OperatorReload?) {
        links.withLock { $0.reload = body }
    }

    var gateway: Gateway? { links.withLock { $0.gateway } }
    var reload: (@Sendable (OperatorIdentity) -> OperatorReload?)? { links.withLock { $0.reload } }

    /// Does what takes tasks of Swift's pool, and waits for it: on a console's thread only.
    static func wait<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value? {
        let done = DispatchSemaphore(value: 0)
        let box = ResultBox<Value>()
        Task {
            box.put(await body())
            done.signal()
        }
        done.wait()
        return box.take()
    }
}

private final class ResultBox<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func put(_ new: Value) { value.withLock { $0 = new } }
    func take() -> Value? { value.withLock { $0 } }
}

extension Gateway {
    /// How RELOAD of an operator's session reads the configuration again: blocks until it has; nil: draining.
    package func reloads(by body: @escaping @Sendable (OperatorIdentity) -> OperatorReload?) {
        context.console.setReload(body)
    }
}
