import Glibc

/// A segment open for reading.
final class ReadFile {
    let descriptor: Int32
    private let device: dev_t
    private let inode: ino_t

    init(path: String) throws(AuditError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        var status = stat()
        guard fstat(file, &status) == 0 else {
            let code = errno
            close(file)
            throw .system(operation: "fstat", path: path, code: code)
        }
        descriptor = file
        device = status.st_dev
        inode = status.st_ino
    }

    deinit { close(descriptor) }

    func size() throws(AuditError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(operation: "fstat", path: "", code: errno)
        }
        return Int(status.st_size)
    }

    /// Whether this is (still) the file at a path.
    func stands(at path: String) throws(AuditError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return true }
            throw .system(operation: "stat", path: path, code: errno)
        }
        return status.st_dev == device && status.st_ino == inode
    }

    /// An offset at which a line begins, at or before the record with a number. By bisection: numbers ascend.
    func offset(before seq: UInt64, path: String) throws(AuditError) -> Int {
        var low = 0
        var high = try size()
        while high - low > 1 << 16 {
            let middle = low + (high - low) / 2
            var lines = LineReader(descriptor: descriptor, path: path, offset: middle, block: 1 << 14)
            // The piece of a line in which the middle lies.
            _ = try lines.next()
            let start = lines.offset
            guard start < high, let line = try lines.next(), let found = RecordLine.seq(of: line),
                found <= seq
            else {
                high = middle
                continue
            }
            low = start
        }
        return low
    }
}
