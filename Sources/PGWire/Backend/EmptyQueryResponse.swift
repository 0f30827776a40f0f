/// EmptyQueryResponse (`I`): the end of a statement text that holds no statement.
package struct EmptyQueryResponse: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> EmptyQueryResponse {
        try MessageReader().finish(body)
        return EmptyQueryResponse()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(BackendTag.emptyQueryResponse.rawValue, into: &bytes)
    }
}
