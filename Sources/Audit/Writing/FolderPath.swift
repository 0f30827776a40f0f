import Glibc

/// Paths of folders: making them, and making their entries durable.
package enum FolderPath {
    package static func parent(of path: String) -> String {
        var trimmed = Substring(path)
        while trimmed.count > 1 && trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// Makes a folder of mode 0700 and those above it where they are missing.
    static func make(_ path: String) throws(AuditError) {
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw .system(operation: "mkdir", path: path, code: ENOTDIR)
            }
            return
        }
        let parent = parent(of: path)
        if parent != path { try make(parent) }
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw .system(operation: "mkdir", path: path, code: errno)
        }
        try sync(parent)
    }

    /// fsync of the folder itself.
    static func sync(_ path: String) throws(AuditError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw .system(operation: "fsync", path: path, code: errno) }
    }

    /// Writes a small file whole: draft, fsync, rename, fsync of the folder.
    static func write(_ bytes: [UInt8], to path: String) throws(AuditError) {
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(operation: "create", path: draft, code: errno) }
        defer { close(file) }
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw .system(operation: "write", path: draft, code: errno)
        }
        guard fsync(file) == 0 else { throw .system(operation: "fsync", path: draft, code: errno) }
        guard rename(draft, path) == 0 else { throw .system(operation: "rename", path: draft, code: errno) }
        try sync(parent(of: path))
    }

    /// Reads a small file whole; nil where there is none.
    package static func read(_ path: String, limit: Int) throws(AuditError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .system(operation: "open", path: path, code: errno)
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = Glibc.read(file, &bytes, limit)
        guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
        return Array(bytes[..<count])
    }
}
