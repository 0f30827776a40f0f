/// BackendKeyData (`K`): what a CancelRequest of the session must hold.
package struct BackendKeyData: Equatable, Sendable {
    package let processID: Int32
    /// Four bytes in protocol 3.0, up to 256 from 3.2 on.
    package let key: [UInt8]

    package init(processID: Int32, key: [UInt8]) {
        self.processID = processID
        self.key = key
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> BackendKeyData {
        var reader = MessageReader()
        let processID = try reader.int32(body)
        let key = reader.rest(body)
        guard key.count >= WireLimits.cancelKey.lowerBound else {
            throw .insufficientData(needed: WireLimits.cancelKey.lowerBound, left: key.count)
        }
        guard key.count <= WireLimits.cancelKey.upperBound else {
            throw .trailingBytes(key.count &- WireLimits.cancelKey.upperBound)
        }
        return BackendKeyData(processID: processID, key: body.bytes(in: key))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        guard WireLimits.cancelKey.contains(key.count) else { throw .tooLong(key.count) }
        try MessageWriter.message(BackendTag.backendKeyData.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            MessageWriter.append(processID, to: &bytes)
            bytes.append(contentsOf: key)
        }
    }
}
