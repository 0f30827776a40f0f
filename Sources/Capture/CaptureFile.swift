/// A file of captured packets, pcap or pcapng. Broken files are read up to where they break: `fault` says where and how.
package struct CaptureFile: Sendable {
    /// The whole file.
    package let bytes: [UInt8]
    package internal(set) var packets: [CapturedPacket] = []
    /// What ended the reading early; nil where the file's end did.
    package internal(set) var fault: CaptureFault?

    /// Reads a file from its bytes. Never fails: what is no capture at all has no packets, and a fault.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.count <= CaptureLimits.file else {
            fault = CaptureFault(offset: 0, reason: .fileTooLong(bytes.count))
            return
        }
        var cursor = ByteCursor(bytes, in: 0..<4)
        guard let magic = cursor.uint32() else {
            fault = CaptureFault(offset: 0, reason: .notACapture)
            return
        }
        if magic == PcapngReader.sectionHeader {
            var reader = PcapngReader(bytes)
            reader.read()
            (packets, fault) = (reader.packets, reader.fault)
        } else if var reader = PcapReader(bytes, magic: magic) {
            reader.read()
            (packets, fault) = (reader.packets, reader.fault)
        } else {
            fault = CaptureFault(offset: 0, reason: .notACapture)
        }
    }
}

/// One packet of a file.
package struct CapturedPacket: Equatable, Sendable {
    /// Counted from 1, as other tools count.
    package let number: Int
    /// Nanoseconds since 1970 (UTC); nil where the file does not say.
    package let nanoseconds: Int64?
    package let link: LinkLayer.Kind
    /// Where the packet's bytes stand in the file.
    package let data: Range<Int>
    /// Bytes that the packet had on the wire: more than `data` where it was cut.
    package let originalLength: Int
}

/// Where and why a file cannot be read further.
package struct CaptureFault: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// Neither pcap nor pcapng.
        case notACapture
        case fileTooLong(Int)
        /// The file ends within a header, a packet or a block.
        case truncated
        case packetTooLong(Int)
        case blockLength(Int)
        /// The length at a block's end is not the one at its start.
        case blockLengthsDiffer(Int, Int)
        case byteOrder(UInt32)
        /// A packet of an interface that was not described, or of too many.
        case unknownInterface(Int)
        case tooManyInterfaces
    }

    /// Bytes from the file's start.
    package let offset: Int
    package let reason: Reason

    package init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String {
        let text =
            switch reason {
            case .notACapture: "this is neither a pcap nor a pcapng file"
            case .fileTooLong(let length): "\(length) bytes: at most \(CaptureLimits.file) are read"
            case .truncated: "the file ends here, within a header, a packet or a block"
            case .packetTooLong(let length): "a packet of \(length) bytes: at most \(CaptureLimits.packet)"
            case .blockLength(let length):
                "a block of \(length) bytes: expected 12 to \(CaptureLimits.block), in fours"
            case .blockLengthsDiffer(let first, let last):
                "a block of \(first) bytes that ends as one of \(last)"
            case .byteOrder(let magic): "a byte-order mark of \(magic)"
            case .unknownInterface(let index): "a packet of interface \(index), which is not described"
            case .tooManyInterfaces: "more than \(CaptureLimits.interfaces) interfaces"
            }
        return "byte \(offset): \(text)"
    }
}
