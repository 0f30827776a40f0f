import Dispatch
import Foundation

/// The thread of one server's probe or catalogue reader, whose end can be waited for.
final class ServerThread: Sendable {
    private let finished = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - name: as `top -H` shows it.
    ///   - stackSize: bytes.
    func start(name: String, stackSize: Int, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread { [finished] in
            body()
            finished.signal()
        }
        thread.name = name
        thread.stackSize = stackSize
        thread.start()
    }

    /// Waits for the thread's end. False where it did not come in time; may be asked again.
    ///
    /// - Parameter deadline: of `ProbeClock`.
    func join(until deadline: Int64) -> Bool {
        let left = max(0, deadline - ProbeClock.now())
        guard finished.wait(timeout: .now() + .nanoseconds(Int(left))) == .success else { return false }
        finished.signal()
        return true
    }
}
