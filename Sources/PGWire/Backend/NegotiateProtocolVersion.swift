/// NegotiateProtocolVersion (`v`): comes before authentication when the startup packet asked for a newer
/// version than is spoken, or for options of the protocol that are not known.
package struct NegotiateProtocolVersion: Equatable, Sendable {
    /// The newest version that the sender speaks, at most what was asked. All four bytes of it, as PostgreSQL
    /// sends it.
    package let version: ProtocolVersion
    package let unrecognizedOptions: [[UInt8]]

    package init(version: ProtocolVersion, unrecognizedOptions: [[UInt8]]) {
        self.version = version
        self.unrecognizedOptions = unrecognizedOptions
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> NegotiateProtocolVersion {
        var reader = MessageReader()
        let version = ProtocolVersion(code: try reader.uint32(body))
        let count = Int(try reader.int32(body))
        guard count >= 0 else { throw .invalidCount(count) }
        var options: [[UInt8]] = []
        // Not reserved: the count is the sender's claim.
        for _ in 0..<count { options.append(body.bytes(in: try reader.string(body))) }
        try reader.finish(body)
        return NegotiateProtocolVersion(version: version, unrecognizedOptions: options)
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.negotiateProtocolVersion.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            MessageWriter.append(version.code, to: &bytes)
            MessageWriter.append(try MessageWriter.length(unrecognizedOptions.count), to: &bytes)
            for option in unrecognizedOptions { try MessageWriter.append(string: option, to: &bytes) }
        }
    }
}
