import Glibc

/// Bytes of a log as a whole, at the speed of memory.
enum LogBytes {
    static func areEqual(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        // SAFETY: both pointers are used only inside the closures, for the count that both have.
        return one.withUnsafeBytes { one in
            other.withUnsafeBytes { other in
                guard let first = one.baseAddress, let second = other.baseAddress else { return true }
                return memcmp(first, second, one.count) == 0
            }
        }
    }

    /// Where the next newline stands at `from` or behind it; nil where there is none.
    static func lineEnd(in bytes: Span<UInt8>, from: Int) -> Int? {
        precondition(from >= 0 && from <= bytes.count)
        // SAFETY: the pointer is used only inside the closure; what is searched ends with the span.
        return bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let found = memchr(base + from, 0x0a, bytes.count - from)
            else { return nil }
            return UnsafeRawPointer(found) - base
        }
    }
}
