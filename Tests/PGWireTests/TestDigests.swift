import Crypto
import PGWire

/// The digests of swift-crypto, with PBKDF2 written as RFC 8018 has it for one block.
enum TestDigests: LoginDigests {
    static func sha256(_ data: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: data)) }

    static func hmacSHA256(key: [UInt8], data: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: data, using: SymmetricKey(data: key)))
    }

    static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var block = hmacSHA256(key: password, data: salt + [0, 0, 0, 1])
        var sum = block
        for _ in 1..<max(1, iterations) {
            block = hmacSHA256(key: password, data: block)
            for index in sum.indices { sum[index] ^= block[index] }
        }
        return sum
    }

    static func md5(_ data: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: data)) }
}

/// Digests for tests in which deriving a key would be a mistake.
enum CountedOutDigests: LoginDigests {
    static func sha256(_ data: [UInt8]) -> [UInt8] { TestDigests.sha256(data) }
    static func hmacSHA256(key: [UInt8], data: [UInt8]) -> [UInt8] {
        TestDigests.hmacSHA256(key: key, data: data)
    }
    static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] { [] }
    static func md5(_ data: [UInt8]) -> [UInt8] { TestDigests.md5(data) }
}
