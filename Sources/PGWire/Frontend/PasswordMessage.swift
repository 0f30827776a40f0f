/// PasswordMessage (`p`): the answer to a request for a password, in clear text or as an MD5 hash.
package struct PasswordMessage: Equatable, Sendable {
    /// Where the password stands in the body, without its NUL.
    package let password: Range<Int>

    /// The password ends at the only NUL, the last byte (F-WIRE-32).
    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> PasswordMessage {
        var reader = MessageReader()
        let password = try reader.string(body)
        try reader.finish(body)
        return PasswordMessage(password: password)
    }

    package static func encode(password: [UInt8], into bytes: inout [UInt8]) throws(MessageError) {
        try MessageWriter.message(FrontendTag.password.rawValue, into: &bytes) {
            (bytes) throws(MessageError) in
            try MessageWriter.append(string: password, to: &bytes)
        }
    }
}
