import CLinux
import Foundation

/// A file without a place in any file system, for a library that takes secrets from files only: it is gone with this
/// value, and nobody else can open it.
final class MemoryFile {
    private let descriptor: Int32

    /// Nil where the system has none.
    init?(_ bytes: [UInt8]) {
        descriptor = clinux_memory_file("domicile")
        guard descriptor >= 0 else { return nil }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            written += count
        }
    }

    deinit { close(descriptor) }

    /// Good in this process only.
    var path: String { "/proc/self/fd/\(descriptor)" }
}
