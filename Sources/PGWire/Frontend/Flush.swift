/// Flush (`H`): send the answers that are ready.
package struct Flush: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Flush {
        try MessageReader().finish(body)
        return Flush()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(FrontendTag.flush.rawValue, into: &bytes)
    }
}
