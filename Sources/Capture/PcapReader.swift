/// The classic format of tcpdump: a header of 24 bytes, then packets, each behind 16 bytes (draft-ietf-opsawg-pcap).
struct PcapReader {
    private let bytes: [UInt8]
    private let littleEndian: Bool
    private let nanosecondsPerUnit: Int64
    private(set) var packets: [CapturedPacket] = []
    private(set) var fault: CaptureFault?

    /// `magic` is the file's first word, read with the high byte first; nil where it is none of this format.
    init?(_ bytes: [UInt8], magic: UInt32) {
        self.bytes = bytes
        switch magic {
        case 0xa1b2_c3d4: (littleEndian, nanosecondsPerUnit) = (false, 1_000)
        case 0xd4c3_b2a1: (littleEndian, nanosecondsPerUnit) = (true, 1_000)
        case 0xa1b2_3c4d: (littleEndian, nanosecondsPerUnit) = (false, 1)
        case 0x4d3c_b2a1: (littleEndian, nanosecondsPerUnit) = (true, 1)
        default: return nil
        }
    }

    mutating func read() {
        var cursor = ByteCursor(bytes, in: 0..<bytes.count)
        // Magic, version, two words without use, the snap length, which is no promise.
        guard cursor.take(20) != nil, let network = cursor.uint32(littleEndian: littleEndian) else {
            return fail(at: 0, .truncated)
        }
        // The upper bits tell of a checksum behind each Ethernet frame; the IP header says where data ends.
        let link = LinkLayer.Kind(code: network & 0xffff)
        while cursor.left > 0 {
            let start = cursor.position
            guard let seconds = cursor.uint32(littleEndian: littleEndian),
                let fraction = cursor.uint32(littleEndian: littleEndian),
                let captured = cursor.uint32(littleEndian: littleEndian),
                let original = cursor.uint32(littleEndian: littleEndian)
            else { return fail(at: start, .truncated) }
            guard captured <= CaptureLimits.packet else {
                return fail(at: start, .packetTooLong(Int(captured)))
            }
            guard let data = cursor.take(Int(captured)) else { return fail(at: start, .truncated) }
            packets.append(
                CapturedPacket(
                    number: packets.count &+ 1,
                    nanoseconds: Int64(seconds) &* 1_000_000_000 &+ Int64(fraction) &* nanosecondsPerUnit,
                    link: link, data: data, originalLength: Int(original)))
        }
    }

    private mutating func fail(at offset: Int, _ reason: CaptureFault.Reason) {
        fault = CaptureFault(offset: offset, reason: reason)
    }
}
