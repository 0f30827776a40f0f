/// Sync (`S`): the end of a pipeline: the transaction, if implicit, ends, and ReadyForQuery comes.
package struct Sync: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Sync {
        try MessageReader().finish(body)
        return Sync()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(FrontendTag.sync.rawValue, into: &bytes)
    }
}
