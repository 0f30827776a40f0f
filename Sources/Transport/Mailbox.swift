import CLinux
import Glibc
import Synchronization

/// What reaches a worker from other threads: messages under a lock, and an eventfd that wakes its loop.
/// Posting never blocks; the eventfd is written only when the box was empty.
package final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    /// The descriptor that a loop watches; readable while messages wait.
    package let descriptor: Int32

    package init() throws(TransportError) {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else { throw .system(call: "eventfd", code: errno) }
    }

    deinit { close(descriptor) }

    package func post(_ message: Message) {
        let wasEmpty = messages.withLock { box in
            box.append(message)
            return box.count == 1
        }
        if wasEmpty { _ = eventfd_write(descriptor, 1) }
    }

    /// All messages in the order they were posted; the box is empty afterwards.
    package func take() -> [Message] {
        var count: eventfd_t = 0
        _ = eventfd_read(descriptor, &count)
        return messages.withLock { box in
            let taken = box
            box.removeAll(keepingCapacity: true)
            return taken
        }
    }
}
