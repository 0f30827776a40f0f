/// CancelRequest: a startup packet on a connection of its own, which is never answered, only closed.
package struct CancelRequest: Equatable, Sendable {
    package let processID: Int32
    /// 4 to 256 bytes; must be compared in constant time.
    package let key: [UInt8]

    package init(processID: Int32, key: [UInt8]) {
        self.processID = processID
        self.key = key
    }

    /// Decodes a packet without its length word.
    package static func decode(_ packet: Span<UInt8>) throws(StartupError) -> CancelRequest {
        let length = packet.count &+ 4
        guard WireLimits.cancelKey.contains(packet.count &- 8) else { throw .invalidLength(length) }
        var reader = MessageReader()
        guard let code = try? reader.uint32(packet), code == StartupRequest.cancelCode,
            let processID = try? reader.int32(packet)
        else { throw .invalidLength(length) }
        return CancelRequest(processID: processID, key: packet.bytes(in: reader.rest(packet)))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        guard WireLimits.cancelKey.contains(key.count) else { throw .tooLong(key.count) }
        try MessageWriter.message(nil, into: &bytes) { (bytes) throws(MessageError) in
            MessageWriter.append(StartupRequest.cancelCode, to: &bytes)
            MessageWriter.append(processID, to: &bytes)
            bytes.append(contentsOf: key)
        }
    }
}
