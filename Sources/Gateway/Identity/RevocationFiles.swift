import Glibc

/// The file operations of the store, so that a test can have them fail.
package protocol RevocationFiles: Sendable {
    /// The whole file; nil where there is none.
    func read(limit: Int) throws(RevocationStoreError) -> [UInt8]?
    /// Writes at the end and returns when it is on disk. After a failure nothing is known of the end.
    func append(_ bytes: [UInt8]) throws(RevocationStoreError)
    /// Puts a file in the place of the old one, whole or not at all, and returns when that is on disk.
    func replace(_ bytes: [UInt8]) throws(RevocationStoreError)
    /// Cuts the file and returns when that is on disk.
    func truncate(to length: Int) throws(RevocationStoreError)
}

/// The file `revocations` of a folder, with a lock that the process holds: two gateways on one state folder would
/// break each other's file.
package final class RevocationFolder: RevocationFiles {
    private let path: String
    private let folder: String
    private let lock: Int32

    /// - Throws: `locked` where another process has it; `system`.
    package init(_ folder: String) throws(RevocationStoreError) {
        self.folder = folder
        path = folder + "/revocations"
        let lockPath = path + ".lock"
        let file = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .system(operation: "open", path: lockPath, code: errno) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(file)
            throw code == EWOULDBLOCK
                ? .locked(path: lockPath) : .system(operation: "flock", path: lockPath, code: code)
        }
        lock = file
    }

    deinit { close(lock) }

    package func read(limit: Int) throws(RevocationStoreError) -> [UInt8]? {
        try Self.contents(of: path, limit: limit)
    }

    /// A file's bytes, whoever has its lock; nil where there is none.
    static func contents(of path: String, limit: Int) throws(RevocationStoreError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(operation: "open", path: path, code: errno)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .system(operation: "fstat", path: path, code: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .damaged(path: path, line: 1, reason: "expected a file")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(file, &piece, piece.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw .system(operation: "read", path: path, code: errno)
            }
            if count == 0 { return bytes }
            bytes += piece[..<count]
            guard bytes.count <= limit else {
                throw .damaged(path: path, line: 1, reason: "expected at most \(limit) bytes")
            }
        }
    }

    package func append(_ bytes: [UInt8]) throws(RevocationStoreError) {
        try write(bytes, to: path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW)
    }

    package func replace(_ bytes: [UInt8]) throws(RevocationStoreError) {
        let draft = path + ".new"
        unlink(draft)
        try write(bytes, to: draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC)
        guard rename(draft, path) == 0 else { throw .system(operation: "rename", path: draft, code: errno) }
        let parent = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw .system(operation: "open", path: folder, code: errno) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw .system(operation: "fsync", path: folder, code: errno) }
    }

    package func truncate(to length: Int) throws(RevocationStoreError) {
        let file = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(file) }
        guard ftruncate(file, length) == 0, fsync(file) == 0 else {
            throw .system(operation: "ftruncate", path: path, code: errno)
        }
    }

    private func write(_ bytes: [UInt8], to path: String, _ flags: Int32) throws(RevocationStoreError) {
        let file = open(path, flags, 0o600)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(file) }
        var sent = 0
        while sent < bytes.count {
            let rest = Array(bytes[sent...])
            let count = Glibc.write(file, rest, rest.count)
            guard count > 0 else {
                if count < 0, errno == EINTR { continue }
                throw .system(operation: "write", path: path, code: count < 0 ? errno : ENOSPC)
            }
            sent += count
        }
        guard fsync(file) == 0 else { throw .system(operation: "fsync", path: path, code: errno) }
    }
}

/// Why revocations cannot be read or kept. A gateway does not start on any of them: whom it must not let in is not
/// known then.
package enum RevocationStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    case system(operation: String, path: String, code: Int32)
    /// Another gateway has the folder.
    case locked(path: String)
    /// The file holds what no interrupted write leaves; it is not repaired.
    case damaged(path: String, line: Int, reason: String)
    /// The list has as many names as it may have.
    case full(limit: Int)
    case unwritable(reason: String)

    package var description: String {
        switch self {
        case .system(let operation, let path, let code):
            "\(operation) \(path): \(String(cString: strerror(code)))"
        case .locked(let path): "\(path) is in use by another gateway"
        case .damaged(let path, let line, let reason):
            "\(path):\(line): the revocations are damaged: \(reason). Whom to refuse is not known: put a good copy in "
                + "its place, or remove the file and revoke again"
        case .full(let limit): "there are \(limit) revocations already"
        case .unwritable(let reason): reason
        }
    }
}
