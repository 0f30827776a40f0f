/// CopyDone (`c`, both directions): the end of a COPY's data.
package struct CopyDone: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> CopyDone {
        try MessageReader().finish(body)
        return CopyDone()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(FrontendTag.copyDone.rawValue, into: &bytes)
    }
}
