import Foundation
import Gateway

/// What a server keeps of a password, as ALTER ROLE takes it in a password's place (RFC 5803, and PostgreSQL's
/// `pg_authid.rolpassword`). The password cannot be had from it where it is as long as those that `init` makes.
enum ScramVerifier {
    /// PostgreSQL's own number (`SCRAM_SHA_256_DEFAULT_ITERATIONS`).
    private static let iterations = 4096
    private static let saltBytes = 16

    /// - Parameter password: nil is returned where it is not printable ASCII, which servers prepare by SASLprep first.
    static func text(of password: [UInt8]) -> String? {
        guard !password.isEmpty, password.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<saltBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let salted = LoginCrypto.pbkdf2SHA256(password: password, salt: salt, iterations: iterations)
        let stored = LoginCrypto.sha256(
            LoginCrypto.hmacSHA256(key: salted, data: Array("Client Key".utf8)))
        let server = LoginCrypto.hmacSHA256(key: salted, data: Array("Server Key".utf8))
        return "SCRAM-SHA-256$\(iterations):\(base64(salt))$\(base64(stored)):\(base64(server))"
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
