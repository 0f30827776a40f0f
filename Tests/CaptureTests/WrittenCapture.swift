/// A capture file written by hand.
struct WrittenCapture {
    enum Format: CaseIterable {
        case pcap, pcapNanoseconds, pcapng, pcapngSimple
    }

    enum Link: UInt32, CaseIterable {
        case null = 0
        case ethernet = 1
        case raw = 101
        case cooked = 113
        case cookedV2 = 276
    }

    var packets: [WrittenPacket]
    var format = Format.pcap
    var link = Link.ethernet
    var version = WrittenPacket.Version.four
    var littleEndian = true
    var vlanTags = 0

    /// 2020-02-29 00:00:00.000001 and a second for each packet.
    static let firstSecond: UInt32 = 1_582_934_400

    var bytes: [UInt8] {
        switch format {
        case .pcap, .pcapNanoseconds: pcap
        case .pcapng, .pcapngSimple: pcapng
        }
    }

    private func order(_ bytes: [UInt8]) -> [UInt8] { littleEndian ? bytes.reversed() : bytes }
    private func word(_ value: UInt32) -> [UInt8] { order(big(value)) }
    private func half(_ value: UInt16) -> [UInt8] { order(big(value)) }

    private func frame(_ packet: WrittenPacket) -> [UInt8] {
        let internet = packet.internet(version)
        let type: UInt16 = version == .four ? 0x0800 : 0x86dd
        switch link {
        case .null: return word(version == .four ? 2 : 30) + internet
        case .raw: return internet
        case .ethernet:
            let tags = (0..<vlanTags).flatMap { _ in big(UInt16(0x8100)) + big(UInt16(7)) }
            // An Ethernet frame has at least 60 bytes; what fills it up is no data.
            let frame = Array(repeating: 2, count: 12) + tags + big(type) + internet
            return frame + Array(repeating: 0xee, count: max(0, 60 - frame.count))
        case .cooked: return Array(repeating: 0, count: 14) + big(type) + internet
        case .cookedV2: return big(type) + Array(repeating: 0, count: 18) + internet
        }
    }

    private var pcap: [UInt8] {
        let magic: UInt32 = format == .pcap ? 0xa1b2_c3d4 : 0xa1b2_3c4d
        var file = word(magic) + half(2) + half(4) + word(0) + word(0) + word(262_144) + word(link.rawValue)
        for (index, packet) in packets.enumerated() {
            let frame = frame(packet)
            let kept = frame.dropLast(packet.cut)
            file += word(Self.firstSecond + UInt32(index)) + word(format == .pcap ? 1 : 1_000)
            file += word(UInt32(kept.count)) + word(UInt32(frame.count)) + kept
        }
        return file
    }

    private var pcapng: [UInt8] {
        var file = block(0x0a0d_0d0a, word(0x1a2b_3c4d) + half(1) + half(0) + word(.max) + word(.max))
        // Options: a name, and nanoseconds.
        let options =
            half(2) + half(2) + [0x6c, 0x6f, 0, 0] + half(9) + half(1) + [9, 0, 0, 0] + half(0) + half(0)
        file += block(1, half(UInt16(link.rawValue)) + half(0) + word(0) + options)
        // A block of statistics, which is passed over.
        file += block(5, word(0) + word(0) + word(0))
        for (index, packet) in packets.enumerated() {
            let frame = frame(packet)
            let kept = Array(frame.dropLast(packet.cut))
            let padded = kept + Array(repeating: 0, count: (4 - kept.count % 4) % 4)
            if format == .pcapngSimple {
                file += block(3, word(UInt32(frame.count)) + padded)
            } else {
                let time = UInt64(Self.firstSecond + UInt32(index)) * 1_000_000_000 + 1_000
                let stamp = word(UInt32(time >> 32)) + word(UInt32(truncatingIfNeeded: time))
                file += block(
                    6, word(0) + stamp + word(UInt32(kept.count)) + word(UInt32(frame.count)) + padded)
            }
        }
        return file
    }

    private func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let length = word(UInt32(body.count + 12))
        return word(type) + length + body + length
    }
}
