/// What a packet begins with, before its IP header.
package enum LinkLayer {
    /// The link types that are read (tcpdump.org/linktypes.html).
    package enum Kind: Equatable, Sendable {
        /// 0, BSD's loopback: the address family in the byte order of the machine that captured.
        case null
        /// 1, with or without VLAN tags.
        case ethernet
        /// 101: IPv4 or IPv6 at once.
        case rawIP
        /// 113, Linux' `any` device.
        case linuxCooked
        /// 276, the same with the interface's number.
        case linuxCookedV2
        /// One that is not read.
        case other(UInt32)

        init(code: UInt32) {
            switch code {
            case 0: self = .null
            case 1: self = .ethernet
            case 101: self = .rawIP
            case 113: self = .linuxCooked
            case 276: self = .linuxCookedV2
            default: self = .other(code)
            }
        }
    }

    /// Where a packet's IP header begins; nil where it carries no IP, or is cut before it.
    static func internetHeader(_ link: Kind, _ bytes: [UInt8], in packet: Range<Int>) -> Range<Int>? {
        var cursor = ByteCursor(bytes, in: packet)
        switch link {
        case .rawIP: return packet
        case .null:
            guard let family = cursor.uint32(), isInternet(family) || isInternet(family.byteSwapped) else {
                return nil
            }
            return cursor.rest
        case .ethernet:
            guard cursor.take(12) != nil else { return nil }
            return afterType(&cursor)
        case .linuxCooked:
            guard cursor.take(14) != nil else { return nil }
            return afterType(&cursor)
        case .linuxCookedV2:
            guard let type = cursor.uint16(), cursor.take(18) != nil else { return nil }
            return isInternet(type) ? cursor.rest : nil
        case .other: return nil
        }
    }

    /// Reads an EtherType, behind VLAN tags where there are any.
    private static func afterType(_ cursor: inout ByteCursor) -> Range<Int>? {
        for _ in 0...CaptureLimits.vlanTags {
            guard let type = cursor.uint16() else { return nil }
            if isInternet(type) { return cursor.rest }
            // 802.1Q, 802.1ad and the tag that came before it.
            guard [0x8100, 0x88a8, 0x9100].contains(type), cursor.uint16() != nil else { return nil }
        }
        return nil
    }

    private static func isInternet(_ type: UInt16) -> Bool { type == 0x0800 || type == 0x86dd }

    /// AF_INET, and AF_INET6 as NetBSD, FreeBSD, macOS and Linux number it.
    private static func isInternet(_ family: UInt32) -> Bool { [2, 24, 28, 30, 10].contains(family) }
}
