/// Random bytes of the kernel's, eight for each call of it: a byte at a time is a system call for each byte.
package enum RandomBytes {
    package static func make(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            var eight = generator.next()
            for _ in 0..<min(8, count - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: eight))
                eight >>= 8
            }
        }
        return bytes
    }

    /// So many random bytes, each as two lower-case hexadecimal digits.
    package static func hex(_ count: Int) -> [UInt8] {
        make(count).flatMap { byte in [byte >> 4, byte & 0x0f].map { $0 + ($0 < 10 ? 0x30 : 0x57) } }
    }
}
