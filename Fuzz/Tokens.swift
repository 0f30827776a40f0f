import Crypto
import Foundation
import GatewayConfiguration
import GatewayIdentity
import GatewayPolicy
import Logging

/// A byte that says how, then a token as it came, or a header and a payload (a NUL between them) that are signed here:
/// rightly, with another's key, with the public key as a secret, with nothing. Only what the right key signed is
/// verified, and only where another JSON reader finds the same claims and they hold.
func run(_ input: [UInt8]) {
    guard let first = input.first, let how = Signer(rawValue: first & 7) else { return }
    let rest = Array(input.dropFirst())
    checkJSON(rest)
    guard how != .sentWhole else { return checkToken(rest, rest, payload: nil) }
    let parts = rest.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
    guard parts.count == 2 else { return }
    let covered = Array("\(encoded(parts[0])).\(encoded(parts[1]))".utf8)
    let signature = how.signature(of: covered)
    let token = covered + Array(".\(encoded(signature))".utf8)
    checkToken(token, covered, payload: how.isRight ? parts[1] : nil)
    // With one bit of the signature changed, and with one of what it covers.
    for place in [token.count - 2, covered.count / 2] {
        var changed = token
        changed[place] = changed[place] == 0x41 ? 0x42 : 0x41
        if changed != token { checkToken(changed, covered, payload: nil) }
    }
}

private let now: Int64 = 1_900_000_000
private let leeway: Int64 = 30

private enum Signer: UInt8 {
    case sentWhole, right, other, secret, nothing, zeros, otherAlgorithm

    static let rightKey = key(7)
    static let otherKey = key(8)
    private static let secondKey = P256Key.make()

    var isRight: Bool { self == .right || self == .otherAlgorithm }

    func signature(of covered: [UInt8]) -> [UInt8] {
        switch self {
        case .sentWhole, .nothing: []
        case .right: (try? Self.rightKey.signature(for: covered)).map(Array.init) ?? []
        case .other: (try? Self.otherKey.signature(for: covered)).map(Array.init) ?? []
        case .secret:
            Array(
                HMAC<SHA256>.authenticationCode(
                    for: covered, using: SymmetricKey(data: Self.rightKey.publicKey.rawRepresentation)))
        case .zeros: [UInt8](repeating: 0, count: 64)
        case .otherAlgorithm:
            (try? Self.secondKey.signature(for: covered)).map { Array($0.rawRepresentation) } ?? []
        }
    }

    static var jwks: String {
        let point = Array(secondKey.publicKey.rawRepresentation)
        return """
            {"keys": [
              {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "\(encoded(Array(rightKey.publicKey.rawRepresentation)))"},
              {"kty": "EC", "crv": "P-256", "kid": "k2", "x": "\(encoded(Array(point[..<32])))",
               "y": "\(encoded(Array(point[32...])))"}]}
            """
    }

    private static func key(_ byte: UInt8) -> Curve25519.Signing.PrivateKey {
        guard
            let key = try? Curve25519.Signing.PrivateKey(
                rawRepresentation: [UInt8](repeating: byte, count: 32))
        else { fatalError("no key") }
        return key
    }
}

private enum P256Key {
    static func make() -> P256.Signing.PrivateKey {
        guard let key = try? P256.Signing.PrivateKey(rawRepresentation: [UInt8](repeating: 9, count: 32))
        else {
            fatalError("no key")
        }
        return key
    }
}

/// RFC 4648 section 5, without padding.
private func encoded(_ bytes: [UInt8]) -> String {
    String(
        Data(bytes).base64EncodedString().compactMap { character in
            switch character {
            case "+": "-"
            case "/": "_"
            case "=": nil
            default: character
            }
        })
}

// MARK: - Tokens

/// - Parameters:
///   - covered: what a signature covers.
///   - payload: what the right key signed; nil where it signed nothing.
private func checkToken(_ token: [UInt8], _ covered: [UInt8], payload: [UInt8]?) {
    let answer = service.verify(token, now: now, afterFetch: true)
    check(service.verify(token, now: now, afterFetch: true) == answer, "the same token, the same answer")
    switch answer {
    case .needsKeys: check(false, "an answer behind the fetch")
    case .refused(let refusal):
        let text = refusal.detail + refusal.hint
        check(
            text.unicodeScalars.allSatisfy { (0x20..<0x7f).contains($0.value) }, "a refusal that can be shown"
        )
        check(!text.contains("exec-1"), "a refusal that tells nothing of the token")
    case .verified(let verified):
        guard let payload else { return check(false, "nothing is verified that the right key did not sign") }
        checkClaims(verified, payload)
    }
}

