import Foundation
import Waiting

/// A thread that talks to one server, whose end can be waited for.
package final class ServerThread: Sendable {
    private let finished = TimedSemaphore()

    package init() {}

    /// - Parameters:
    ///   - name: as `top -H` shows it.
    ///   - stackSize: bytes.
    package func start(name: String, stackSize: Int, _ body: @escaping @Sendable () -> Void) {
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
    /// - Parameter deadline: of `ServerClock`.
    package func join(until deadline: Int64) -> Bool {
        let left = max(0, deadline - ServerClock.now())
        guard finished.wait(.nanoseconds(left)) else { return false }
        finished.signal()
        return true
    }
}
