/// A file that holds one password and nothing else, so that a tool can change it while the gateway runs.
package enum PasswordFile {
    /// Bytes that it may have, the end of its line included.
    package static let limit = 4_096

    /// The password: the file's one line, without its end.
    ///
    /// - Throws: why it is none; the text goes on after the file's name, and holds nothing of its contents.
    package static func read(_ path: String) throws(PrivateFile.Mistake) -> Secret {
        var bytes = try PrivateFile.read(path, limit: limit)
        if bytes.last == 0x0a { bytes.removeLast() }
        if bytes.last == 0x0d { bytes.removeLast() }
        guard !bytes.isEmpty else { throw PrivateFile.Mistake("is empty; expected a password") }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw PrivateFile.Mistake("holds a control character; expected one line of text")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PrivateFile.Mistake("is not UTF-8; expected one line of text")
        }
        return Secret(text)
    }
}
