import Foundation
import GatewayIdentity
import Testing

/// Which of the keys that an issuer publishes are used at all.
@Suite struct KeySetTests {
    /// How many keys of these entries can be used; 0 where the set is refused as empty.
    private func usable(_ entries: [String]) throws(KeySet.Mistake) -> Int {
        do throws(KeySet.Mistake) {
            return try KeySet(json: Array("{\"keys\":[\(entries.joined(separator: ","))]}".utf8)).count
        } catch .empty {
            return 0
        }
    }

    private func hexadecimal(_ text: String) -> Data {
        var (bytes, rest) = (Data(), text[...])
        while let byte = UInt8(rest.prefix(2), radix: 16) {
            bytes.append(byte)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    // MARK: RSA

    /// A modulus of this many bits: the highest and the lowest are set. That it has factors is nothing that is looked at.
    private func modulus(bits: Int) -> Data {
        var bytes = Data(repeating: 0, count: (bits + 7) / 8)
        bytes[0] = 1 << UInt8((bits - 1) % 8)
        bytes[bytes.count - 1] |= 1
        return bytes
    }

    private func rsa(_ modulus: Data, exponent: Data) -> String {
        let (n, e) = (SigningProvider.base64url(modulus), SigningProvider.base64url(exponent))
        return #"{"kty":"RSA","n":"\#(n)","e":"\#(e)"}"#
    }

    @Test(
        "RSA moduli of 2,048 to 8,192 bits are taken, one bit less or more is not",
        arguments: [(1024, 0), (2047, 0), (2048, 1), (2049, 1), (4096, 1), (8192, 1), (8193, 0), (16384, 0)])
    func modulusLength(bits: Int, count: Int) throws {
        #expect(try usable([rsa(modulus(bits: bits), exponent: Data([1, 0, 1]))]) == count)
    }

    @Test("Zero bytes before a modulus do not make it longer, and an even one is no modulus")
    func modulusForm() throws {
        let exponent = Data([1, 0, 1])
        #expect(try usable([rsa(Data([0, 0]) + modulus(bits: 2047), exponent: exponent)]) == 0)
        #expect(try usable([rsa(Data([0]) + modulus(bits: 2048), exponent: exponent)]) == 1)
        var even = modulus(bits: 2048)
        even[even.count - 1] = 2
        #expect(try usable([rsa(even, exponent: exponent)]) == 0)
        #expect(try usable([rsa(Data(), exponent: exponent)]) == 0)
    }

    @Test(
        "RSA exponents are odd, more than one, and have at most four bytes",
        arguments: [
            ("03", 1), ("11", 1), ("010001", 1), ("00010001", 1), ("", 0), ("00", 0), ("01", 0), ("0001", 0),
            ("02", 0), ("010000", 0), ("0100000001", 0),
        ])
    func exponents(exponent: String, count: Int) throws {
        #expect(try usable([rsa(modulus(bits: 2048), exponent: hexadecimal(exponent))]) == count)
    }

    // MARK: Ed25519

    /// y of every point whose order divides 8, and the spellings of 0 and 1 beyond the field's prime.
    static let smallOrder = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ]

    @Test(
        "An Ed25519 key of small order, for which anyone can sign, is no key, with either sign",
        arguments: smallOrder)
    func smallOrderKeys(point: String) throws {
        for sign in [UInt8(0), 0x80] {
            var bytes = hexadecimal(point)
            try #require(bytes.count == 32)
            bytes[31] |= sign
            let entry = #"{"kty":"OKP","crv":"Ed25519","x":"\#(SigningProvider.base64url(bytes))"}"#
            #expect(try usable([entry]) == 0)
        }
    }

    @Test("The public key of RFC 8032, section 7.1, test 1, is taken; one byte more or less is not")
    func ed25519() throws {
        let key = hexadecimal("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        for (bytes, count) in [(key, 1), (key.dropLast(), 0), (key + [0], 0)] {
            let x = SigningProvider.base64url(bytes)
            #expect(try usable([#"{"kty":"OKP","crv":"Ed25519","x":"\#(x)"}"#]) == count)
            #expect(try usable([#"{"kty":"OKP","crv":"X25519","x":"\#(x)"}"#]) == 0)
        }
    }

    // MARK: Limits

    @Test(
        "F-ID-05: a key's name of 256 bytes is taken, one byte more is not, and neither is one that is no string"
    )
    func names() throws {
        let key = SigningProvider("https://id.example.com")
        let text = String(decoding: key.jwks, as: UTF8.self)
        for (name, count) in [
            (#""\#(String(repeating: "k", count: 256))""#, 1),
            (#""\#(String(repeating: "k", count: 257))""#, 0),
            ("7", 0), ("null", 0), ("[]", 0),
        ] {
            let changed = text.replacingOccurrences(of: #""shared-name""#, with: name)
            let set = try? KeySet(json: Array(changed.utf8))
            #expect((set?.count ?? 0) == count, "\(name)")
        }
    }

    @Test("Two hundred entries of a set are looked at, and no more")
    func entries() throws {
        let text = String(decoding: SigningProvider("https://id.example.com").jwks, as: UTF8.self)
        let good = String(text.dropFirst(#"{"keys":["#.count).dropLast(2))
        #expect(try usable(Array(repeating: "7", count: 199) + [good]) == 1)
        #expect(try usable(Array(repeating: "7", count: 200) + [good]) == 0)
    }
}
