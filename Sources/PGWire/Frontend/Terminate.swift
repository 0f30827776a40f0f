/// Terminate (`X`): the executor leaves.
package struct Terminate: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Terminate {
        try MessageReader().finish(body)
        return Terminate()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(FrontendTag.terminate.rawValue, into: &bytes)
    }
}
