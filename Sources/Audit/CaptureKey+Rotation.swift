import Glibc

/// Keys that were in force before: each is in a file beside the current one's, whose name is the current one's, a dot and
/// the key's id. What was digested under them can be looked for as long as these files are kept.
extension CaptureKey {
    /// The keys of this file that are known, the current one first. None is made.
    ///
    /// - Throws: `AuditError.captureKey` where there is no current one, or one of them cannot be used.
    package static func known(path: String) throws(AuditError) -> [CaptureKey] {
        var keys = [try current(path: path)]
        let folder = FolderPath.parent(of: path)
        let prefix = path.split(separator: "/").last.map { String($0) + "." } ?? "."
        for name in try SegmentName.files(folder).sorted() where name.hasPrefix(prefix) {
            let id = String(name.dropFirst(prefix.count))
            guard isID(id), id != keys[0].id else { continue }
            let file = folder + "/" + name
            guard let key = try load(path: file) else { continue }
            guard key.id == id else {
                throw .captureKey(path: file, reason: "holds the key \(key.id)")
            }
            keys.append(key)
        }
        return keys
    }

    /// Puts a new key in the place of the current one, which is kept beside it. A crash leaves the old one current or the
    /// new one, and never loses one that was in force.
    package static func rotate(path: String) throws(AuditError) -> (old: CaptureKey, new: CaptureKey) {
        let folder = FolderPath.parent(of: path)
        let lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard lock >= 0 else { throw .system(operation: "open", path: folder, code: errno) }
        defer { close(lock) }
        guard flock(lock, LOCK_EX) == 0 else { throw .system(operation: "flock", path: folder, code: errno) }
        let old = try current(path: path)
        let kept = path + "." + old.id
        if link(path, kept) != 0 {
            guard errno == EEXIST else { throw .system(operation: "link", path: kept, code: errno) }
            guard try load(path: kept)?.id == old.id else {
                throw .captureKey(path: kept, reason: "is not the key \(old.id); it has to be moved away")
            }
        }
        try FolderPath.sync(folder)
        let draft = try draft(path: path)
        guard rename(draft, path) == 0 else {
            let code = errno
            unlink(draft)
            throw .system(operation: "rename", path: path, code: code)
        }
        try FolderPath.sync(folder)
        return (old, try current(path: path))
    }

    private static func current(path: String) throws(AuditError) -> CaptureKey {
        guard let key = try load(path: path) else {
            throw .captureKey(
                path: path, reason: "there is no such file; the gateway makes it when it starts")
        }
        return key
    }

    private static func isID(_ text: String) -> Bool {
        text.utf8.count == 8
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
