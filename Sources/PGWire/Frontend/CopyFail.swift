/// CopyFail (`f`): the executor gives up its COPY; the statement fails with this reason.
package struct CopyFail: Equatable, Sendable {
    /// Where the reason stands in the body, without its NUL.
    package let reason: Range<Int>

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> CopyFail {
        var reader = MessageReader()
        let reason = try reader.string(body)
        try reader.finish(body)
        return CopyFail(reason: reason)
    }

    package static func encode(reason: [UInt8], into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(FrontendTag.copyFail.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            try MessageWriter.append(string: reason, to: &bytes)
        }
    }
}
