import CLinux
import Glibc

/// A thread of the operating system with a name. Starts at once; `join` waits for its end.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// - Parameter name: up to 15 bytes, shown by `top -H`.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(TransportError) {
        final class Start: Sendable {
            let name: String
            let body: @Sendable () -> Void
            init(_ name: String, _ body: @escaping @Sendable () -> Void) {
                self.name = name
                self.body = body
            }
        }
        var thread = pthread_t()
        // SAFETY: the retained box is taken over exactly once by the new thread, or released here if there is none.
        let box = Unmanaged.passRetained(Start(String(name.prefix(15)), body))
        let code = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                let start = Unmanaged<Start>.fromOpaque(pointer).takeRetainedValue()
                clinux_name_thread(start.name)
                start.body()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            throw .system(call: "pthread_create", code: code)
        }
        handle = thread
    }

    package func join() { pthread_join(handle, nil) }

    /// Nobody waits for its end.
    package func detach() { pthread_detach(handle) }
}
