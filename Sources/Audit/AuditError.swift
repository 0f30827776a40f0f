import Glibc

/// Why a log cannot be opened, written or read.
package enum AuditError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A system call failed; `code` is its errno.
    case system(operation: String, path: String, code: Int32)
    /// Another process holds the log's lock; `holder` is what it wrote there.
    case locked(path: String, holder: String)
    /// The folder's `log.json` names another region.
    case wrongRegion(path: String, expected: String, found: String)
    /// The folder lies on a network or FUSE filesystem.
    case filesystem(path: String, type: String)
    /// The folder holds something that is no log of this format.
    case notALog(path: String, reason: String)
    /// A complete record is not the one that must stand there. It is not repaired.
    case damaged(path: String, seq: UInt64, reason: String)
    /// The segment that is being written was removed, replaced, cut or written by somebody else.
    case replaced(path: String, reason: String)
    /// The disk is so far behind that no more unsynced records are kept in memory.
    case behind(bytes: Int)
    /// The log was closed.
    case closed
    /// Something of a log cannot be proved.
    case unproved(path: String, reason: String)
    /// The key for digests cannot be used.
    case captureKey(path: String, reason: String)
    /// The key that signs checkpoints cannot be used.
    case auditKey(path: String, reason: String)
    /// The log is not the one that was signed: an older copy, another history, another key's.
    case contradicted(path: String, reason: String)
    /// The log was closed for ever.
    case sealed(path: String)
    /// An anchor elsewhere did not take checkpoints, or did not give them.
    case anchor(place: String, reason: String)

    package var description: String {
        switch self {
        case .system(let operation, let path, let code): "\(operation) \(path): \(AuditError.text(of: code))"
        case .locked(let path, let holder):
            "\(path) is in use by another gateway" + (holder.isEmpty ? "" : " (\(holder))")
        case .wrongRegion(let path, let expected, let found):
            "\(path) is the log of region \(found), expected \(expected)"
        case .filesystem(let path, let type):
            "\(path) lies on a filesystem of type \(type), expected a local one "
                + "(audit.allow_filesystem overrides)"
        case .notALog(let path, let reason): "\(path): \(reason)"
        case .damaged(let path, let seq, let reason): "\(path): record \(seq) is damaged: \(reason)"
        case .replaced(let path, let reason): "\(path) is no longer the file that was written: \(reason)"
        case .behind(let bytes): "\(bytes) bytes of records wait for the disk"
        case .closed: "the log is closed"
        case .unproved(let path, let reason): "\(path): \(reason)"
        case .captureKey(let path, let reason), .auditKey(let path, let reason): "\(path): \(reason)"
        case .contradicted(let path, let reason): "\(path) contradicts what was signed: \(reason)"
        case .sealed(let path): "\(path) is sealed: it takes no more records"
        case .anchor(let place, let reason): "\(place): \(reason)"
        }
    }

    /// The system's text for an errno.
    static func text(of code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
