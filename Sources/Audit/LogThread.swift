import CLinux

import class Foundation.Thread

/// A thread of a log's own. By its name top(1) and ps(1) show which one is at work.
enum LogThread {
    /// - Parameter name: the kernel keeps its first 15 bytes.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        Thread {
            clinux_name_thread(String(decoding: name.utf8.prefix(15), as: UTF8.self))
            body()
        }.start()
    }
}
