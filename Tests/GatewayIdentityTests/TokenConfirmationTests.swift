import GatewayIdentity
import GatewayPolicy
import Testing

@Suite("cnf: tokens that are bound to a key")
struct TokenConfirmationTests {
    /// The example of RFC 8705 section 3.1, and its bytes by `base64 -d | xxd`.
    static let example = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"
    static let thumbprint: [UInt8] = [
        0x6f, 0x07, 0x0a, 0xd1, 0xeb, 0x1c, 0xdc, 0x00, 0x82, 0xdc, 0x30, 0x76, 0x63, 0x9f, 0xe5, 0x11,
        0x2b, 0x17, 0x13, 0xca, 0x3d, 0x96, 0xd7, 0x34, 0xe4, 0xef, 0x3d, 0x8d, 0xd3, 0x7e, 0x76, 0x0d,
    ]
    /// The last character of the RFC's example leaves bits over; this is the same digest as encoders write it.
    static let canonical = "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg0"

    private static func cnf(_ members: [String: ClaimValue]) throws(TokenRefusal) -> TokenConfirmation? {
        try TokenConfirmation.read(.object(members))
    }

    @Test("A token without cnf is bound to nobody")
    func unbound() throws {
        let confirmation = try TokenConfirmation.read(nil)
        #expect(confirmation == nil)
    }

    @Test("x5t#S256 is the digest of the one certificate, whatever stands beside it")
    func certificate() throws {
        let expected = TokenConfirmation.certificate(thumbprint: Self.thumbprint)
        #expect(try Self.cnf(["x5t#S256": .string(Self.canonical)]) == expected)
        #expect(try Self.cnf(["x5t#S256": .string(Self.canonical), "kid": .string("k")]) == expected)
    }

    @Test(
        "A cnf of which nothing can be proved here is refused whatever is shown",
        arguments: [
            [:], ["jkt": .string(canonical)], ["jwk": .object([:])], ["kid": .string("k")],
            ["x5t": .string(canonical)], ["x5t#s256": .string(canonical)], ["x5c": .array([])],
        ] as [[String: ClaimValue]])
    func unprovable(members: [String: ClaimValue]) throws {
        let confirmation = try #require(try Self.cnf(members))
        #expect(confirmation == .unprovable)
        for certificate in [nil, Self.thumbprint] {
            #expect(throws: TokenConfirmation.Failure.unprovable) {
                try confirmation.check(certificate: certificate)
            }
        }
    }

    @Test(
        "A cnf that is malformed is no cnf: the token is refused",
        arguments: [
            .null, .bool(true), .integer(1), .string(canonical), .array([]),
            .object(["x5t#S256": .null]), .object(["x5t#S256": .integer(1)]),
            .object(["x5t#S256": .string("")]),
            .object(["x5t#S256": .array([.string(canonical)])]),
            // A character less and more, padding, the other alphabet, bits left over.
            .object(["x5t#S256": .string(String(canonical.dropLast()))]),
            .object(["x5t#S256": .string(canonical + "AA")]), .object(["x5t#S256": .string(canonical + "=")]),
            .object(["x5t#S256": .string(canonical.replacing("_", with: "/"))]),
            .object(["x5t#S256": .string(example)]),
        ] as [ClaimValue])
    func malformed(claim: ClaimValue) {
        #expect(throws: TokenRefusal.confirmation) { try TokenConfirmation.read(claim) }
    }

    @Test("The certificate must be the very one: none, another, or a part of its digest is refused")
    func check() throws {
        let confirmation = TokenConfirmation.certificate(thumbprint: Self.thumbprint)
        try confirmation.check(certificate: Self.thumbprint)
        #expect(throws: TokenConfirmation.Failure.noCertificate) { try confirmation.check(certificate: nil) }
        var others = [
            [], Array(Self.thumbprint.dropLast()), Self.thumbprint + [0], Array(repeating: 0, count: 32),
        ]
        for bit in 0..<256 {
            var other = Self.thumbprint
            other[bit / 8] ^= 1 << UInt8(bit % 8)
            others.append(other)
        }
        for other in others {
            #expect(throws: TokenConfirmation.Failure.otherCertificate) {
                try confirmation.check(certificate: other)
            }
        }
    }
}
