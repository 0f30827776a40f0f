/// ParseComplete (`1`): the answer to Parse.
package struct ParseComplete: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> ParseComplete {
        try MessageReader().finish(body)
        return ParseComplete()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(BackendTag.parseComplete.rawValue, into: &bytes)
    }
}
