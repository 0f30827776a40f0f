import COpenSSL
import Foundation
import PGWire

/// SCRAM's cryptography by OpenSSL, for the tests' own connections to a server.
private enum WireDigests: LoginDigests {
    static func sha256(_ data: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        SHA256(data, data.count, &out)
        return out
    }

    /// RFC 2104, written out: OpenSSL's one-call form is a macro.
    static func hmacSHA256(key: [UInt8], data: [UInt8]) -> [UInt8] {
        var block = key.count > 64 ? sha256(key) : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        return sha256(block.map { $0 ^ 0x5c } + sha256(block.map { $0 ^ 0x36 } + data))
    }

    static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 32)
        let text = password.map { CChar(bitPattern: $0) }
        let rounds = Int32(iterations)
        PKCS5_PBKDF2_HMAC(text, Int32(text.count), salt, Int32(salt.count), rounds, EVP_sha256(), 32, &out)
        return out
    }

    static func md5(_ data: [UInt8]) -> [UInt8] { [] }
}

extension RawClient {
    /// Logs in straight at the primary as one of the testbed's roles: the frames from AuthenticationOk on.
    func loginDirect(
        user: String, database: String, parameters: [(String, String)] = []
    ) throws -> [Frame] {
        try beginTLS(authority: Testbed.variable("DOMICILE_UPSTREAM_CA"), host: "127.0.0.1")
        let password = try Testbed.variable("DOMICILE_PASSWORD_\(user.uppercased())")
        var login = UpstreamLogin(digests: WireDigests.self)
        let credential = UpstreamCredential(
            user: Array(user.utf8), password: Array(password.utf8),
            nonce: Array(UUID().uuidString.utf8), isEncrypted: true)
        let all = [("database", database)] + parameters
        var action = login.start(
            parameters: all.map { StartupMessage.Parameter($0.0, $0.1) }, credential: credential)
        var frames: [Frame] = []
        while true {
            switch action {
            case .send(let bytes): try send(bytes)
            case .wait: break
            case .fail: return frames
            case .loggedIn: return frames
            }
            guard let frame = try readFrame() else { return frames }
            if frame.letter != "R" || frame.body == [0, 0, 0, 0] { frames.append(frame) }
            action = login.frameReceived(tag: frame.tag, body: frame.body.span)
        }
    }

    /// The primary itself, past the gateway.
    static func direct(
        user: String = "tester", database: String = "scratch", parameters: [(String, String)] = []
    ) throws -> RawClient {
        let client = try RawClient(
            host: "127.0.0.1", port: Int(Testbed.variable("DIRECT_PORT_EU_A")) ?? 0)
        let frames = try client.loginDirect(user: user, database: database, parameters: parameters)
        guard frames.last?.letter == "Z" else { throw Failure(description: "no direct login: \(frames)") }
        return client
    }

    /// Through the gateway as `tester`, who may do everything in `scratch`.
    static func through(
        _ testbed: Testbed, application: String = "wire", parameters: [(String, String)] = []
    ) throws -> RawClient {
        try greeted(testbed, application: application, parameters: parameters).client
    }

    /// As `through`, with the frames of the login.
    static func greeted(
        _ testbed: Testbed, application: String = "wire", parameters: [(String, String)] = []
    ) throws -> (client: RawClient, frames: [Frame]) {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        let named = [("user", "tester"), ("database", "scratch"), ("application_name", application)]
        let frames = try client.login(
            testbed, parameters: named + parameters, token: testbed.token(.conformance))
        guard frames.last?.letter == "Z" else {
            throw Failure(description: "no login: \(frames.map { $0.field("M") ?? $0.letter })")
        }
        return (client, frames)
    }

    /// The first column of each row of a simple query's answer.
    func values(_ sql: String) throws -> [String] {
        try send(AbuseFrames.query(sql))
        return try readFrames(until: "Z").filter { $0.letter == "D" }.map { row in
            let length = row.body[2..<6].reduce(0) { $0 << 8 | Int($1) }
            return String(decoding: row.body[6..<(6 + length)], as: UTF8.self)
        }
    }
}
