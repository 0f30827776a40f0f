/// A position in bytes from outside, and reads that say nil where the bytes end.
struct ByteCursor {
    let bytes: [UInt8]
    private(set) var position: Int
    let end: Int

    /// Reads `range` of the bytes, or what of it lies within them.
    init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        let bounds = range.clamped(to: 0..<bytes.count)
        position = bounds.lowerBound
        end = bounds.upperBound
    }

    var left: Int { end &- position }

    mutating func uint8() -> UInt8? {
        guard left >= 1 else { return nil }
        defer { position &+= 1 }
        return bytes[position]
    }

    mutating func uint16(littleEndian: Bool = false) -> UInt16? {
        guard left >= 2 else { return nil }
        defer { position &+= 2 }
        let first = UInt16(bytes[position])
        let second = UInt16(bytes[position &+ 1])
        return littleEndian ? second &<< 8 | first : first &<< 8 | second
    }

    mutating func uint32(littleEndian: Bool = false) -> UInt32? {
        guard left >= 4, let first = uint16(littleEndian: littleEndian),
            let second = uint16(littleEndian: littleEndian)
        else { return nil }
        return littleEndian ? UInt32(second) &<< 16 | UInt32(first) : UInt32(first) &<< 16 | UInt32(second)
    }

    /// Passes over `count` bytes and says where they lie; nil, and nothing is passed over, where they are not all there.
    mutating func take(_ count: Int) -> Range<Int>? {
        guard count >= 0, count <= left else { return nil }
        let start = position
        position = start &+ count
        return start..<position
    }

    /// All that is left.
    var rest: Range<Int> { position..<end }
}
