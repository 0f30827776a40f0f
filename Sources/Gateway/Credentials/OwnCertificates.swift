import Crypto
import Foundation
import SwiftASN1
import X509

/// Certificates that `domicile init` makes, with their keys, in PEM form.
package enum OwnCertificates {
    /// A certificate and its private key. Its description holds nothing of the key.
    package struct Pair: Sendable, CustomStringConvertible {
        package let certificate: String
        package let key: String

        package var description: String { "<redacted>" }
    }

    /// Days that each holds.
    package static let trialDays: Int64 = 90
    package static let authorityDays: Int64 = 365

    /// A server certificate that vouches for itself, for trying a gateway: executors take it as `sslrootcert`.
    ///
    /// - Parameters:
    ///   - names: host names and IPv4 addresses that it is for; the first is its common name, too.
    ///   - now: seconds since 1970.
    package static func trial(names: [String], now: Int64) throws(MintingFailure) -> Pair {
        try pair(commonName: names.first ?? "", days: trialDays, now: now) { _ in
            try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names.map(alternative))
            }
        }
    }

    /// A CA for the client certificates of roles alone, to be trusted by the servers (`ssl_ca_file`).
    ///
    /// - Parameter now: seconds since 1970.
    package static func roleAuthority(now: Int64) throws(MintingFailure) -> Pair {
        try pair(commonName: "domicile roles", days: authorityDays, now: now) { publicKey in
            try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
                SubjectKeyIdentifier(hash: publicKey)
            }
        }
    }

    private static func pair(
        commonName: String, days: Int64, now: Int64,
        extensions: (Certificate.PublicKey) throws -> Certificate.Extensions
    ) throws(MintingFailure) -> Pair {
        do {
            let key = P256.Signing.PrivateKey()
            let publicKey = Certificate.PublicKey(key.publicKey)
            let name = try DistinguishedName { CommonName(commonName) }
            let start = now - SigningAuthority.backdating
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                notValidBefore: Date(timeIntervalSince1970: Double(start)),
                notValidAfter: Date(timeIntervalSince1970: Double(now + days * 86_400)),
                issuer: name, subject: name, extensions: try extensions(publicKey),
                issuerPrivateKey: Certificate.PrivateKey(key))
            return Pair(
                certificate: try certificate.serializeAsPEM().pemString + "\n",
                key: key.pemRepresentation + "\n")
        } catch {
            throw .notSigned
        }
    }

    private static func alternative(_ name: String) -> GeneralName {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let octets = parts.compactMap { UInt8($0) }
        guard octets.count == 4, parts.count == 4 else { return .dnsName(name) }
        return .ipAddress(ASN1OctetString(contentBytes: octets[...]))
    }
}
