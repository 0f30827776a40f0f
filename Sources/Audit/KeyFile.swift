import Glibc

/// A file that holds a key: a regular one, which nobody but its owner may read.
enum KeyFile {
    /// Reads it whole.
    /// - Parameters:
    ///   - limit: bytes that are read; one more is, where there is more.
    ///   - wrong: makes the error for a file that is none of these.
    /// - Returns: nil where there is none.
    static func read(
        _ path: String, limit: Int, wrong: (_ path: String, _ reason: String) -> AuditError
    ) throws(AuditError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(operation: "open", path: path, code: errno)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .system(operation: "fstat", path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw wrong(path, "is no file") }
        guard status.st_mode & 0o077 == 0 else {
            throw wrong(path, "others than its owner may read it; chmod 600 it")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
        return Array(bytes[..<count])
    }
}
