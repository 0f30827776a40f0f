import Crypto
import Foundation
import GatewayConfiguration
import SwiftASN1
import X509

/// The CA that signs the client certificates with which the gateway logs in upstream: its certificate and key, checked
/// when they are read. Its description holds nothing of the key.
package struct SigningAuthority: Sendable, CustomStringConvertible {
    /// Which file of the two is to blame, and why.
    package struct Mistake: Error, Sendable, Hashable, CustomStringConvertible {
        package let file: String
        package let reason: String

        package init(file: String, reason: String) {
            self.file = file
            self.reason = reason
        }

        package var description: String { "\(file): \(reason)" }
    }

    /// Bytes that each of the two files may have.
    package static let fileLimit = 64 * 1024
    /// Certificates that the file may hold: the CA's own and those above it.
    static let chainLimit = 8
    /// By how much a new certificate's life begins earlier, for servers whose clock is behind.
    static let backdating: Int64 = 300

    private let certificate: Certificate
    private let key: Certificate.PrivateKey
    /// What is sent along, in DER form: nothing for a root, which the servers have themselves.
    private let chain: [[UInt8]]
    /// Seconds since 1970 between which the CA's certificate holds.
    package let notBefore: Int64
    package let notAfter: Int64

    package var description: String { "<signing authority>" }

    /// When the CA ends, as RFC 3339 writes it.
    package var end: String { SigningAuthority.text(certificate.notValidAfter) }

    /// - Parameters:
    ///   - certificateFile: PEM; the CA's certificate, then those above it where it is not a root.
    ///   - keyFile: PEM; its key: ECDSA on P-256, P-384 or P-521, Ed25519, or RSA; not encrypted.
    ///   - now: seconds since 1970.
    package init(certificateFile: String, keyFile: String, now: Int64) throws(Mistake) {
        let certificates = try SigningAuthority.certificates(certificateFile)
        guard let first = certificates.first else {
            throw Mistake(file: certificateFile, reason: "holds no certificate")
        }
        certificate = first
        notBefore = SigningAuthority.seconds(first.notValidBefore)
        notAfter = SigningAuthority.seconds(first.notValidAfter)
        try SigningAuthority.check(first, certificateFile, now: now)
        key = try SigningAuthority.key(keyFile)
        guard key.publicKey == first.publicKey else {
            throw Mistake(file: keyFile, reason: "is not the key of \(certificateFile)")
        }
        let isRoot = first.issuer == first.subject
        do {
            chain = isRoot ? [] : try certificates.map(SigningAuthority.encoded)
        } catch {
            throw Mistake(file: certificateFile, reason: "holds a certificate that cannot be written")
        }
    }

    // MARK: Minting

    /// A certificate for one role with a key of its own, ECDSA on P-256, which exists here and nowhere else.
    ///
    /// - Parameters:
    ///   - role: the certificate's common name, its only one: PostgreSQL's `cert` compares it with the role.
    ///   - now: seconds since 1970.
    ///   - lifetime: seconds; the certificate ends with the CA at the latest.
    /// - Throws: where the CA's certificate does not hold at that time.
    package func mint(
        role: String, now: Int64, lifetime: Int64
    ) throws(MintingFailure) -> MintedCertificate {
        guard now < notAfter else { throw .authorityExpired }
        guard now >= notBefore else { throw .authorityNotYetValid }
        let end = min(now + lifetime, notAfter)
        let start = max(now - SigningAuthority.backdating, notBefore)
        do {
            let key = P256.Signing.PrivateKey()
            let made = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(),
                publicKey: Certificate.PublicKey(key.publicKey),
                notValidBefore: Date(timeIntervalSince1970: Double(start)),
                notValidAfter: Date(timeIntervalSince1970: Double(end)), issuer: certificate.subject,
                subject: try DistinguishedName { CommonName(role) },
                extensions: try extensions(for: Certificate.PublicKey(key.publicKey)),
                issuerPrivateKey: self.key)
            return MintedCertificate(
                certificate: try SigningAuthority.encoded(made), chain: chain,
                key: Array(key.derRepresentation), notBefore: start, notAfter: end)
        } catch {
            throw .notSigned
        }
    }

    /// For clients of TLS, and for nothing else (RFC 5280 section 4.2.1).
    private func extensions(for publicKey: Certificate.PublicKey) throws -> Certificate.Extensions {
        let issuerKey = try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
        return try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([.clientAuth])
            SubjectKeyIdentifier(hash: publicKey)
            if let issuerKey { AuthorityKeyIdentifier(keyIdentifier: issuerKey) }
        }
    }

    // MARK: Reading

    private static func certificates(_ path: String) throws(Mistake) -> [Certificate] {
        let text = String(decoding: try bytes(path), as: UTF8.self)
        do {
            let documents = try PEMDocument.parseMultiple(pemString: text)
            guard documents.count <= chainLimit else {
                throw Mistake(file: path, reason: "holds more than \(chainLimit) certificates")
            }
            return try documents.map { try Certificate(pemDocument: $0) }
        } catch let mistake as Mistake {
            throw mistake
        } catch {
            // RSA keys below 2,048 bits are none to swift-crypto.
            throw Mistake(
                file: path,
                reason: "is no PEM file of certificates with ECDSA, Ed25519 or RSA keys (RSA from 2048 bits)")
        }
    }

    /// A certificate is public; it is read like any file.
    private static func bytes(_ path: String) throws(Mistake) -> Data {
        guard let file = FileHandle(forReadingAtPath: path) else {
            throw Mistake(file: path, reason: "cannot be opened")
        }
        defer { try? file.close() }
        guard let bytes = try? file.read(upToCount: fileLimit + 1) else {
            throw Mistake(file: path, reason: "is empty or cannot be read")
        }
        guard bytes.count <= fileLimit else {
            throw Mistake(file: path, reason: "has more than \(fileLimit) bytes")
        }
        return bytes
    }

    private static func check(_ certificate: Certificate, _ path: String, now: Int64) throws(Mistake) {
        let constraints: BasicConstraints?
        let usage: KeyUsage?
        do {
            constraints = try certificate.extensions.basicConstraints
            usage = try certificate.extensions.keyUsage
        } catch {
            throw Mistake(file: path, reason: "its extensions cannot be read")
        }
        guard case .isCertificateAuthority = constraints else {
            throw Mistake(file: path, reason: "is not a CA's certificate (basicConstraints)")
        }
        if let usage, !usage.keyCertSign {
            throw Mistake(file: path, reason: "is not for signing certificates (keyUsage)")
        }
        guard now < seconds(certificate.notValidAfter) else {
            throw Mistake(file: path, reason: "ended \(text(certificate.notValidAfter))")
        }
        guard now >= seconds(certificate.notValidBefore) else {
            throw Mistake(file: path, reason: "holds only from \(text(certificate.notValidBefore)) on")
        }
    }

    private static func key(_ path: String) throws(Mistake) -> Certificate.PrivateKey {
        let bytes: [UInt8]
        do throws(PrivateFile.Mistake) {
            bytes = try PrivateFile.read(path, limit: fileLimit)
        } catch {
            throw Mistake(file: path, reason: error.description)
        }
        let text = String(decoding: bytes, as: UTF8.self)
        // "ENCRYPTED PRIVATE KEY" of PKCS #8, and "Proc-Type: 4,ENCRYPTED" of older files (RFC 1421).
        guard !text.contains("ENCRYPTED") else {
            throw Mistake(file: path, reason: "is encrypted; expected a key without a passphrase")
        }
        guard let documents = try? PEMDocument.parseMultiple(pemString: text),
            // `openssl ecparam -genkey` writes the curve in front of the key.
            let document = documents.last(where: { $0.discriminator.hasSuffix("PRIVATE KEY") })
        else { throw Mistake(file: path, reason: "is no PEM file of a private key") }
        guard let key = try? Certificate.PrivateKey(pemDocument: document) else {
            throw Mistake(
                file: path,
                reason:
                    "is no key that can be used; expected ECDSA (P-256, P-384, P-521), Ed25519 or RSA (from 2048 bits)"
            )
        }
        return key
    }

    private static func encoded(_ certificate: Certificate) throws -> [UInt8] {
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    /// Certificates hold whole seconds, up to the year 9999.
    private static func seconds(_ date: Date) -> Int64 {
        Int64(exactly: date.timeIntervalSince1970.rounded(.down)) ?? 0
    }

    private static func text(_ date: Date) -> String {
        date.formatted(.iso8601)
    }
}

/// Why no certificate could be made.
package enum MintingFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case authorityExpired
    case authorityNotYetValid
    case notSigned
    /// OpenSSL does not take what was made.
    case notUsable(String)

    package var description: String {
        switch self {
        case .authorityExpired: "the CA of client certificates has expired"
        case .authorityNotYetValid: "the CA of client certificates is not yet valid"
        case .notSigned: "no client certificate could be signed"
        case .notUsable(let reason): "the client certificate cannot be used: \(reason)"
        }
    }
}

/// A client certificate and its private key, in memory. Its description holds nothing of the key.
package struct MintedCertificate: Sendable, CustomStringConvertible, CustomReflectable {
    /// DER form.
    package let certificate: [UInt8]
    /// The CA's certificate and those above it, in DER form, where the CA is no root.
    package let chain: [[UInt8]]
    /// PKCS #8, DER form.
    package let key: [UInt8]
    /// Seconds since 1970.
    package let notBefore: Int64
    package let notAfter: Int64

    package var description: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
