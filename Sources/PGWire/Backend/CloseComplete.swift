/// CloseComplete (`3`): the answer to Close.
package struct CloseComplete: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> CloseComplete {
        try MessageReader().finish(body)
        return CloseComplete()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(BackendTag.closeComplete.rawValue, into: &bytes)
    }
}
