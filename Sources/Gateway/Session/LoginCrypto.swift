import Crypto
import CryptoExtras
import Foundation
import PGWire
import Synchronization

/// What PostgreSQL's login methods need of cryptography, by swift-crypto.
package struct LoginCrypto: LoginDigests {
    package static func sha256(_ data: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: data)) }

    package static func hmacSHA256(key: [UInt8], data: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: data, using: SymmetricKey(data: key)))
    }

    /// RFC 8018 PBKDF2 with HMAC-SHA-256, one block of 32 bytes.
    package static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        let key = try? KDF.Insecure.PBKDF2.deriveKey(
            from: password, salt: salt, using: .sha256, outputByteCount: 32, unsafeUncheckedRounds: iterations
        )
        return key?.withUnsafeBytes { Array($0) } ?? []
    }

    package static func md5(_ data: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: data)) }
}

/// SCRAM keys of the roles that were logged in as: PBKDF2 costs milliseconds, and a verifier's salt seldom changes.
final class ScramKeyCache: Sendable {
    private let keys = Mutex<[String: ScramKeys]>([:])
    private static let limit = 1024

    func keys(of name: String) -> ScramKeys? { keys.withLock { $0[name] } }

    func keep(_ fresh: ScramKeys, of name: String) {
        keys.withLock { keys in
            if keys.count >= ScramKeyCache.limit { keys.removeAll() }
            keys[name] = fresh
        }
    }
}
