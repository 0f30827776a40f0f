import AuditTree
import Glibc
import Synchronization

import class Foundation.Thread

/// Appends a log's signed checkpoints to a file elsewhere: on another disk, or another machine's that is mounted. What was cut off
/// the log's end, or rewritten under its own key, is found by `verify --against` that file.
///
/// A thread of its own: wherever the file lies, and however long a write takes there, records and checkpoints go on. What cannot be
/// written is tried again; where too many wait, the oldest are left out, since the newest says all that they said.
package final class CheckpointAnchor: Sendable {
    /// What became of it.
    package struct Status: Sendable, Equatable {
        /// Records that the newest checkpoint in the file covers; 0: none was written yet.
        package var anchored: UInt64 = 0
        /// Why the file cannot be written at the moment.
        package var trouble: AuditError?

        package init(anchored: UInt64 = 0, trouble: AuditError? = nil) {
            self.anchored = anchored
            self.trouble = trouble
        }
    }

    private struct State {
        var status = Status()
        var waiting: [SignedNote] = []
        var closing = false
        /// A write that failed may have left half a note.
        var isTorn = false

        mutating func take(_ notes: [SignedNote]) { waiting = notes.suffix(CheckpointAnchor.limit) }
    }

    /// Checkpoints that wait at once.
    package static let limit = 4096
    /// Ends half a note, so that the next one is read: it looks like a signature, and is none.
    private static let end = Array("\n— torn\n\n".utf8)

    /// The file.
    package let path: String
    private let retryInterval: Duration
    private let state = Mutex(State())
    private let wakes = Wake()
    private let ended = Wake()

    package init(path: String, retryInterval: Duration = .seconds(5)) {
        self.path = path
        self.retryInterval = retryInterval
    }

    package var status: Status { state.withLock { $0.status } }

    func start(name: String) {
        let thread = Thread { [self] in
            while turn() {
                let pause = state.withLock { $0.status.trouble == nil ? nil : retryInterval.micros }
                wakes.wait(timeout: pause)
            }
            ended.signal()
        }
        thread.name = name
        thread.start()
    }

    /// Takes checkpoints that are to be written. Never waits.
    package func offer(_ notes: [SignedNote]) {
        guard !notes.isEmpty else { return }
        let wakes = state.withLock { state in
            state.take(state.waiting + notes)
            return state.status.trouble == nil
        }
        if wakes { self.wakes.signal() }
    }

    /// Writes what waits, as far as that goes at once, and ends.
    /// - Parameter patience: how long a write that hangs is waited for.
    func close(patience: Duration = .seconds(2)) {
        state.withLock { $0.closing = true }
        wakes.signal()
        ended.wait(timeout: patience.micros)
    }

    /// One try to write what waits.
    /// - Returns: whether there will be more.
    package func turn() -> Bool {
        let (notes, isTorn) = state.withLock { state in
            defer { state.waiting = [] }
            return (state.waiting, state.isTorn)
        }
        var failure: AuditError?
        if !notes.isEmpty {
            do throws(AuditError) {
                try append((isTorn ? CheckpointAnchor.end : []) + notes.flatMap { $0.bytes + [0x0a] })
            } catch {
                failure = error
            }
        }
        return state.withLock { state in
            state.status.trouble = failure
            state.isTorn = failure != nil
            if failure != nil {
                state.take(notes + state.waiting)
            } else if let last = notes.last {
                state.status.anchored = Checkpoint(text: last.text)?.size ?? state.status.anchored
            }
            return !state.closing
        }
    }

    private func append(_ bytes: [UInt8]) throws(AuditError) {
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { Glibc.close(file) }
        var done = 0
        while done < bytes.count {
            let rest = bytes[done...]
            // SAFETY: the pointer is used only inside the closure, for the slice's own count of bytes.
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system(operation: "write", path: path, code: errno) }
            done += count
        }
        guard fsync(file) == 0 else { throw .system(operation: "fsync", path: path, code: errno) }
    }
}
