/// Base64url without padding, as JWS uses it (RFC 7515 section 2), and nothing else: no `=`, no other
/// alphabet, no white space, no bits left over. Two spellings of the same bytes would be two tokens with one
/// signature.
package enum Base64URL {
    package enum Mistake: Error, Hashable, Sendable {
        /// A byte that is not of the alphabet.
        case alphabet
        /// A length or leftover bits that no encoder produces: most often text that was cut.
        case cut
    }

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for (value, character) in alphabet.utf8.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// Throws `alphabet` for a byte that is not of the alphabet, `cut` for a length or leftover bits of no
    /// encoder.
    package static func decode(_ text: some Collection<UInt8>) throws(Mistake) -> [UInt8] {
        let table = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var held = 0
        for character in text {
            let value = table[Int(character)]
            guard value != 0xff else { throw .alphabet }
            bits = (bits << 6) | UInt32(value)
            held += 6
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
                bits &= (1 << UInt32(held)) - 1
            }
        }
        // A whole quantum leaves 0 bits, two or three characters 4 or 2; six mean a lone character.
        guard held < 6, bits == 0 else { throw .cut }
        return bytes
    }
}
