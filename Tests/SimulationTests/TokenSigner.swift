import Crypto
import Foundation

/// An issuer: one ES256 key, its JWKS, and tokens.
struct TokenSigner: Sendable {
    private let key = P256.Signing.PrivateKey()

    var jwks: [UInt8] {
        let point = key.publicKey.x963Representation
        let x = base64url(point[1..<33])
        let y = base64url(point[33..<65])
        return Array(
            #"{"keys":[{"kty":"EC","crv":"P-256","kid":"k","alg":"ES256","use":"sig","x":"\#(x)","y":"\#(y)"}]}"#
                .utf8)
    }

    /// - Parameters: `issued` and `expires` in Unix seconds.
    func token(subject: String, group: String, issued: Int64, expires: Int64) throws -> String {
        let header = base64url(Data(#"{"alg":"ES256","kid":"k"}"#.utf8))
        let claims = base64url(
            Data(
                """
                {"iss":"https://id.example.com","aud":"domicile","sub":"\(subject)","groups":["\(group)"],\
                "iat":\(issued),"exp":\(expires)}
                """.utf8))
        let signature = try key.signature(for: Data("\(header).\(claims)".utf8))
        return "\(header).\(claims).\(base64url(signature.rawRepresentation))"
    }

    private func base64url(_ bytes: some DataProtocol) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }
}
