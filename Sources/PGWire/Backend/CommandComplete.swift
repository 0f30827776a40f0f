/// CommandComplete (`C`): a statement has ended well.
package struct CommandComplete: Equatable, Sendable {
    /// Where the command tag stands in the body, without its NUL: `INSERT 0 5`, `SELECT 1`.
    package let commandTag: Range<Int>

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> CommandComplete {
        var reader = MessageReader()
        let commandTag = try reader.string(body)
        try reader.finish(body)
        return CommandComplete(commandTag: commandTag)
    }

    package static func encode(commandTag: [UInt8], into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(BackendTag.commandComplete.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            try MessageWriter.append(string: commandTag, to: &bytes)
        }
    }
}
