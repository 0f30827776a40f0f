/// The first packet of a connection, or the next after a request for encryption was answered: the only
/// packets without a type byte. What they are stands where a startup packet has its version.
package enum StartupRequest: Equatable, Sendable {
    case sslRequest
    case gssencRequest
    case cancelRequest(CancelRequest)
    case startupMessage(StartupMessage)

    static let sslCode: UInt32 = 80_877_103
    static let gssencCode: UInt32 = 80_877_104
    static let cancelCode: UInt32 = 80_877_102

    /// Bytes of the packet at `offset`, its length word included; nil while fewer than four bytes are there.
    package static func length(in bytes: Span<UInt8>, at offset: Int = 0) throws(StartupError) -> Int? {
        guard offset >= 0, bytes.count &- offset >= 4 else { return nil }
        let length =
            Int(bytes[offset]) &<< 24 | Int(bytes[offset &+ 1]) &<< 16 | Int(bytes[offset &+ 2]) &<< 8
            | Int(bytes[offset &+ 3])
        guard length >= 8, length <= WireLimits.startupPacket &+ 4 else { throw .invalidLength(length) }
        return length
    }

    /// Reads the packet at `offset`; nil while it is not complete. What follows behind it is left alone:
    /// `length` says where it ends, and a caller that then changes to TLS must find nothing there
    /// (F-WIRE-01).
    package static func read(
        from bytes: Span<UInt8>, at offset: Int = 0
    ) throws(StartupError) -> (request: StartupRequest, length: Int)? {
        guard let length = try length(in: bytes, at: offset), bytes.count &- offset >= length else {
            return nil
        }
        let packet = bytes.extracting(offset &+ 4..<offset &+ length)
        return (try decode(packet), length)
    }

    /// Decodes a packet without its length word.
    package static func decode(_ packet: Span<UInt8>) throws(StartupError) -> StartupRequest {
        guard packet.count >= 4, packet.count <= WireLimits.startupPacket else {
            throw .invalidLength(packet.count &+ 4)
        }
        var reader = MessageReader()
        guard let code = try? reader.uint32(packet) else { throw .invalidLength(packet.count &+ 4) }
        switch code {
        case sslCode:
            guard packet.count == 4 else { throw .invalidLength(packet.count &+ 4) }
            return .sslRequest
        case gssencCode:
            guard packet.count == 4 else { throw .invalidLength(packet.count &+ 4) }
            return .gssencRequest
        case cancelCode:
            return .cancelRequest(try CancelRequest.decode(packet))
        default:
            return .startupMessage(try StartupMessage.decode(packet))
        }
    }
}

/// Why a startup packet is refused.
package enum StartupError: Error, Equatable, Sendable {
    /// The length word is out of bounds, or wrong for what the packet is. PostgreSQL closes without a
    /// message.
    case invalidLength(Int)
    /// Not 3.x: PostgreSQL answers 0A000, in the form of protocol 2.0 to those who ask for less than 3.0.
    case unsupportedProtocol(major: Int, minor: Int)
    /// The parameters do not end where the packet does, or a name has no value: 08P01.
    case invalidLayout
}
