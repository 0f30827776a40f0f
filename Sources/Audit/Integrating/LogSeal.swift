import AuditTree
import Foundation

/// Closes a log for ever and begins its successor, whose first record names the old head: for a log that is damaged, or whose
/// key is lost.
///
/// The old folder keeps all that is in it, under another name; `log.json` in it says that it is sealed, so that no gateway writes to
/// it again. Cut off at any point, it can be run again.
package enum LogSeal {
    /// What was done.
    package struct Done: Sendable, Equatable {
        /// Where the sealed log is now.
        package let folder: String
        /// Records that its last checkpoint covers; 0: it has none that its keys signed.
        package let size: UInt64
        /// The successor's; nil: nobody signs it yet.
        package let origin: String?
    }

    /// - Parameters:
    ///   - headFile: where the last checkpoint is kept outside of the folder.
    ///   - now: microseconds since 1970.
    package static func seal(
        _ folder: String, gateway: String, reason: String?, headFile: String?, now: Int64
    ) throws(AuditError) -> Done {
        let next = folder + ".successor"
        guard let identity = try LogIdentity.read(folder: folder) else {
            guard access(folder, F_OK) != 0, let next = try LogIdentity.read(folder: next),
                let follows = next.follows
            else { throw .notALog(path: folder, reason: "has no log.json") }
            // The old one had been moved, and the new one not.
            try put(folder)
            return Done(folder: sibling(of: folder, follows.folder), size: follows.size, origin: next.origin)
        }
        let lock = try FolderLock.take(folder + "/lock", gateway: gateway)
        let old = try close(identity, folder, now: now)
        let head = head(of: folder, identity)
        let size = max(head?.size ?? 0, try knownSize(headFile, identity.origin))
        let name = String(folder.split(separator: "/").last ?? "log") + ".sealed-" + stamp(old.sealed ?? "")
        var successor = LogIdentity(region: identity.region, created: old.sealed ?? "")
        successor.origin = identity.origin.map { nextOrigin($0, follows: identity.follows != nil) }
        successor.follows = LogIdentity.Predecessor(
            folder: name, origin: identity.origin ?? "", size: size)
        try begin(successor, next, head: head, gateway: gateway, reason: reason)
        let moved = sibling(of: folder, name)
        guard rename(folder, moved) == 0 else {
            throw .system(operation: "rename", path: folder, code: errno)
        }
        try put(folder)
        _ = consume lock
        return Done(folder: moved, size: size, origin: successor.origin)
    }

    /// No gateway writes to it from here on.
    private static func close(
        _ identity: LogIdentity, _ folder: String, now: Int64
    ) throws(AuditError) -> LogIdentity {
        guard identity.sealed == nil else { return identity }
        var old = identity
        old.sealed = String(decoding: RecordClock(notBefore: now).text, as: UTF8.self)
        try FolderPath.write(old.bytes, to: folder + "/" + LogIdentity.file)
        return old
    }

    /// The last checkpoint that one of the keys in `log.json` signed; a log without one can be sealed, too.
    private static func head(of folder: String, _ identity: LogIdentity) -> Checkpoint? {
        let files = TreeFolder(path: folder)
        let keys = identity.keys.map(\.key)
        return (try? CheckpointFiles(files: files, keys: keys, keyFile: LogIdentity.file))?.head?.checkpoint
    }

    private static func knownSize(_ file: String?, _ origin: String?) throws(AuditError) -> UInt64 {
        guard let file, let bytes = try FolderPath.read(file, limit: 1 << 16), let note = SignedNote(bytes),
            let known = Checkpoint(text: note.text), known.origin == origin
        else { return 0 }
        return known.size
    }

    /// Makes the successor beside the old log, with its first record durable in it.
    private static func begin(
        _ identity: LogIdentity, _ folder: String, head: Checkpoint?, gateway: String, reason: String?
    ) throws(AuditError) {
        if let there = try LogIdentity.read(folder: folder),
            there.follows?.folder == identity.follows?.folder,
            try AuditReader.end(of: folder) > 0
        {
            return
        }
        try FolderPath.make(folder)
        try FolderPath.write(identity.bytes, to: folder + "/" + LogIdentity.file)
        let log = try AuditLog(AuditLogSettings(region: identity.region, folder: folder, gateway: gateway))
        defer { log.close() }
        var batch = RecordBatch(recordLimit: log.settings.recordLimit)
        batch.begin(.logSealed)
        batch.add("gateway", gateway)
        batch.add("region", identity.region)
        batch.add("reason", reason)
        batch.add("folder", identity.follows?.folder)
        if let head {
            batch.add("origin", head.origin)
            batch.add("size", head.size)
            batch.add("root", Data(head.root.bytes).base64EncodedString())
        }
        batch.end()
        _ = try log.append(&batch)
    }

    private static func put(_ folder: String) throws(AuditError) {
        guard rename(folder + ".successor", folder) == 0 else {
            throw .system(operation: "rename", path: folder + ".successor", code: errno)
        }
        try FolderPath.sync(FolderPath.parent(of: folder))
    }

    private static func sibling(of folder: String, _ name: String) -> String {
        FolderPath.parent(of: folder) + "/" + name
    }

    /// `2026-11-27T08:50:13.000000Z` as `20261127T085013Z`.
    private static func stamp(_ time: String) -> String {
        String(time.prefix(19)).filter { $0 != "-" && $0 != ":" } + "Z"
    }

    /// Two logs of one origin would look like one log with two histories.
    static func nextOrigin(_ origin: String, follows: Bool) -> String {
        guard follows, let slash = origin.lastIndex(of: "/"),
            let number = Int(origin[origin.index(after: slash)...]), number < 100_000_000
        else { return origin + "/2" }
        return "\(origin[..<slash])/\(number + 1)"
    }
}
