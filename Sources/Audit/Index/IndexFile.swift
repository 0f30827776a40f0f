import Audit
import Glibc

/// The file that an index is in, and the lock under which it is used.
///
/// All that read an index hold its folder (flock(2), shared); who replaces the file holds it alone. SQLite's own locks
/// order the transactions within the file.
final class IndexFile {
    static let name = "index.sqlite"

    let path: String
    /// It lies where a log keeps its index: whatever else stands there is replaced.
    private let isInLog: Bool
    private let folder: Int32

    /// - Parameter path: nil: in the log's folder.
    init(of log: String, at path: String?) throws(IndexError) {
        let wanted = path ?? log + "/" + IndexFile.name
        let parent = FolderPath.parent(of: wanted)
        // SQLite follows no link to the file; the folders may be links.
        guard let real = realpath(parent, nil) else {
            throw .unusable(path: parent, reason: IndexFile.text(errno))
        }
        defer { free(real) }
        let resolved = String(cString: real)
        let name = wanted.split(separator: "/").last.map(String.init) ?? IndexFile.name
        self.path = resolved + "/" + name
        isInLog = path == nil
        folder = open(resolved, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .unusable(path: resolved, reason: IndexFile.text(errno)) }
        guard flock(folder, LOCK_SH | LOCK_NB) == 0 else {
            throw .unusable(path: self.path, reason: "is being replaced by another command")
        }
    }

    deinit { if folder >= 0 { close(folder) } }

    /// - Parameter creating: where there is none, an empty one is made; else nil is the answer.
    func connect(creating: Bool) throws(IndexError) -> SQLiteDatabase? {
        var status = stat()
        if lstat(path, &status) != 0 {
            guard errno == ENOENT else { throw .unusable(path: path, reason: IndexFile.text(errno)) }
            guard creating else { return nil }
            try create()
        } else if status.st_mode & S_IFMT != S_IFREG {
            throw .unusable(path: path, reason: "is no regular file")
        }
        return try SQLiteDatabase(path: path)
    }

    /// Mode 0600, and the log's owner's: who may read the log reads the index.
    private func create() throws(IndexError) {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            // Another command was faster.
            if errno == EEXIST { return }
            throw .unusable(path: path, reason: IndexFile.text(errno))
        }
        var status = stat()
        if geteuid() == 0, fstat(folder, &status) == 0 { _ = fchown(file, status.st_uid, status.st_gid) }
        close(file)
    }

    /// Removes a file that is no index, or not this log's as it is. No connection to it may be open here.
    ///
    /// - Parameter isIndex: it is one, if another's. Elsewhere than in the log's folder nothing else is removed.
    func remove(isIndex: Bool) throws(IndexError) {
        guard isInLog || isIndex else {
            throw .unusable(path: path, reason: "is no index of an audit log, and is left as it is")
        }
        guard flock(folder, LOCK_EX | LOCK_NB) == 0 else {
            throw .unusable(path: path, reason: "has to be made anew, and another command uses it")
        }
        for suffix in ["-journal", "-wal", "-shm", ""] {
            guard unlink(path + suffix) == 0 || errno == ENOENT else {
                throw .unusable(path: path + suffix, reason: IndexFile.text(errno))
            }
        }
        guard flock(folder, LOCK_SH | LOCK_NB) == 0 else {
            throw .unusable(path: path, reason: "is being replaced by another command")
        }
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
