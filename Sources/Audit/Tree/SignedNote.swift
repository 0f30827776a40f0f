import Foundation

/// A text with signatures under it: C2SP signed-note.
///
/// `text`, which ends in a newline, an empty line, then a line `— <name> <base64 of key id and signature>` for each signature.
package struct SignedNote: Sendable, Equatable {
    package struct Signature: Sendable, Equatable {
        package let name: String
        package let id: UInt32
        package let bytes: [UInt8]
    }

    /// Bytes that a note may have.
    package static let limit = 1 << 20
    /// Signatures that a note may have.
    package static let signatureLimit = 100

    package let text: [UInt8]
    package private(set) var signatures: [Signature]

    init(text: [UInt8], signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }

    /// Reads a note; nil where it is none: not UTF-8, control characters but newlines, no signature, too large.
    package init?(_ bytes: some BidirectionalCollection<UInt8>) {
        guard bytes.count <= SignedNote.limit, bytes.last == 0x0a,
            let note = String(validating: bytes, as: UTF8.self),
            !bytes.contains(where: { $0 < 0x20 && $0 != 0x0a })
        else { return nil }
        guard let divide = note.range(of: "\n\n", options: .backwards) else { return nil }
        text = Array(note[..<divide.lowerBound].utf8) + [0x0a]
        signatures = []
        let lines = note[divide.upperBound...].dropLast().split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count <= SignedNote.signatureLimit else { return nil }
        for line in lines {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "—", VerifierKey.isName(String(parts[1])),
                let value = Base64Text.bytes(parts[2]), value.count > 4
            else { return nil }
            signatures.append(
                Signature(
                    name: String(parts[1]), id: value.prefix(4).reduce(0) { $0 << 8 | UInt32($1) },
                    bytes: Array(value.dropFirst(4))))
        }
        guard !signatures.isEmpty else { return nil }
    }

    package var bytes: [UInt8] {
        var out = text + [0x0a]
        for signature in signatures {
            let id = (0..<4).map { UInt8(truncatingIfNeeded: signature.id >> UInt32(24 - 8 * $0)) }
            let value = Base64Text.of(id + signature.bytes)
            out += Array("— \(signature.name) \(value)\n".utf8)
        }
        return out
    }

    /// The first of the keys that signed the note. A signature in a key's name and with its id that is not valid makes the
    /// note worthless.
    package func signer(among keys: [VerifierKey]) -> VerifierKey? {
        var found: VerifierKey?
        for signature in signatures {
            for key in keys where key.name == signature.name && key.id == signature.id {
                guard key.isValid(signature.bytes, over: text) else { return nil }
                found = found ?? key
            }
        }
        return found
    }
}
