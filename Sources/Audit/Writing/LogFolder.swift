import Glibc

/// A log's folder: `log.json`, `lock`, `segments/`.
///
/// Held (flock) by the one writer for as long as this lives.
struct LogFolder: ~Copyable {
    let path: String
    let segments: SegmentFolder
    private let lock: FolderLock

    static let format = 1

    /// Makes or takes over the folder: filesystem, lock, `log.json`.
    static func open(settings: AuditLogSettings, now: Int64) throws(AuditError) -> LogFolder {
        let path = settings.folder
        try FolderPath.make(path)
        try FilesystemType.check(path, allowed: settings.allowFilesystems)
        let lock = try FolderLock.take(path + "/lock", gateway: settings.gateway)
        let segments = SegmentFolder(path: path + "/segments")
        try identify(path, segments: segments.path, settings: settings, now: now)
        try FolderPath.make(segments.path)
        try FilesystemType.check(segments.path, allowed: settings.allowFilesystems)
        return LogFolder(path: path, segments: segments, lock: lock)
    }

    /// The region that a folder's `log.json` names; nil where there is none.
    static func region(of folder: String) throws(AuditError) -> String? {
        let path = folder + "/log.json"
        guard let bytes = try FolderPath.read(path, limit: 1 << 16) else { return nil }
        guard let value = JSONValue(bytes), let version = value["format"]?.unsigned,
            let region = value["region"]?.string
        else { throw .notALog(path: path, reason: "is no description of a log") }
        guard version == UInt64(format) else {
            throw .notALog(path: path, reason: "has format \(version), expected \(format)")
        }
        return region
    }

    private static func identify(
        _ folder: String, segments: String, settings: AuditLogSettings, now: Int64
    ) throws(AuditError) {
        if let found = try region(of: folder) {
            guard found == settings.region else {
                throw .wrongRegion(path: folder, expected: settings.region, found: found)
            }
            return
        }
        if access(segments, F_OK) == 0, !(try SegmentName.list(segments)).isEmpty {
            throw .notALog(path: folder, reason: "holds segments and no log.json")
        }
        var bytes: [UInt8] = []
        JSONText.append(plain: "{\"format\":1,\"region\":", to: &bytes)
        JSONText.appendQuoted(settings.region.utf8.span, to: &bytes)
        JSONText.append(plain: ",\"created\":\"", to: &bytes)
        bytes.append(contentsOf: RecordClock(notBefore: now).text)
        JSONText.append(plain: "\"}\n", to: &bytes)
        try FolderPath.write(bytes, to: folder + "/log.json")
    }
}
