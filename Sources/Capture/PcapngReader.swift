/// The format of Wireshark: blocks, in sections that have each a byte order and interfaces of their own
/// (draft-ietf-opsawg-pcapng). Blocks that hold no packets and describe no interface are passed over.
struct PcapngReader {
    static let sectionHeader: UInt32 = 0x0a0d_0d0a

    private struct Interface {
        var link: LinkLayer.Kind
        var snapLength: Int
        var resolution = Resolution.decimal(6)
    }

    /// `if_tsresol`: units of a second, as a negative power of 10 or of 2.
    private enum Resolution {
        case decimal(Int)
        case binary(Int)
        /// Finer than can be counted in 64 bits: such times are left out.
        case unusable

        init(code: UInt8) {
            let exponent = Int(code & 0x7f)
            if code & 0x80 == 0 {
                self = exponent <= 18 ? .decimal(exponent) : .unusable
            } else {
                self = exponent <= 62 ? .binary(exponent) : .unusable
            }
        }

        func nanoseconds(_ units: UInt64) -> Int64? {
            let perSecond: UInt64
            switch self {
            case .decimal(let exponent): perSecond = (0..<exponent).reduce(1) { power, _ in power &* 10 }
            case .binary(let exponent): perSecond = 1 &<< UInt64(exponent)
            case .unusable: return nil
            }
            let (seconds, rest) = units.quotientAndRemainder(dividingBy: perSecond)
            let fraction = perSecond.dividingFullWidth(rest.multipliedFullWidth(by: 1_000_000_000)).quotient
            let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            let (sum, overflowAgain) = whole.addingReportingOverflow(fraction)
            return overflow || overflowAgain ? nil : Int64(exactly: sum)
        }
    }

    private let bytes: [UInt8]
    private var littleEndian = false
    private var interfaces: [Interface] = []
    private(set) var packets: [CapturedPacket] = []
    private(set) var fault: CaptureFault?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func read() {
        var cursor = ByteCursor(bytes, in: 0..<bytes.count)
        while cursor.left > 0 {
            let start = cursor.position
            do throws(CaptureFault) {
                try readBlock(&cursor, start)
            } catch {
                fault = error
                return
            }
        }
    }

    private mutating func readBlock(_ cursor: inout ByteCursor, _ start: Int) throws(CaptureFault) {
        var peek = cursor
        guard let first = peek.uint32() else { throw CaptureFault(offset: start, reason: .truncated) }
        if first == Self.sectionHeader { try beginSection(cursor, start) }
        guard let type = cursor.uint32(littleEndian: littleEndian),
            let length = cursor.uint32(littleEndian: littleEndian)
        else { throw CaptureFault(offset: start, reason: .truncated) }
        guard length >= 12, length <= CaptureLimits.block, length % 4 == 0 else {
            throw CaptureFault(offset: start, reason: .blockLength(Int(length)))
        }
        guard let body = cursor.take(Int(length) &- 12), let last = cursor.uint32(littleEndian: littleEndian)
        else {
            throw CaptureFault(offset: start, reason: .truncated)
        }
        guard last == length else {
            throw CaptureFault(offset: start, reason: .blockLengthsDiffer(Int(length), Int(last)))
        }
        switch type {
        case 1: try interface(body, start)
        case 2: try packet(body, start, isOld: true)
        case 3: try simplePacket(body, start)
        case 6: try packet(body, start, isOld: false)
        default: break
        }
    }

    /// A section's header says its byte order in its third word, which stands before anything that depends on it.
    private mutating func beginSection(_ cursor: ByteCursor, _ start: Int) throws(CaptureFault) {
        var mark = ByteCursor(bytes, in: start &+ 8..<max(start &+ 8, cursor.end))
        guard let order = mark.uint32() else { throw CaptureFault(offset: start, reason: .truncated) }
        switch order {
        case 0x1a2b_3c4d: littleEndian = false
        case 0x4d3c_2b1a: littleEndian = true
        default: throw CaptureFault(offset: start, reason: .byteOrder(order))
        }
        interfaces = []
    }

    private mutating func interface(_ body: Range<Int>, _ start: Int) throws(CaptureFault) {
        var cursor = ByteCursor(bytes, in: body)
        guard let link = cursor.uint16(littleEndian: littleEndian), cursor.uint16() != nil,
            let snap = cursor.uint32(littleEndian: littleEndian)
        else { throw CaptureFault(offset: start, reason: .truncated) }
        guard interfaces.count < CaptureLimits.interfaces else {
            throw CaptureFault(offset: start, reason: .tooManyInterfaces)
        }
        var interface = Interface(link: LinkLayer.Kind(code: UInt32(link)), snapLength: Int(snap))
        while let code = cursor.uint16(littleEndian: littleEndian),
            let length = cursor.uint16(littleEndian: littleEndian), code != 0
        {
            guard let value = cursor.take(Int(length)) else {
                throw CaptureFault(offset: start, reason: .truncated)
            }
            if code == 9, value.count == 1 {
                interface.resolution = Resolution(code: bytes[value.lowerBound])
            }
            _ = cursor.take((4 &- Int(length) % 4) % 4)
        }
        interfaces.append(interface)
    }

    /// An Enhanced Packet Block; the old Packet Block has a count of drops beside a shorter interface number.
    private mutating func packet(_ body: Range<Int>, _ start: Int, isOld: Bool) throws(CaptureFault) {
        var cursor = ByteCursor(bytes, in: body)
        let index: Int?
        if isOld {
            index = cursor.uint16(littleEndian: littleEndian).map(Int.init)
            _ = cursor.uint16()
        } else {
            index = cursor.uint32(littleEndian: littleEndian).map(Int.init)
        }
        guard let index, let high = cursor.uint32(littleEndian: littleEndian),
            let low = cursor.uint32(littleEndian: littleEndian),
            let captured = cursor.uint32(littleEndian: littleEndian),
            let original = cursor.uint32(littleEndian: littleEndian)
        else { throw CaptureFault(offset: start, reason: .truncated) }
        guard interfaces.indices.contains(index) else {
            throw CaptureFault(offset: start, reason: .unknownInterface(index))
        }
        let units = UInt64(high) &<< 32 | UInt64(low)
        try append(
            &cursor, captured: Int(captured), original: Int(original), interfaces[index],
            interfaces[index].resolution.nanoseconds(units), start)
    }

    /// A Simple Packet Block: of the first interface, without a time, cut at the interface's snap length.
    private mutating func simplePacket(_ body: Range<Int>, _ start: Int) throws(CaptureFault) {
        var cursor = ByteCursor(bytes, in: body)
        guard let original = cursor.uint32(littleEndian: littleEndian) else {
            throw CaptureFault(offset: start, reason: .truncated)
        }
        guard let interface = interfaces.first else {
            throw CaptureFault(offset: start, reason: .unknownInterface(0))
        }
        let limit = interface.snapLength == 0 ? Int(original) : min(Int(original), interface.snapLength)
        try append(&cursor, captured: limit, original: Int(original), interface, nil, start)
    }

    private mutating func append(
        _ cursor: inout ByteCursor, captured: Int, original: Int, _ interface: Interface, _ time: Int64?,
        _ start: Int
    ) throws(CaptureFault) {
        guard captured <= CaptureLimits.packet else {
            throw CaptureFault(offset: start, reason: .packetTooLong(captured))
        }
        guard let data = cursor.take(captured) else { throw CaptureFault(offset: start, reason: .truncated) }
        packets.append(
            CapturedPacket(
                number: packets.count &+ 1, nanoseconds: time, link: interface.link, data: data,
                originalLength: original))
    }
}
