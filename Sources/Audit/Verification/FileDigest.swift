import Crypto
import Glibc

/// SHA-256 of a file, read in blocks.
enum FileDigest {
    private static let block = 1 << 16

    /// - Returns: in lower-case hex.
    static func sha256(_ path: String) throws(AuditError) -> String {
        let file = try ReadFile(path: path)
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: block)
        var at = 0
        while true {
            let count = pread(file.descriptor, &buffer, buffer.count, at)
            guard count >= 0 else { throw .system(operation: "read", path: path, code: errno) }
            if count == 0 { break }
            Digest.update(&hash, buffer.span.extracting(0..<count))
            at += count
        }
        var text: [UInt8] = []
        JSONText.appendHex(hash.finalize(), to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
