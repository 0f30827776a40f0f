import Crypto
import CryptoExtras
import Foundation
import GatewayConfiguration
import GatewayPolicy

/// One public key of an issuer, fit for signatures: a key has one type, and the type says which algorithms it
/// can be asked for (RFC 8725 sections 2.1 and 3.1).
struct VerificationKey: Sendable {
    /// Bits of an RSA modulus: fewer are breakable (RFC 7518 section 3.3), more cost a login's worth of CPU
    /// each.
    static let rsaBits = 2048...8192

    enum Material: Sendable {
        case rsa(_RSA.Signing.PublicKey, modulusBytes: Int)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// `kid` as bytes.
    let keyID: [UInt8]?
    /// `alg` of the JWK: where present the only one it is for.
    let algorithm: Algorithm?
    let material: Material

    /// A JWK (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2); nil where it is not understood,
    /// not for signatures, or not sound.
    init?(_ entry: ClaimValue) {
        guard case .object(let members) = entry, case .string(let type) = members["kty"] else { return nil }
        switch members["use"] {
        case nil: break
        case .string("sig"): break
        case .some: return nil
        }
        if let operations = members["key_ops"] {
            guard case .array(let names) = operations, names.contains(.string("verify")) else { return nil }
        }
        switch members["kid"] {
        case nil: keyID = nil
        case .string(let name) where name.utf8.count <= TokenHeader.keyIDLimit: keyID = Array(name.utf8)
        case .some: return nil
        }
        switch members["alg"] {
        case nil: algorithm = nil
        case .string(let name):
            guard let known = Algorithm.allCases.first(where: { $0.rawValue.utf8.elementsEqual(name.utf8) })
            else {
                return nil
            }
            algorithm = known
        case .some: return nil
        }
        switch type {
        case "RSA":
            guard let key = Self.rsa(members) else { return nil }
            material = key
        case "EC":
            guard let key = Self.ellipticCurve(members) else { return nil }
            material = key
        case "OKP":
            guard let key = Self.ed25519(members) else { return nil }
            material = key
        default: return nil
        }
        if let algorithm, !Self.fits(material, algorithm) { return nil }
    }

    func fits(_ wanted: Algorithm) -> Bool {
        Self.fits(material, wanted) && (algorithm == nil || algorithm == wanted)
    }

    /// Whether two entries hold the same key: issuers publish one twice.
    func isSameKey(as other: VerificationKey) -> Bool {
        switch (material, other.material) {
        case (.rsa(let one, _), .rsa(let two, _)): one.derRepresentation == two.derRepresentation
        case (.p256(let one), .p256(let two)): one.rawRepresentation == two.rawRepresentation
        case (.p384(let one), .p384(let two)): one.rawRepresentation == two.rawRepresentation
        case (.p521(let one), .p521(let two)): one.rawRepresentation == two.rawRepresentation
        case (.ed25519(let one), .ed25519(let two)): one.rawRepresentation == two.rawRepresentation
        case (.rsa, _), (.p256, _), (.p384, _), (.p521, _), (.ed25519, _): false
        }
    }

    /// Bytes of a signature by this key: the modulus's for RSA, r and s for ECDSA (RFC 7518 section 3.4).
    var signatureLength: Int {
        switch material {
        case .rsa(_, let modulusBytes): modulusBytes
        case .p256, .ed25519: 64
        case .p384: 96
        case .p521: 132
        }
    }

    private static func fits(_ material: Material, _ algorithm: Algorithm) -> Bool {
        switch (material, algorithm) {
        case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256), (.rsa, .ps384), (.rsa, .ps512):
            true
        case (.p256, .es256), (.p384, .es384), (.p521, .es512), (.ed25519, .edDSA): true
        case (.rsa, _), (.p256, _), (.p384, _), (.p521, _), (.ed25519, _): false
        }
    }

    // MARK: Reading

    private static func bytes(_ value: ClaimValue?) -> [UInt8]? {
        guard case .string(let text) = value else { return nil }
        return try? Base64URL.decode(text.utf8)
    }

    private static func rsa(_ members: [String: ClaimValue]) -> Material? {
        guard let rawModulus = bytes(members["n"]), let rawExponent = bytes(members["e"]) else { return nil }
        // Some issuers publish the sign byte of their ASN.1; the number is the same.
        let modulus = Array(rawModulus.drop { $0 == 0 })
        let exponent = Array(rawExponent.drop { $0 == 0 })
        guard let top = modulus.first, let low = modulus.last, low & 1 == 1 else { return nil }
        guard modulus.count <= rsaBits.upperBound / 8 else { return nil }
        guard rsaBits.contains(modulus.count * 8 - top.leadingZeroBitCount) else { return nil }
        guard let last = exponent.last, last & 1 == 1, exponent.count <= 4, exponent != [1] else {
            return nil
        }
        guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else { return nil }
        return .rsa(key, modulusBytes: modulus.count)
    }

    private static func ellipticCurve(_ members: [String: ClaimValue]) -> Material? {
        guard case .string(let curve) = members["crv"] else { return nil }
        guard let x = bytes(members["x"]), let y = bytes(members["y"]), x.count == y.count else { return nil }
        // Each initialiser checks that the point lies on its curve.
        let point = [4] + x + y
        switch (curve, x.count) {
        case ("P-256", 32): return (try? P256.Signing.PublicKey(x963Representation: point)).map(Material.p256)
        case ("P-384", 48): return (try? P384.Signing.PublicKey(x963Representation: point)).map(Material.p384)
        case ("P-521", 66): return (try? P521.Signing.PublicKey(x963Representation: point)).map(Material.p521)
        default: return nil
        }
    }

    private static func ed25519(_ members: [String: ClaimValue]) -> Material? {
        guard case .string("Ed25519") = members["crv"], let x = bytes(members["x"]), x.count == 32 else {
            return nil
        }
        guard !EdwardsPoint.hasSmallOrder(x) else { return nil }
        return (try? Curve25519.Signing.PublicKey(rawRepresentation: x)).map(Material.ed25519)
    }
}

/// Points of the Edwards curve for which anyone can make signatures (RFC 8032 section 5.1.7 leaves their
/// refusal to us).
enum EdwardsPoint {
    /// y of every point whose order divides 8, and the unreduced spellings of 0 and 1; the sign bit is not
    /// looked at.
    private static let smallOrder: [[UInt8]] = {
        func repeated(_ first: UInt8, _ middle: UInt8, _ last: UInt8) -> [UInt8] {
            [first] + [UInt8](repeating: middle, count: 30) + [last]
        }
        return [
            repeated(0x00, 0x00, 0x00), repeated(0x01, 0x00, 0x00),
            repeated(0xec, 0xff, 0x7f), repeated(0xed, 0xff, 0x7f), repeated(0xee, 0xff, 0x7f),
            [
                0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
                0xf0,
                0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc,
                0x05,
            ],
            [
                0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
                0x0f,
                0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03,
                0x7a,
            ],
        ]
    }()

    static func hasSmallOrder(_ point: [UInt8]) -> Bool {
        guard var last = point.last else { return true }
        last &= 0x7f
        let unsigned = Array(point.dropLast()) + [last]
        return smallOrder.contains(unsigned)
    }
}
