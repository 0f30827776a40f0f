/// NotificationResponse (`A`): a NOTIFY on a channel the session listens to; answers nothing and may come at
/// any time.
package struct NotificationResponse: Equatable, Sendable {
    package let processID: Int32
    package let channel: [UInt8]
    package let payload: [UInt8]

    package init(processID: Int32, channel: [UInt8], payload: [UInt8]) {
        self.processID = processID
        self.channel = channel
        self.payload = payload
    }

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> NotificationResponse {
        var reader = MessageReader()
        let processID = try reader.int32(body)
        let channel = try reader.string(body)
        let payload = try reader.string(body)
        try reader.finish(body)
        return NotificationResponse(
            processID: processID, channel: body.bytes(in: channel), payload: body.bytes(in: payload))
    }

    package func encode(into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.notificationResponse.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            MessageWriter.append(processID, to: &bytes)
            try MessageWriter.append(string: channel, to: &bytes)
            try MessageWriter.append(string: payload, to: &bytes)
        }
    }
}