/// The claims as Foundation reads them: whether they hold at all, and are what was made of them.
private func checkClaims(_ verified: VerifiedToken, _ payload: [UInt8]) {
    guard let claims = try? JSONSerialization.jsonObject(with: Data(payload)) as? [String: Any] else {
        return check(false, "claims that another reader can read")
    }
    check(claims["iss"] as? String == "https://id.example.com", "the issuer")
    let audience = claims["aud"] as? [String] ?? (claims["aud"] as? String).map { [$0] } ?? []
    check(audience.contains("domicile"), "the audience")
    check(claims["sub"] as? String == verified.principal.subject, "the subject")
    check(!verified.principal.subject.isEmpty, "a subject")
    guard let expires = (claims["exp"] as? NSNumber)?.doubleValue else { return check(false, "an end") }
    check(Double(now) < expires + Double(leeway), "an end that has not come")
    check(Double(verified.expires) == expires.rounded(.down), "the end that was read")
    for name in ["nbf", "iat"] {
        guard let time = (claims[name] as? NSNumber)?.doubleValue else { continue }
        check(time <= Double(now + leeway), "\(name) is not in the future")
    }
}

private let service: IdentityService = {
    let text = """
        region: eu-west-1
        listen: [{ unix: run/.s.PGSQL.6432 }]
        issuers:
          - { issuer: "https://id.example.com", audience: [domicile], algorithms: [EdDSA, ES256, RS256] }
        regions: { eu-west-1: { jurisdiction: EU, audit: audit } }
        databases:
          orders:
            replicas:
              - { name: a, region: eu-west-1, kind: primary, host: 127.0.0.1, port: 5432, dbname: orders }
            upstream: { sslmode: disable, roles: { analyst: { trust: true } } }
        health: { user: health }
        rules:
          - { name: all, who: { groups: [all] }, databases: [orders], regions: [EU], roles: [analyst] }
        """
    let reading = ConfigurationFile.read(Array(text.utf8), file: "fuzz.yaml", environment: [:])
    guard let issuers = reading.configuration?.issuers else {
        fatalError("\(reading.findings)")
    }
    let keys = Array(Signer.jwks.utf8)
    let service = IdentityService(
        issuers: issuers, leeway: .seconds(leeway), tokenLimit: 16_384,
        logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() }),
        fetch: { _ in .success(keys) }, uptime: { .zero })
    let fetched = DispatchSemaphore(value: 0)
    service.fetchKeys(issuer: "https://id.example.com") { outcome in
        check(outcome == .updated, "keys: \(outcome)")
        fetched.signal()
    }
    fetched.wait()
    let header = encoded(Array(#"{"alg":"EdDSA","kid":"k1"}"#.utf8))
    let claims = #"{"iss":"https://id.example.com","aud":"domicile","sub":"exec-1","exp":1900000001}"#
    let covered = "\(header).\(encoded(Array(claims.utf8)))"
    let signed = "\(covered).\(encoded(Signer.right.signature(of: Array(covered.utf8))))"
    guard case .verified = service.verify(Array(signed.utf8), now: now, afterFetch: true) else {
        fatalError("what is right is not verified: nothing would be tried")
    }
    return service
}()

// MARK: - JSON

/// What the strict reader takes another reader takes too, and finds the same in it. (The other takes more: names given
/// twice, other encodings.)
private func checkJSON(_ text: [UInt8]) {
    guard let value = try? StrictJSON.parse(text) else { return }
    guard let other = try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed) else {
        return check(false, "JSON that another reader reads")
    }
    check(isSame(value, other), "\(value) is \(other) to another reader")
}

private func isSame(_ value: ClaimValue, _ other: Any) -> Bool {
    switch value {
    case .null: other is NSNull
    case .bool(let value): other as? Bool == value
    case .integer(let value): (other as? NSNumber)?.int64Value == value
    case .number(let value):
        (other as? NSNumber).map { isNear($0.doubleValue, value) } ?? false
    case .string(let value): (other as? String).map { $0.utf8.elementsEqual(value.utf8) } ?? false
    case .array(let values):
        (other as? [Any]).map { others in
            others.count == values.count && zip(values, others).allSatisfy { isSame($0, $1) }
        } ?? false
    case .object(let members):
        (other as? [String: Any]).map { others in
            others.count == members.count
                && members.allSatisfy { name, value in others[name].map { isSame(value, $0) } ?? false }
        } ?? false
    }
}

/// Foundation may round the last bit in another way.
private func isNear(_ one: Double, _ two: Double) -> Bool {
    one == two || abs(one - two) <= max(abs(one), abs(two)) * 1e-15
}
