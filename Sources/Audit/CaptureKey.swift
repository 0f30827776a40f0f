import Crypto
import Glibc

/// A region's own key for digests of values: "was this value used" can be answered with it, and guessed
/// nowhere.
///
/// 32 random bytes in a file of mode 0600. Never printed. One for all sessions: what begins an HMAC is larger than a session's
/// other settings together.
package final class CaptureKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// First 8 hex digits of the SHA-256 of the key.
    package let id: String
    private let code: KeyedDigest
    let prefix: [UInt8]

    private static let size = 32

    private init(bytes: [UInt8]) {
        var digest: [UInt8] = []
        JSONText.appendHex(Digest.sha256(bytes.span).prefix(4), to: &digest)
        prefix = digest + [0x3a]
        id = String(decoding: digest, as: UTF8.self)
        code = KeyedDigest(key: bytes)
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// HMAC-SHA-256 (RFC 2104) of a value, cut to 128 bits, with the key's id: `1a2b3c4d:` and 32 hex digits.
    package func digest(of value: Span<UInt8>) -> String {
        var code = begin()
        code.update(value)
        var text: [UInt8] = []
        append(code, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    func begin() -> KeyedDigest { code }

    func append(_ code: KeyedDigest, to out: inout [UInt8]) {
        out.append(contentsOf: prefix)
        // SAFETY: a SHA-256 digest has 32 bytes; the pointer is used only inside the closure.
        code.finalize().withUnsafeBytes { digest in
            JSONText.appendHex(UnsafeRawBufferPointer(rebasing: digest[..<16]), to: &out)
        }
    }

    /// Reads the key in a file, or makes one there.
    /// - Throws: `AuditError.captureKey` where the file is open to others than its owner or is no key, and
    ///   `AuditError.system`.
    package static func loadOrCreate(path: String) throws(AuditError) -> CaptureKey {
        if let key = try load(path: path) { return key }
        try create(path: path)
        guard let key = try load(path: path) else {
            throw .captureKey(path: path, reason: "was removed while it was made")
        }
        return key
    }

    /// Reads the key in a file; nil where there is none.
    package static func load(path: String) throws(AuditError) -> CaptureKey? {
        guard let bytes = try KeyFile.read(path, limit: size, wrong: AuditError.captureKey) else {
            return nil
        }
        guard bytes.count == size else {
            throw .captureKey(
                path: path,
                reason: "expected \(size) bytes, found \(bytes.count > size ? "more" : "\(bytes.count)")")
        }
        return CaptureKey(bytes: bytes)
    }

    /// Makes a key beside its place and links it there whole, so that of two gateways that start together one
    /// wins.
    private static func create(path: String) throws(AuditError) {
        let draft = try draft(path: path)
        defer { unlink(draft) }
        guard link(draft, path) == 0 || errno == EEXIST else {
            throw .system(operation: "link", path: path, code: errno)
        }
        let parent = FolderPath.parent(of: path)
        try FolderPath.sync(parent)
    }

    /// Writes a new key to a file beside a key's place.
    ///
    /// - Returns: the file, which is on disk.
    static func draft(path: String) throws(AuditError) -> String {
        let draft = "\(path).\(getpid()).new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(operation: "create", path: draft, code: errno) }
        defer { close(file) }
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        guard write(file, bytes, size) == size, fsync(file) == 0 else {
            let code = errno
            unlink(draft)
            throw .system(operation: "write", path: draft, code: code)
        }
        return draft
    }
}
