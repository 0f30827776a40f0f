import Crypto

/// SHA-256 (FIPS 180-4) of bytes.
enum Digest {
    static func sha256(_ bytes: Span<UInt8>) -> SHA256.Digest {
        var hash = SHA256()
        update(&hash, bytes)
        return hash.finalize()
    }

    static func update(_ hash: inout SHA256, _ bytes: Span<UInt8>) {
        // SAFETY: the pointer is used only inside the closure.
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
    }

    static func update(_ code: inout HMAC<SHA256>, _ bytes: Span<UInt8>) {
        // SAFETY: the pointer is used only inside the closure.
        bytes.withUnsafeBytes { code.update(data: $0) }
    }
}
