import Crypto
import Foundation
import GatewayConfiguration

/// An issuer of a test's own: one P-256 key, its key set, and tokens of whatever claims.
struct SigningProvider: Sendable {
    let name: String
    private let key = P256.Signing.PrivateKey()
    private static let keyID = "shared-name"

    init(_ name: String) { self.name = name }

    var jwks: [UInt8] {
        let point = key.publicKey.x963Representation
        let (x, y) = (Self.base64url(point[1..<33]), Self.base64url(point[33..<65]))
        return Array(
            #"{"keys":[{"kty":"EC","crv":"P-256","kid":"\#(Self.keyID)","x":"\#(x)","y":"\#(y)"}]}"#.utf8)
    }

    /// An entry of the configuration for it.
    func entry(audience: String, claims: [String: [String]]) throws -> Issuer {
        var issuer = try Issuer.configured(name, keys: .discovery)
        issuer.audience = [audience]
        issuer.claims = claims
        return issuer
    }

    /// A token with these claims, as they are written.
    func token(_ claims: String) throws -> [UInt8] {
        let header = Self.base64url(Data(#"{"alg":"ES256","kid":"\#(Self.keyID)"}"#.utf8))
        let signed = "\(header).\(Self.base64url(Data(claims.utf8)))"
        let signature = try key.signature(for: Data(signed.utf8))
        return Array("\(signed).\(Self.base64url(signature.rawRepresentation))".utf8)
    }

    static func base64url(_ bytes: some DataProtocol) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
