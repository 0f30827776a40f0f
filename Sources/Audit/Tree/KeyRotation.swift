/// The text by which a log's old key names its successor; the old key signs it, as a note, in a `log.rotated_key` record.
package enum KeyRotation {
    private static let heading = "domicile key rotation"

    /// Three lines: the heading, the log's origin, the new key.
    package static func text(of new: VerifierKey) -> [UInt8] {
        Array("\(heading)\n\(new.name)\n\(new)\n".utf8)
    }

    /// The key that such a text names; nil where it is none, or of another log.
    package static func key(in text: [UInt8], of origin: String) -> VerifierKey? {
        let lines = String(decoding: text, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, lines[0] == heading[...], lines[1] == origin[...], lines[3].isEmpty,
            let key = VerifierKey(lines[2]), key.name == origin
        else { return nil }
        return key
    }
}
