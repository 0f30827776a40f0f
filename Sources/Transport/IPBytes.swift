/// An IPv4 or IPv6 address: 4 or 16 bytes in network order, kept in place.
package struct IPBytes: Sendable, Hashable {
    /// Of the bytes: 4 or 16.
    package let count: Int8
    private var bytes: [16 of UInt8] = .init(repeating: 0)

    /// The first 16 of these bytes; of fewer than 16 the first 4. What is missing is 0.
    package init(_ bytes: [UInt8]) {
        count = bytes.count < 16 ? 4 : 16
        for (index, byte) in bytes.prefix(Int(count)).enumerated() { self.bytes[index] = byte }
    }

    package var array: [UInt8] { (0..<Int(count)).map { bytes[$0] } }

    package static func == (one: IPBytes, other: IPBytes) -> Bool { one.array == other.array }

    package func hash(into hasher: inout Hasher) { hasher.combine(array) }
}
