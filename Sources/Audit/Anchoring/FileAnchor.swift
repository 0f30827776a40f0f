import AuditTree
import Glibc

/// A file elsewhere that checkpoints are appended to: on another disk, or another machine's that is mounted.
package struct FileAnchor: AnchorSink {
    /// The file.
    package let path: String

    /// Ends half a note, so that the next one is read: it looks like a signature, and is none.
    private static let end = Array("\n— torn\n\n".utf8)

    package init(path: String) { self.path = path }

    package var name: String { path }
    package var limit: Int { 4096 }

    package func write(_ notes: [SignedNote], isRetry: Bool) throws(AuditError) {
        try append((isRetry ? FileAnchor.end : []) + notes.flatMap { $0.bytes + [0x0a] })
    }

    private func append(_ bytes: [UInt8]) throws(AuditError) {
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o600)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { Glibc.close(file) }
        var done = 0
        while done < bytes.count {
            let rest = bytes[done...]
            // SAFETY: the pointer is used only inside the closure, for the slice's own count of bytes.
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .system(operation: "write", path: path, code: errno) }
            done += count
        }
        guard fsync(file) == 0 else { throw .system(operation: "fsync", path: path, code: errno) }
    }
}
