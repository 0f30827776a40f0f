import Crypto
import Foundation

/// How the gateway logs in to a database's replicas.
package struct Upstream: Sendable, Hashable {
    package var sslmode: SSLMode
    /// PEM file of CAs; required for verify-ca and verify-full.
    package var sslrootcert: String?
    /// PEM file of revocation lists.
    package var sslcrl: String?
    /// Of what stood in these files when the configuration was read: a reload that finds something else connects anew.
    package var trustDigest: String
    /// Allows the server to ask for a password in cleartext or by MD5.
    package var allowsWeakAuthentication: Bool
    /// Role to credential.
    package var roles: [String: UpstreamCredential]
    /// Only with `certificate: minted`: the CA that signs short-lived client certificates.
    package var certificateAuthority: CertificateAuthority?

    package init(
        sslmode: SSLMode, sslrootcert: String?, sslcrl: String? = nil, trustDigest: String = "",
        allowsWeakAuthentication: Bool,
        roles: [String: UpstreamCredential], certificateAuthority: CertificateAuthority?
    ) {
        self.sslmode = sslmode
        self.sslrootcert = sslrootcert
        self.sslcrl = sslcrl
        self.trustDigest = trustDigest
        self.allowsWeakAuthentication = allowsWeakAuthentication
        self.roles = roles
        self.certificateAuthority = certificateAuthority
    }

    /// SHA-256, in hex, of what stands in files; of one that cannot be read, or is none, nothing.
    static func digest(of files: [String?]) -> String {
        var hash = SHA256()
        for case let file? in files {
            guard let bytes = FileManager.default.contents(atPath: file) else { continue }
            hash.update(data: Data("\(bytes.count) ".utf8))
            hash.update(data: bytes)
        }
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

package enum SSLMode: String, Sendable, Hashable, CaseIterable {
    case disable
    case require
    case verifyCA = "verify-ca"
    case verifyFull = "verify-full"
}

package struct CertificateAuthority: Sendable, Hashable {
    /// PEM files.
    package var certificate: String
    package var key: String
    /// How long each certificate holds that it signs.
    package var lifetime: Duration

    package init(certificate: String, key: String, lifetime: Duration) {
        self.certificate = certificate
        self.key = key
        self.lifetime = lifetime
    }
}

package enum UpstreamCredential: Sendable, Hashable {
    case password(Secret)
    /// The password that stands in a file, as it is at each login (`PasswordFile`).
    case passwordFile(String)
    /// A client certificate and key: PEM files.
    case certificate(certificate: String, key: String)
    /// A short-lived client certificate made by the gateway, CN = role, signed by the upstream's authority.
    case minted
    /// The server trusts this connection.
    case trust
}
