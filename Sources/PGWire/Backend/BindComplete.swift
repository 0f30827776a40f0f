/// BindComplete (`2`): the answer to Bind.
package struct BindComplete: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> BindComplete {
        try MessageReader().finish(body)
        return BindComplete()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(BackendTag.bindComplete.rawValue, into: &bytes)
    }
}
