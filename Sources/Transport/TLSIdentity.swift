import COpenSSL

/// A certificate, the certificates above it, and its private key, from memory: what a connection to a replica shows.
/// Immutable, and shared by all workers. Its description holds nothing of the key.
package final class TLSIdentity: Sendable, CustomStringConvertible {
    // SAFETY: made in init and never changed after it; OpenSSL counts references to an X509 and an EVP_PKEY atomically,
    // and each connection takes its own (OpenSSL 3 manual, SSL_use_certificate). Freed once, in deinit.
    nonisolated(unsafe) private let certificate: OpaquePointer
    nonisolated(unsafe) private let key: OpaquePointer
    nonisolated(unsafe) private let chain: [OpaquePointer]

    /// - Parameters:
    ///   - certificate: in DER form.
    ///   - chain: the certificates of the authorities above it, in DER form, its issuer's first; without the root.
    ///   - key: its private key, in DER form (PKCS #8).
    package init(certificate: [UInt8], chain: [[UInt8]], key: [UInt8]) throws(TransportError) {
        let leaf = try TLSIdentity.certificate(certificate)
        var above: [OpaquePointer] = []
        var secret: OpaquePointer?
        do throws(TransportError) {
            for one in chain { above.append(try TLSIdentity.certificate(one)) }
            secret = try TLSIdentity.key(key)
            guard X509_check_private_key(leaf, secret) == 1 else {
                throw .tls(reason: "the key is not the certificate's: \(TLSContext.lastError())")
            }
        } catch {
            X509_free(leaf)
            for one in above { X509_free(one) }
            EVP_PKEY_free(secret)
            throw error
        }
        guard let secret else { throw .tls(reason: "there is no key") }
        self.certificate = leaf
        self.chain = above
        self.key = secret
    }

    deinit {
        X509_free(certificate)
        for one in chain { X509_free(one) }
        EVP_PKEY_free(key)
    }

    package var description: String { "<identity>" }

    /// Has a connection that has not begun its handshake show this.
    func use(on ssl: OpaquePointer) throws(TransportError) {
        guard SSL_use_certificate(ssl, certificate) == 1, SSL_use_PrivateKey(ssl, key) == 1 else {
            throw .tls(reason: TLSContext.lastError())
        }
        for one in chain {
            guard copenssl_add_chain(ssl, one) == 1 else { throw .tls(reason: TLSContext.lastError()) }
        }
    }

    private static func certificate(_ encoded: [UInt8]) throws(TransportError) -> OpaquePointer {
        let made = encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_X509(nil, &start, bytes.count)
        }
        guard let made else { throw .tls(reason: TLSContext.lastError()) }
        return made
    }

    private static func key(_ encoded: [UInt8]) throws(TransportError) -> OpaquePointer {
        let made = encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let made else { throw .tls(reason: TLSContext.lastError()) }
        return made
    }
}
