/// NoData (`n`): the answer to Describe of what returns no rows.
package struct NoData: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> NoData {
        try MessageReader().finish(body)
        return NoData()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(BackendTag.noData.rawValue, into: &bytes)
    }
}
