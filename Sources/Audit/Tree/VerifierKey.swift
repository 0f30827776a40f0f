import Crypto

/// The public key of a log, in the form of C2SP signed-note: `<name>+<key id>+<base64 of 0x01 and 32 bytes>`.
package struct VerifierKey: Sendable, Hashable, CustomStringConvertible {
    /// The log's origin.
    package let name: String
    /// First four bytes of the SHA-256 of name and key.
    package let id: UInt32
    /// Ed25519, 32 bytes.
    package let publicKey: [UInt8]

    /// signed-note's number for Ed25519.
    static let algorithm: UInt8 = 0x01
    /// Characters that a name may have.
    package static let nameLimit = 255

    /// - Returns: nil where the name is none (`isName`) or the key is no Ed25519 key.
    package init?(name: String, publicKey: [UInt8]) {
        guard VerifierKey.isName(name),
            (try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)) != nil
        else { return nil }
        self.name = name
        self.publicKey = publicKey
        let digest = Array(SHA256.hash(data: Array(name.utf8) + [0x0a, VerifierKey.algorithm] + publicKey))
        id = digest.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads what `description` writes.
    package init?(_ text: some StringProtocol) {
        // The key may have `+` in it, the name may not.
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64Text.bytes(parts[2]),
            bytes.first == VerifierKey.algorithm
        else { return nil }
        self.init(name: String(parts[0]), publicKey: Array(bytes.dropFirst()))
        guard parts[1] == idText else { return nil }
    }

    /// A name has no spaces, no control characters and no `+`: it stands in lines whose parts they divide.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= nameLimit
            && !text.unicodeScalars.contains {
                $0 == "+" || $0.properties.isWhitespace || $0.properties.generalCategory == .control
            }
    }

    /// Eight hex digits.
    package var idText: String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    package var description: String {
        "\(name)+\(idText)+" + Base64Text.of([VerifierKey.algorithm] + publicKey)
    }

    /// Whether a signature (64 bytes) is this key's over a text.
    func isValid(_ signature: [UInt8], over text: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: text)
    }
}
