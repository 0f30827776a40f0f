import Glibc

/// A few bytes that go behind others with one append: they are put together on the stack.
struct ShortBytes {
    private var next: UnsafeMutablePointer<UInt8>
    private let end: UnsafeMutablePointer<UInt8>

    /// Lets `write` put together at most `limit` bytes, and appends them.
    @inline(__always)
    static func append(atMost limit: Int, to out: inout [UInt8], _ write: (inout ShortBytes) -> Void) {
        // SAFETY: `next` moves from the memory's first byte to its end and no further, which `reserve` checks before each
        // write; the memory is used only inside the closure.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { memory in
            guard let base = memory.baseAddress else { return }
            var bytes = ShortBytes(next: base, end: base + limit)
            write(&bytes)
            out.append(contentsOf: UnsafeBufferPointer(start: base, count: bytes.next - base))
        }
    }

    @inline(__always)
    private mutating func reserve(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        precondition(count <= end - next, "more bytes than were said")
        defer { next += count }
        return next
    }

    @inline(__always)
    mutating func put(_ byte: UInt8) { reserve(1).pointee = byte }

    @inline(__always)
    mutating func put(_ text: StaticString) {
        memcpy(reserve(text.utf8CodeUnitCount), text.utf8Start, text.utf8CodeUnitCount)
    }

    /// Lower-case hex, two digits a byte.
    @inline(__always)
    mutating func putHex(_ byte: UInt8) {
        let digits = reserve(2)
        digits[0] = JSONText.hexDigit(byte >> 4)
        digits[1] = JSONText.hexDigit(byte & 0x0f)
    }

    /// A decimal number: at most 20 digits.
    @inline(__always)
    mutating func put(number: UInt64) {
        var digits = 1
        var limit: UInt64 = 10
        while digits < 20, number >= limit {
            digits += 1
            limit = limit &* 10
        }
        let text = reserve(digits)
        var rest = number
        for at in (0..<digits).reversed() {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            text[at] = 0x30 + UInt8(truncatingIfNeeded: remainder)
            rest = quotient
        }
    }

    /// A decimal number: at most 20 bytes.
    @inline(__always)
    mutating func put(number: Int64) {
        if number < 0 { put(0x2d) }
        put(number: number.magnitude)
    }
}
