import Crypto
import Foundation

/// The private key that signs a log's checkpoints: Ed25519 (RFC 8032). Never printed.
package struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    private let key: Curve25519.Signing.PrivateKey

    /// A new key.
    package init() { key = Curve25519.Signing.PrivateKey() }

    private init(_ key: Curve25519.Signing.PrivateKey) { self.key = key }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    package var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    /// The key as one who checks the log of an origin has it; nil where the origin is no name.
    package func verifier(of origin: String) -> VerifierKey? {
        VerifierKey(name: origin, publicKey: publicKey)
    }

    /// Signs a text in the name of an origin; nil where that is no name, or the library refuses.
    package func sign(_ text: [UInt8], as origin: String) -> SignedNote? {
        guard let verifier = verifier(of: origin), let signature = try? key.signature(for: text) else {
            return nil
        }
        return SignedNote(
            text: text,
            signatures: [SignedNote.Signature(name: origin, id: verifier.id, bytes: Array(signature))])
    }
}

// MARK: - PEM

extension SigningKey {
    /// What stands before an Ed25519 key's 32 bytes in PKCS #8 (RFC 8410 section 7).
    private static let prefix: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]
    private static let begin = "-----BEGIN PRIVATE KEY-----"
    private static let end = "-----END PRIVATE KEY-----"
    /// Keys that a file may hold.
    package static let limit = 100

    /// The key as PKCS #8 in PEM (RFC 7468), as `openssl genpkey -algorithm ed25519` writes it.
    package var pem: String {
        let text = Base64Text.of(SigningKey.prefix + key.rawRepresentation)
        return "\(SigningKey.begin)\n\(text)\n\(SigningKey.end)\n"
    }

    /// The keys in a file's text, in their order; nil where one of them is no Ed25519 key, or there is none, or text stands
    /// between them other than lines that begin with `#`.
    package static func keys(inPEM text: String) -> [SigningKey]? {
        var keys: [SigningKey] = []
        var body: String?
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line == begin {
                guard body == nil else { return nil }
                body = ""
            } else if line == end {
                guard let read = body, let data = Base64Text.bytes(read), data.starts(with: prefix),
                    let key = try? Curve25519.Signing.PrivateKey(
                        rawRepresentation: data.dropFirst(prefix.count))
                else { return nil }
                keys.append(SigningKey(key))
                body = nil
            } else if let read = body {
                body = read + line
            } else if !line.isEmpty && !line.hasPrefix("#") {
                return nil
            }
        }
        guard body == nil, !keys.isEmpty, keys.count <= limit else { return nil }
        return keys
    }
}
