import AuditTree
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
}

/// HMAC-SHA-256 (RFC 2104) of which the key's two blocks are hashed already: a value costs what its own bytes
/// cost. (The library's HMAC hashes the key anew for each value, which takes longer than the value, and allocates.)
struct KeyedDigest: Sendable {
    private var inner: SHA256State
    private let outer: SHA256State

    private static let block = 64

    /// - Parameter key: at most 64 bytes.
    init(key: [UInt8]) {
        precondition(key.count <= KeyedDigest.block, "a longer key would have to be hashed first")
        let padded = key + [UInt8](repeating: 0, count: KeyedDigest.block - key.count)
        var inner = SHA256State()
        inner.update(padded.map { $0 ^ 0x36 }.span)
        var outer = SHA256State()
        outer.update(padded.map { $0 ^ 0x5c }.span)
        self.inner = inner
        self.outer = outer
    }

    mutating func update(_ bytes: Span<UInt8>) { inner.update(bytes) }

    func finalize() -> SHA256State.Value {
        var value = inner
        var hash = outer
        value.finish().withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }
}
