import Glibc

/// A log's folder on a real disk, for its tree.
package struct TreeFolder: TreeFiles {
    package let path: String

    /// The name of the draft.
    static let draftName = "tree.new"

    package init(path: String) { self.path = path }

    package func path(of name: String) -> String { name.isEmpty ? path : path + "/" + name }

    package func makeFolder(_ name: String) throws(FileFault) -> Bool {
        if mkdir(path(of: name), 0o700) == 0 { return true }
        guard errno == EEXIST else { throw fault("mkdir", name) }
        return false
    }

    package func syncFolder(_ name: String) throws(FileFault) {
        let folder = Glibc.open(path(of: name), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw fault("open", name) }
        defer { Glibc.close(folder) }
        guard fsync(folder) == 0 else { throw fault("fsync", name) }
    }

    package func draft() throws(FileFault) -> SegmentFile {
        try open(TreeFolder.draftName, O_WRONLY | O_CREAT | O_TRUNC)
    }

    package func publish(_ name: String) throws(FileFault) {
        guard rename(path(of: TreeFolder.draftName), path(of: name)) == 0 else { throw fault("rename", name) }
    }

    package func appended(_ name: String) throws(FileFault) -> SegmentFile {
        try open(name, O_WRONLY | O_CREAT | O_APPEND)
    }

    package func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int {
        // SAFETY: the pointer is used only inside the closure, for the span's own count of bytes.
        let count = bytes.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw fault("write", "") }
        return count
    }

    package func cut(_ file: SegmentFile, to length: Int) throws(FileFault) {
        guard ftruncate(file.descriptor, length) == 0 else { throw fault("ftruncate", "") }
    }

    package func sync(_ file: SegmentFile) throws(FileFault) {
        guard fsync(file.descriptor) == 0 else { throw fault("fsync", "") }
    }

    package func read(_ name: String, from offset: Int, count: Int) throws(FileFault) -> [UInt8]? {
        let file = Glibc.open(path(of: name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw fault("open", name)
        }
        defer { Glibc.close(file) }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            // SAFETY: the pointer is used only inside the closure, for the bytes behind `done`.
            let read = bytes.withUnsafeMutableBytes { buffer in
                pread(file, buffer.baseAddress.map { $0 + done }, count - done, offset + done)
            }
            if read < 0 && errno == EINTR { continue }
            guard read >= 0 else { throw fault("read", name) }
            if read == 0 { break }
            done += read
        }
        bytes.removeLast(count - done)
        return bytes
    }

    package func length(of name: String) throws(FileFault) -> Int? {
        var status = stat()
        guard stat(path(of: name), &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw fault("stat", name)
        }
        return Int(status.st_size)
    }

    package func standing(_ name: String, _ file: SegmentFile) throws(FileFault) -> Int? {
        var named = stat()
        guard stat(path(of: name), &named) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw fault("stat", name)
        }
        var opened = stat()
        guard fstat(file.descriptor, &opened) == 0 else { throw fault("fstat", name) }
        guard named.st_ino == opened.st_ino, named.st_dev == opened.st_dev, opened.st_nlink > 0 else {
            return nil
        }
        return Int(opened.st_size)
    }

    package func identity(ofFolder name: String) throws(FileFault) -> UInt64? {
        var status = stat()
        guard stat(path(of: name), &status) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw fault("stat", name)
        }
        return UInt64(status.st_ino)
    }

    package func names(in folder: String) throws(FileFault) -> [String] {
        guard access(path(of: folder), F_OK) == 0 else { return [] }
        do throws(AuditError) {
            return try SegmentName.files(path(of: folder))
        } catch {
            throw FileFault(operation: "read", path: path(of: folder), code: EIO)
        }
    }

    package func remove(_ name: String, isFolder: Bool) throws(FileFault) {
        guard (isFolder ? rmdir(path(of: name)) : unlink(path(of: name))) == 0 || errno == ENOENT else {
            throw fault("remove", name)
        }
    }

    package func keepHead(_ note: [UInt8], at path: String) throws(FileFault) {
        do throws(AuditError) {
            try FolderPath.make(FolderPath.parent(of: path))
            try FolderPath.write(note, to: path)
        } catch {
            guard case .system(let operation, let path, let code) = error else {
                throw FileFault(operation: "write", path: path, code: EIO)
            }
            throw FileFault(operation: operation, path: path, code: code)
        }
    }

    package func close(_ file: SegmentFile) { Glibc.close(file.descriptor) }

    private func open(_ name: String, _ flags: Int32) throws(FileFault) -> SegmentFile {
        let descriptor = Glibc.open(path(of: name), flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw fault("open", name) }
        return SegmentFile(descriptor: descriptor)
    }

    private func fault(_ operation: String, _ name: String) -> FileFault {
        FileFault(operation: operation, path: path(of: name), code: errno)
    }
}
