/// What SCRAM-SHA-256 derives from a password and a salt, kept so that the costly part is done once (RFC
/// 5802, section 3). As good as the password at servers that share the salt: never printed. They belong to
/// one role and password; whoever keeps them keeps them with those.
package struct ScramKeys: Equatable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    let salt: [UInt8]
    let iterations: Int
    let clientKey: [UInt8]
    let serverKey: [UInt8]

    /// Derives the keys: `iterations` HMACs and two more.
    init<Digests: LoginDigests>(
        password: [UInt8], salt: [UInt8], iterations: Int, digests: Digests.Type
    ) {
        let salted = Digests.pbkdf2SHA256(password: password, salt: salt, iterations: iterations)
        self.salt = salt
        self.iterations = iterations
        clientKey = Digests.hmacSHA256(key: salted, data: Array("Client Key".utf8))
        serverKey = Digests.hmacSHA256(key: salted, data: Array("Server Key".utf8))
    }

    func belong(to salt: [UInt8], iterations: Int) -> Bool {
        self.salt == salt && self.iterations == iterations
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
