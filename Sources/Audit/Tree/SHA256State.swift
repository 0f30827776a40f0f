import COpenSSL

/// SHA-256 (FIPS 180-4) with a state that is a plain value: it is begun, copied and ended without an allocation.
package struct SHA256State: Sendable {
    /// A digest.
    package struct Value: Sendable {
        // The digest's bytes, eight at a time in the machine's own order: never looked at as numbers.
        package let words: (UInt64, UInt64, UInt64, UInt64)

        package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
            Swift.withUnsafeBytes(of: words, body)
        }
    }

    private var context = SHA256_CTX()

    package init() { SHA256_Init(&context) }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        SHA256_Update(&context, base, bytes.count)
    }

    package mutating func update(_ bytes: Span<UInt8>) {
        // SAFETY: the pointer is used only inside the closure.
        bytes.withUnsafeBytes { update($0) }
    }

    package mutating func update(_ byte: UInt8) { withUnsafeBytes(of: byte) { update($0) } }

    /// The digest of what came until now; nothing may come behind it.
    package mutating func finish() -> Value {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        // SAFETY: a SHA-256 digest has 32 bytes, which is the room of four words.
        withUnsafeMutableBytes(of: &words) { bytes in
            _ = SHA256_Final(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
        }
        return Value(words: words)
    }
}
