import CLinux
import Glibc

/// The folder `segments` of a log on a real disk.
package struct SegmentFolder: LogFiles {
    package let path: String

    package init(path: String) { self.path = path }

    package func path(of first: UInt64) -> String { path + "/" + SegmentName.text(first) }

    package func create(_ first: UInt64) throws(FileFault) -> SegmentFile {
        try open(path(of: first), O_CREAT | O_EXCL, of: first)
    }

    package func draft(_ first: UInt64) throws(FileFault) -> SegmentFile {
        try open(path(of: first) + SegmentName.draftSuffix, O_CREAT | O_TRUNC, of: first)
    }

    /// Opens a segment that is there.
    func open(_ first: UInt64) throws(FileFault) -> SegmentFile { try open(path(of: first), 0, of: first) }

    package func publish(_ first: UInt64) throws(FileFault) {
        let name = path(of: first)
        guard rename(name + SegmentName.draftSuffix, name) == 0 else {
            throw FileFault(operation: "rename", path: name, code: errno)
        }
    }

    package func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int {
        // SAFETY: the pointer is used only inside the closure, for the span's own count of bytes.
        let count = bytes.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw FileFault(operation: "write", path: path, code: errno) }
        return count
    }

    package func cut(_ file: SegmentFile, to length: Int) throws(FileFault) {
        guard ftruncate(file.descriptor, length) == 0 else {
            throw FileFault(operation: "ftruncate", path: path, code: errno)
        }
    }

    package func checkRoom(for bytes: Int, behind file: SegmentFile) throws(FileFault) {
        var info = statfs()
        guard fstatfs(file.descriptor, &info) == 0 else {
            throw FileFault(operation: "statfs", path: path, code: errno)
        }
        // No size at all: the filesystem does not say.
        guard info.f_blocks > 0 else { return }
        let blocks = geteuid() == 0 ? info.f_bfree : info.f_bavail
        guard UInt64(blocks) <= UInt64(bytes) / UInt64(max(1, info.f_bsize)) else { return }
        throw FileFault(operation: "write", path: path, code: ENOSPC)
    }

    package func sync(_ file: SegmentFile) throws(FileFault) {
        guard fdatasync(file.descriptor) == 0 else {
            throw FileFault(operation: "fdatasync", path: path, code: errno)
        }
    }

    package func syncFolder() throws(FileFault) {
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw FileFault(operation: "open", path: path, code: errno) }
        defer { Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw FileFault(operation: "fsync", path: path, code: errno) }
    }

    package func standing(_ file: SegmentFile) throws(FileFault) -> Int? {
        let name = file.path
        var named = stat()
        // A string that is handed to a C function as it is would be copied for it.
        guard name.withCString({ stat($0, &named) }) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw FileFault(operation: "stat", path: name, code: errno)
        }
        guard named.st_ino == file.inode, named.st_dev == file.device else { return nil }
        return Int(named.st_size)
    }

    package func close(_ file: SegmentFile) { Glibc.close(file.descriptor) }

    private func open(_ name: String, _ flags: Int32, of first: UInt64) throws(FileFault) -> SegmentFile {
        let descriptor = Glibc.open(name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0o600)
        guard descriptor >= 0 else { throw FileFault(operation: "open", path: name, code: errno) }
        var opened = stat()
        guard fstat(descriptor, &opened) == 0 else {
            defer { Glibc.close(descriptor) }
            throw FileFault(operation: "fstat", path: name, code: errno)
        }
        return SegmentFile(
            descriptor: descriptor, device: UInt64(opened.st_dev), inode: UInt64(opened.st_ino),
            path: path(of: first))
    }
}
