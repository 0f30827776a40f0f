/// The cryptography of the logins at replicas, which the gateway brings: this module imports nothing.
package protocol LoginDigests {
    /// 32 bytes.
    static func sha256(_ data: [UInt8]) -> [UInt8]
    /// 32 bytes.
    static func hmacSHA256(key: [UInt8], data: [UInt8]) -> [UInt8]
    /// 32 bytes: PBKDF2 with HMAC-SHA-256, which RFC 5802 calls Hi. The iterations are within `WireLimits`.
    static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8]
    /// 16 bytes. Only called where an upstream allows weak authentication.
    static func md5(_ data: [UInt8]) -> [UInt8]
}
