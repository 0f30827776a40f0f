import COpenSSL
import Glibc

/// One TLS connection over a non-blocking socket.
final class TLSSession {
    // SAFETY: owned by this object alone, freed once in deinit; used by one thread only.
    private let ssl: OpaquePointer
    private let bio: OpaquePointer?

    /// The accepting side of a listener.
    init(accepting context: TLSContext, descriptor: Int32) throws(TransportError) {
        ssl = try TLSSession.make(context, descriptor)
        bio = SSL_get_rbio(ssl)
        SSL_set_accept_state(ssl)
    }

    /// The connecting side towards a replica.
    ///
    /// - Parameters:
    ///   - host: what the certificate must be for where `verifiesHost` (a DNS name or an IP address, RFC 6125);
    ///     a DNS name is also sent as SNI.
    ///   - identity: what to show in place of the context's certificate.
    init(
        connecting context: TLSContext, descriptor: Int32, host: String, verifiesHost: Bool,
        identity: TLSIdentity?
    ) throws(TransportError) {
        ssl = try TLSSession.make(context, descriptor)
        bio = SSL_get_rbio(ssl)
        SSL_set_connect_state(ssl)
        try identity?.use(on: ssl)
        let isAddress = SocketAddress(literal: host, port: 0) != nil
        if verifiesHost {
            let set =
                isAddress
                ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) : SSL_set1_host(ssl, host)
            guard set == 1 else { throw .tls(reason: "cannot verify the name \(host)") }
        }
        if !isAddress { _ = copenssl_set_sni(ssl, host) }
    }

    deinit { SSL_free(ssl) }

    private static func make(_ context: TLSContext, _ descriptor: Int32) throws(TransportError)
        -> OpaquePointer
    {
        guard let ssl = SSL_new(context.context) else { throw .tls(reason: TLSContext.lastError()) }
        guard SSL_set_fd(ssl, descriptor) == 1 else {
            SSL_free(ssl)
            throw .tls(reason: TLSContext.lastError())
        }
        return ssl
    }

    enum Step {
        case done
        case wantsRead
        case wantsWrite
        case closed
        case failed(String)
    }

    func handshake() -> Step {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        return result == 1 ? .done : step(result)
    }

    /// Bytes read (> 0), or what is in the way. `isDrained` where the socket had no more than OpenSSL took, and OpenSSL
    /// has given all of it: reading again would only say so.
    func read(_ target: UnsafeMutableRawBufferPointer) -> (count: Int, step: Step, isDrained: Bool) {
        clearErrors()
        // OpenSSL asks the socket for what its buffer has room for: only from an empty one does a short read say that
        // the socket is empty.
        let wasEmpty = SSL_has_pending(ssl) == 0
        let before = BIO_number_read(bio)
        let result = SSL_read(ssl, target.baseAddress, Int32(clamping: target.count))
        guard result > 0 else { return (0, step(result), false) }
        let taken = BIO_number_read(bio) &- before
        let isShort = taken > 0 && taken < TLSSession.readAhead
        return (Int(result), .done, wasEmpty && isShort && SSL_has_pending(ssl) == 0)
    }

    /// SSL_get_error looks at this thread's queue of errors, which must hold none of another call's. Emptying it takes longer
    /// than looking: most often nothing is there.
    private func clearErrors() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// OpenSSL's read buffer holds a record of 16 KiB and its overhead; a read of fewer bytes has emptied the socket.
    private static let readAhead: UInt64 = 16 * 1024

    /// Bytes written (> 0), or what is in the way.
    func write(_ source: UnsafeRawBufferPointer) -> (count: Int, step: Step) {
        clearErrors()
        let result = SSL_write(ssl, source.baseAddress, Int32(clamping: source.count))
        return result > 0 ? (Int(result), .done) : (0, step(result))
    }

    /// Sends close_notify; does not wait for the peer's.
    func shutdown() {
        guard SSL_in_init(ssl) == 0 else { return }
        ERR_clear_error()
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// True where the peer chose ALPN `postgresql`.
    var hasPostgreSQLProtocol: Bool {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return name != nil && length > 0
    }

    /// `sha256/` + base64 of the SHA-256 of the peer certificate's SubjectPublicKeyInfo (RFC 7469 section 2.4).
    var peerPublicKeyPin: String? {
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
        defer { X509_free(certificate) }
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = i2d_PUBKEY(X509_get0_pubkey(certificate), &encoded)
        guard length > 0, let encoded else { return nil }
        defer { CRYPTO_free(encoded, #file, #line) }
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        SHA256(encoded, Int(length), &digest)
        var text = [UInt8](repeating: 0, count: 4 * ((digest.count + 2) / 3) + 1)
        let written = EVP_EncodeBlock(&text, digest, Int32(digest.count))
        return "sha256/" + String(decoding: text.prefix(Int(written)), as: UTF8.self)
    }

    /// SHA-256 of the peer certificate's DER form; nil where it showed none. TLS has verified the certificate, and that
    /// the peer has its key, where the context demands one.
    var peerCertificateDigest: [UInt8]? {
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
        defer { X509_free(certificate) }
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
        guard X509_digest(certificate, EVP_sha256(), &digest, nil) == 1 else { return nil }
        return digest
    }

    /// Channel binding `tls-server-end-point` of the peer's certificate (RFC 5929 section 4.1): its hash under the
    /// signature's own hash function, SHA-256 in place of MD5 and SHA-1. Nil where the signature names no hash
    /// (Ed25519).
    var serverEndPoint: [UInt8]? {
        guard let certificate = SSL_get1_peer_certificate(ssl) else { return nil }
        defer { X509_free(certificate) }
        var digestID: Int32 = 0
        guard OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digestID, nil) == 1 else {
            return nil
        }
        let weak = digestID == NID_md5 || digestID == NID_sha1
        guard let kind = weak ? EVP_sha256() : EVP_get_digestbyname(OBJ_nid2sn(digestID)) else { return nil }
        var hash = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard X509_digest(certificate, kind, &hash, &length) == 1 else { return nil }
        return Array(hash.prefix(Int(length)))
    }

    private func step(_ result: Int32) -> Step {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .closed
        case SSL_ERROR_SYSCALL:
            ERR_clear_error()
            return .failed("connection reset")
        default:
            let verification = SSL_get_verify_result(ssl)
            let reason = TLSContext.lastError()
            if verification != Int(X509_V_OK), let text = X509_verify_cert_error_string(verification) {
                return .failed("\(reason): \(String(cString: text))")
            }
            // A peer that closes without close_notify is told apart from one that sends rubbish.
            return reason == "unexpected eof while reading" ? .closed : .failed(reason)
        }
    }
}
