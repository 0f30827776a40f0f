import Foundation

/// Base64 (RFC 4648 section 4), read strictly: what is read is written the same again, so that no character of a text can be
/// changed without its bytes changing.
package enum Base64Text {
    package static func of(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }

    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        guard let data = Data(base64Encoded: String(text)), data.base64EncodedString() == text else {
            return nil
        }
        return Array(data)
    }
}
