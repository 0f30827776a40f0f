/// A TCP segment's header, and where its data stands (RFC 9293, section 3.1). The checksum is not looked at: captures of
/// what the network card is yet to finish have wrong ones.
struct TCPSegment: Equatable {
    let sourcePort: UInt16
    let destinationPort: UInt16
    let sequence: UInt32
    let acknowledgement: UInt32
    let flags: Flags
    /// Where the captured part of its data stands.
    let data: Range<Int>
    /// Bytes of data that it had: more than `data` where the packet was cut.
    let dataLength: Int

    struct Flags: OptionSet {
        let rawValue: UInt8
        static let fin = Flags(rawValue: 0x01)
        static let syn = Flags(rawValue: 0x02)
        static let rst = Flags(rawValue: 0x04)
        static let ack = Flags(rawValue: 0x10)
    }

    /// nil where the header is cut or is none.
    init?(_ bytes: [UInt8], in packet: InternetPacket) {
        var cursor = ByteCursor(bytes, in: packet.payload)
        guard let source = cursor.uint16(), let destination = cursor.uint16(), let sequence = cursor.uint32(),
            let acknowledgement = cursor.uint32(), let offset = cursor.uint8(), let flags = cursor.uint8()
        else { return nil }
        let headerLength = Int(offset &>> 4) &* 4
        guard headerLength >= 20, headerLength <= packet.payloadLength else { return nil }
        sourcePort = source
        destinationPort = destination
        self.sequence = sequence
        self.acknowledgement = acknowledgement
        self.flags = Flags(rawValue: flags)
        let start = min(packet.payload.lowerBound &+ headerLength, packet.payload.upperBound)
        data = start..<packet.payload.upperBound
        dataLength = packet.payloadLength &- headerLength
    }
}
