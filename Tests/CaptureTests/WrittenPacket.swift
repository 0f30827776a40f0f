/// A TCP packet written by hand, with the headers around it that a test asks for.
struct WrittenPacket {
    enum Version: CaseIterable { case four, six, sixWithExtensions }

    var fromFrontend: Bool
    var sequence: UInt32
    var acknowledgement: UInt32 = 0
    var flags: UInt8 = 0x10
    var data: [UInt8] = []
    /// Where the packet is cut, counted from the end of its data; 0 is not at all.
    var cut = 0
    var fragment = false
    var port: UInt16 = 40_000

    static let syn: UInt8 = 0x02
    static let synAck: UInt8 = 0x12
    static let fin: UInt8 = 0x11
    static let rst: UInt8 = 0x14

    private func tcp() -> [UInt8] {
        let ports = fromFrontend ? big(port) + big(UInt16(5432)) : big(UInt16(5432)) + big(port)
        return ports + big(sequence) + big(acknowledgement) + [0x60, flags] + [0xff, 0xff, 0, 0, 0, 0] + [
            1, 1, 1, 0,
        ]
            + data
    }

    private func address(_ side: UInt8, count: Int) -> [UInt8] {
        count == 4 ? [10, 0, 0, side] : [0x20, 1, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [side]
    }

    func internet(_ version: Version) -> [UInt8] {
        let tcp = tcp()
        let (source, destination): (UInt8, UInt8) = fromFrontend ? (1, 2) : (2, 1)
        switch version {
        case .four:
            let head: [UInt8] =
                [0x46, 0] + big(UInt16(24 + tcp.count)) + [0, 7, fragment ? 0x20 : 0x40, 0, 64, 6, 0, 0]
            return head + address(source, count: 4) + address(destination, count: 4) + [1, 1, 1, 0] + tcp
        case .six, .sixWithExtensions:
            var extensions: [UInt8] = []
            var first: UInt8 = 6
            if version == .sixWithExtensions {
                // Hop-by-hop options of 8 bytes, then destination options of 16.
                extensions = [60, 0, 1, 4, 0, 0, 0, 0] + [6, 1, 1, 12] + Array(repeating: 0, count: 12)
                first = 0
            }
            if fragment {
                extensions = [6, 0, 0, 1, 0, 0, 0, 9]
                first = 44
            }
            let head: [UInt8] = [0x60, 0, 0, 0] + big(UInt16(extensions.count + tcp.count)) + [first, 64]
            return head + address(source, count: 16) + address(destination, count: 16) + extensions + tcp
        }
    }
}

func big(_ value: UInt16) -> [UInt8] {
    [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
}

func big(_ value: UInt32) -> [UInt8] {
    big(UInt16(truncatingIfNeeded: value >> 16)) + big(UInt16(truncatingIfNeeded: value))
}
