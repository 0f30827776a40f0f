/// Execute (`E`): run a portal, all of it or some rows.
package struct Execute: Equatable, Sendable {
    /// Where the portal's name stands in the body, without its NUL.
    package let portal: Range<Int>
    /// The most rows to return; 0 and below mean all.
    package let maximumRows: Int32

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> Execute {
        var reader = MessageReader()
        let portal = try reader.string(body)
        let maximumRows = try reader.int32(body)
        try reader.finish(body)
        return Execute(portal: portal, maximumRows: maximumRows)
    }

    package static func encode(
        portal: [UInt8], maximumRows: Int32 = 0, into bytes: inout [UInt8]
    ) throws(MessageError) {
        try MessageWriter.message(FrontendTag.execute.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            try MessageWriter.append(string: portal, to: &bytes)
            MessageWriter.append(maximumRows, to: &bytes)
        }
    }
}
