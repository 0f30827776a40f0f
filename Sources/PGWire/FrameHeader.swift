/// The first five bytes of a frame: its type and how many bytes of body follow (protocol, "Message Formats").
package struct FrameHeader: Equatable, Sendable {
    /// Who sends, and before or after login: each has its own types and limits.
    package enum Origin: Equatable, Sendable {
        /// An executor that has sent its startup packet and is not logged in: only `p`, at most 65,535 bytes.
        case executorAtLogin
        /// An executor that is logged in: `p` has no place any more.
        case executor
        /// A replica before its first ReadyForQuery.
        case replicaAtLogin
        case replica
    }

    /// The type, one of those of the origin: `FrontendTag` or `BackendTag`.
    package let tag: UInt8
    /// Bytes of body, from 0 to the limit of the type.
    package let bodyLength: Int

    package init(tag: UInt8, bodyLength: Int) {
        self.tag = tag
        self.bodyLength = bodyLength
    }

    /// Bytes of the whole frame.
    package var frameLength: Int { WireLimits.frameHeader &+ bodyLength }

    package var frontendTag: FrontendTag? { FrontendTag(rawValue: tag) }
    package var backendTag: BackendTag? { BackendTag(rawValue: tag) }

    /// Reads the header at `offset`; nil while fewer than five bytes are there. A type that has no place
    /// there is refused with its first byte, a wrong length with the fifth.
    package static func read(
        from bytes: Span<UInt8>, at offset: Int = 0, origin: Origin
    ) throws(FrameError) -> FrameHeader? {
        guard offset >= 0, offset < bytes.count else { return nil }
        let tag = bytes[offset]
        let limit = try limit(of: tag, origin: origin)
        guard bytes.count &- offset >= WireLimits.frameHeader else { return nil }
        let length =
            Int(bytes[offset &+ 1]) &<< 24 | Int(bytes[offset &+ 2]) &<< 16 | Int(bytes[offset &+ 3]) &<< 8
            | Int(bytes[offset &+ 4])
        guard length >= 4 else { throw .lengthTooShort(tag: tag, length: length) }
        guard length <= limit else { throw .lengthTooLong(tag: tag, length: length, limit: limit) }
        return FrameHeader(tag: tag, bodyLength: length &- 4)
    }

    private static func limit(of tag: UInt8, origin: Origin) throws(FrameError) -> Int {
        switch origin {
        case .executor:
            guard let limit = FrontendTag(rawValue: tag)?.limit else { throw .unexpectedTag(tag) }
            return limit
        case .replica:
            guard let limit = BackendTag(rawValue: tag)?.limit else { throw .unexpectedTag(tag) }
            return limit
        case .executorAtLogin:
            guard tag == FrontendTag.password.rawValue else { throw .unexpectedTag(tag) }
            return WireLimits.loginMessage
        case .replicaAtLogin:
            guard BackendTag(rawValue: tag) != nil else { throw .unexpectedTag(tag) }
            return WireLimits.replicaLoginMessage
        }
    }
}

/// Why bytes are no frame. The connection cannot go on: where the next frame begins is not known. PostgreSQL
/// closes without a message for a wrong length, and with 08P01 for a type it does not know.
package enum FrameError: Error, Equatable, Sendable {
    /// No type of that side, or none that may come at that time.
    case unexpectedTag(UInt8)
    /// Below the length word's own four bytes.
    case lengthTooShort(tag: UInt8, length: Int)
    case lengthTooLong(tag: UInt8, length: Int, limit: Int)
}
