import Crypto

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
package struct StreamDigest: Sendable {
    private var hash = SHA256()
    package private(set) var bytes = 0

    package init() {}

    package mutating func update(_ piece: Span<UInt8>) {
        Digest.update(&hash, piece)
        bytes &+= piece.count
    }

    /// Of all that came so far: `sha256:` and 64 hex digits.
    package var text: String {
        var text: [UInt8] = Array("sha256:".utf8)
        JSONText.appendHex(hash.finalize(), to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}
