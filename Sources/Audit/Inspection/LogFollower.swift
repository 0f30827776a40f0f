import Glibc

/// A record of one of several logs.
package struct FollowedRecord: Sendable {
    /// The log's region, or its folder's name where nothing names it.
    package let region: String
    package let line: RecordLine
    /// The line as JSON; nil where it is none.
    package let value: JSONValue?

    package init(region: String, line: RecordLine, value: JSONValue?) {
        self.region = region
        self.line = line
        self.value = value
    }

    package var time: String { value?["time"]?.string ?? "" }
}

/// Reads several regions' logs at once, merged by the records' time.
package final class LogFollower {
    package let regions: [String]
    private let readers: [AuditReader]
    private var heads: [FollowedRecord?]

    /// - Parameters:
    ///   - folders: logs, or folders that hold logs (an audit root).
    ///   - last: only so many records at the end; nil: all.
    /// - Throws: `AuditError.notALog` where one of them is neither.
    package init(folders: [String], last: Int? = nil) throws(AuditError) {
        var readers: [AuditReader] = []
        var regions: [String] = []
        for log in try LogFollower.logs(in: folders) {
            var from: UInt64 = 0
            if let last {
                let end = try AuditReader.end(of: log)
                from = end > UInt64(clamping: last) ? end - UInt64(clamping: last) : 0
            }
            let reader = try AuditReader(folder: log, from: from)
            regions.append(try reader.region ?? String(log.split(separator: "/").last ?? "/"))
            readers.append(reader)
        }
        self.readers = readers
        self.regions = regions
        heads = Array(repeating: nil, count: readers.count)
    }

    /// The earliest of the records that are there; nil: none is there now.
    package func next() throws(AuditError) -> FollowedRecord? {
        var earliest: Int?
        for at in readers.indices {
            if heads[at] == nil, let line = try readers[at].next() {
                let value = JSONValue(line.bytes)
                heads[at] = FollowedRecord(region: regions[at], line: line, value: value)
            }
            guard let head = heads[at] else { continue }
            if let other = earliest.flatMap({ heads[$0] }), other.time <= head.time { continue }
            earliest = at
        }
        guard let earliest else { return nil }
        defer { heads[earliest] = nil }
        return heads[earliest]
    }

    /// The logs that folders are or hold.
    /// - Throws: `AuditError.notALog` where one of them is neither.
    package static func logs(in folders: [String]) throws(AuditError) -> [String] {
        var logs: [String] = []
        for folder in folders {
            for log in try self.logs(in: folder) where !logs.contains(log) { logs.append(log) }
        }
        return logs
    }

    /// Whether a folder is a log itself.
    package static func isLog(_ folder: String) throws(AuditError) -> Bool { try holdsSegments(folder) }

    /// The logs that folders are or hold, also where they stand in folders of their gateways or regions.
    /// - Throws: `AuditError.notALog` where a folder neither is a log nor holds one.
    package static func logs(under folders: [String]) throws(AuditError) -> [String] {
        var logs: [String] = []
        for folder in folders {
            guard access(folder, F_OK) == 0 else {
                throw .system(operation: "open", path: folder, code: errno)
            }
            let found = try self.logs(under: folder, depth: 0)
            guard !found.isEmpty else {
                throw .notALog(path: folder, reason: "is no audit log, and holds none")
            }
            for log in found where !logs.contains(log) { logs.append(log) }
        }
        return logs
    }

    /// Folders below the one that is named that are looked into.
    private static let depthLimit = 3

    private static func logs(under folder: String, depth: Int) throws(AuditError) -> [String] {
        if try holdsSegments(folder) { return [folder] }
        guard depth < depthLimit else { return [] }
        var logs: [String] = []
        for name in try SegmentName.files(folder).sorted() where isFolder(folder + "/" + name) {
            logs += try self.logs(under: folder + "/" + name, depth: depth + 1)
        }
        return logs
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The logs that a folder is or holds, by name.
    private static func logs(in folder: String) throws(AuditError) -> [String] {
        guard access(folder, F_OK) == 0 else { throw .system(operation: "open", path: folder, code: errno) }
        if try holdsSegments(folder) { return [folder] }
        var logs: [String] = []
        for name in try SegmentName.files(folder).sorted() where try holdsSegments(folder + "/" + name) {
            logs.append(folder + "/" + name)
        }
        guard !logs.isEmpty else {
            throw .notALog(path: folder, reason: "is no audit log, and holds none")
        }
        return logs
    }

    /// Where that may not be looked at, it is no answer.
    private static func holdsSegments(_ folder: String) throws(AuditError) -> Bool {
        let path = folder + "/segments"
        if access(path, F_OK) == 0 { return true }
        guard errno == ENOENT || errno == ENOTDIR else {
            throw .system(operation: "open", path: path, code: errno)
        }
        return false
    }
}
