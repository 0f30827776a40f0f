import Glibc

/// A log's folder: `log.json`, `lock`, `segments/`.
///
/// Held (flock) by the one writer for as long as this lives.
struct LogFolder: ~Copyable {
    let path: String
    let identity: LogIdentity
    let segments: SegmentFolder
    private let lock: FolderLock

    /// Makes or takes over the folder: filesystem, lock, `log.json`.
    static func open(settings: AuditLogSettings, now: Int64) throws(AuditError) -> LogFolder {
        let path = settings.folder
        try FolderPath.make(path)
        try FilesystemType.check(path, allowed: settings.allowFilesystems)
        let lock = try FolderLock.take(path + "/lock", gateway: settings.gateway)
        let segments = SegmentFolder(path: path + "/segments")
        let identity = try identify(path, segments: segments.path, settings: settings, now: now)
        try FolderPath.make(segments.path)
        try FilesystemType.check(segments.path, allowed: settings.allowFilesystems)
        return LogFolder(path: path, identity: identity, segments: segments, lock: lock)
    }

    private static func identify(
        _ folder: String, segments: String, settings: AuditLogSettings, now: Int64
    ) throws(AuditError) -> LogIdentity {
        let found = try LogIdentity.read(folder: folder)
        if found == nil, access(segments, F_OK) == 0, !(try SegmentName.list(segments)).isEmpty {
            throw .notALog(path: folder, reason: "holds segments and no log.json")
        }
        let made = String(decoding: RecordClock(notBefore: now).text, as: UTF8.self)
        var identity = found ?? LogIdentity(region: settings.region, created: made)
        guard identity.region == settings.region else {
            throw .wrongRegion(path: folder, expected: settings.region, found: identity.region)
        }
        guard identity.sealed == nil else { throw .sealed(path: folder) }
        if let tree = settings.tree { try sign(&identity, folder, tree) }
        if identity != found { try FolderPath.write(identity.bytes, to: folder + "/" + LogIdentity.file) }
        return identity
    }

    /// A log that nobody signed until now is signed from its first record on; one that is has its name already.
    private static func sign(
        _ identity: inout LogIdentity, _ folder: String, _ tree: TreeSettings
    ) throws(AuditError) {
        let expected = tree.origin(of: identity.region)
        if let origin = identity.origin {
            guard !tree.isOriginChosen || LogIdentity.isOrigin(origin, of: expected) else {
                throw .contradicted(
                    path: folder + "/" + LogIdentity.file,
                    reason: "its origin is \(origin), expected \(expected) (audit.origin)")
            }
        } else {
            identity.origin = expected
        }
        guard identity.keys.isEmpty else { return }
        guard let key = tree.keys.first?.verifier(of: identity.origin ?? expected) else {
            throw .auditKey(path: tree.keyFile, reason: "the origin \(expected) is none: no spaces, no `+`")
        }
        identity.keys = [LogIdentity.Key(key: key, from: 0)]
    }
}
