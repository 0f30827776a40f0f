/// An IPv4 or IPv6 packet that carries TCP.
struct InternetPacket: Equatable {
    /// 4 or 16 bytes each.
    let source: [UInt8]
    let destination: [UInt8]
    /// Where the captured part of its payload stands.
    let payload: Range<Int>
    /// Bytes that its header says the payload has: more than `payload` where the packet was cut.
    let payloadLength: Int

    enum Reading: Equatable {
        case tcp(InternetPacket)
        /// A part of a packet: those are not put together.
        case fragment
        /// Not TCP, no IP, or cut before its headers end.
        case other
    }

    private static let tcp: UInt8 = 6

    static func read(_ bytes: [UInt8], in packet: Range<Int>) -> Reading {
        var cursor = ByteCursor(bytes, in: packet)
        guard let first = cursor.uint8() else { return .other }
        switch first &>> 4 {
        case 4: return version4(bytes, in: packet, headerLength: Int(first & 0xf) &* 4)
        case 6: return version6(bytes, in: packet)
        default: return .other
        }
    }

    /// RFC 791, section 3.1.
    private static func version4(_ bytes: [UInt8], in packet: Range<Int>, headerLength: Int) -> Reading {
        var cursor = ByteCursor(bytes, in: packet)
        guard headerLength >= 20, cursor.take(2) != nil, let total = cursor.uint16(), cursor.uint16() != nil,
            let fragment = cursor.uint16(), cursor.uint8() != nil, let transport = cursor.uint8(),
            cursor.uint16() != nil, let source = cursor.take(4), let destination = cursor.take(4),
            cursor.take(headerLength &- 20) != nil
        else { return .other }
        guard transport == tcp else { return .other }
        // More fragments, or an offset.
        guard fragment & 0x3fff == 0 else { return .fragment }
        // 0 where the network card makes packets of it: all that was captured.
        let length = total == 0 ? packet.count : Int(total)
        guard length >= headerLength else { return .other }
        return .tcp(
            InternetPacket(
                source: Array(bytes[source]), destination: Array(bytes[destination]), cursor.rest,
                length: length &- headerLength))
    }

    /// RFC 8200, sections 3 and 4.
    private static func version6(_ bytes: [UInt8], in packet: Range<Int>) -> Reading {
        var cursor = ByteCursor(bytes, in: packet)
        guard cursor.take(4) != nil, let stated = cursor.uint16(), var next = cursor.uint8(),
            cursor.uint8() != nil, let source = cursor.take(16), let destination = cursor.take(16)
        else { return .other }
        var length = stated == 0 ? cursor.left : Int(stated)
        for _ in 0...CaptureLimits.extensionHeaders {
            if next == tcp {
                return .tcp(
                    InternetPacket(
                        source: Array(bytes[source]), destination: Array(bytes[destination]), cursor.rest,
                        length: length))
            }
            guard let following = cursor.uint8(), let size = cursor.uint8() else { return .other }
            let headerLength: Int
            switch next {
            // Hop-by-hop, routing, destination options: in eights, the first not counted.
            case 0, 43, 60: headerLength = Int(size) &* 8 &+ 8
            case 44: return .fragment
            // Authentication header: in fours, two not counted.
            case 51: headerLength = Int(size) &* 4 &+ 8
            default: return .other
            }
            guard headerLength <= length, cursor.take(headerLength &- 2) != nil else { return .other }
            length &-= headerLength
            next = following
        }
        return .other
    }

    /// `rest` is what was captured behind the headers; an Ethernet frame's padding behind `length` is left out.
    private init(source: [UInt8], destination: [UInt8], _ rest: Range<Int>, length: Int) {
        self.source = source
        self.destination = destination
        payload = rest.lowerBound..<min(rest.upperBound, rest.lowerBound &+ length)
        payloadLength = length
    }
}
