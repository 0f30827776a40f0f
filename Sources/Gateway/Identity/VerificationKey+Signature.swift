import Crypto
import CryptoExtras
import Foundation
import GatewayConfiguration

extension VerificationKey {
    /// Whether the signature is this key's over these bytes by this algorithm (RFC 7518 sections 3.3 to 3.5,
    /// RFC 8037 section 3.1). ECDSA signatures are r and s as raw bytes; zero and out-of-range values fail in
    /// the library.
    func isValid(signature: [UInt8], of message: ArraySlice<UInt8>, algorithm: Algorithm) -> Bool {
        guard fits(algorithm), signature.count == signatureLength else { return false }
        switch material {
        case .rsa(let key, _): return Self.isValidRSA(signature, of: message, key, algorithm)
        case .p256(let key):
            guard let pair = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else {
                return false
            }
            return key.isValidSignature(pair, for: message)
        case .p384(let key):
            guard let pair = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else {
                return false
            }
            return key.isValidSignature(pair, for: message)
        case .p521(let key):
            guard let pair = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else {
                return false
            }
            return key.isValidSignature(pair, for: message)
        case .ed25519(let key): return key.isValidSignature(signature, for: message)
        }
    }

    private static func isValidRSA(
        _ bytes: [UInt8], of message: ArraySlice<UInt8>, _ key: _RSA.Signing.PublicKey, _ algorithm: Algorithm
    ) -> Bool {
        let signature = _RSA.Signing.RSASignature(rawRepresentation: bytes)
        switch algorithm {
        case .rs256:
            return key.isValidSignature(
                signature, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        case .rs384:
            return key.isValidSignature(
                signature, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
        case .rs512:
            return key.isValidSignature(
                signature, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
        case .ps256: return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .PSS)
        case .ps384: return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .PSS)
        case .ps512: return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .PSS)
        case .es256, .es384, .es512, .edDSA: return false
        }
    }
}
