import COpenSSL
import Glibc

/// OpenSSL's settings for one side of TLS: certificates, trust, versions (TLS 1.2 and 1.3). Immutable once made, and
/// shared by all workers.
package final class TLSContext: Sendable {
    // SAFETY: an SSL_CTX is thread-safe for SSL_new once configured (OpenSSL 3 manual, SSL_CTX_new); it is never
    // changed after init.
    nonisolated(unsafe) let context: OpaquePointer

    /// Whom a connection to a replica trusts.
    package enum Trust: Sendable, Hashable {
        /// Encryption alone (`sslmode=require`).
        case anyone
        /// A certificate signed by a CA of this PEM file, and in none of the revocation lists of the other (RFC 5280), of
        /// which each CA of the chain must have one.
        case authority(file: String, revocationLists: String? = nil)
    }

    /// For listeners: presents a certificate chain, offers ALPN `postgresql`, and asks executors for a certificate
    /// where `clientCA` is given.
    package init(certificate: String, key: String, clientCA: String? = nil) throws(TransportError) {
        context = try TLSContext.make(TLS_server_method())
        // What throws from here on has deinit free the context.
        try TLSContext.use(context, certificate: certificate, key: key)
        // A ticket is for one connection more; the two that OpenSSL sends cost as many encryptions of a session.
        SSL_CTX_set_num_tickets(context, 1)
        if let clientCA {
            try TLSContext.demandCertificates(context, of: clientCA)
        }
        _ = copenssl_set_session_cache_off(context)
        // OpenSSL wants a context of the sessions that are resumed by a ticket.
        let name = Array("domicile".utf8)
        SSL_CTX_set_session_id_context(context, name, UInt32(name.count))
        SSL_CTX_set_alpn_select_cb(context, TLSContext.selectProtocol, nil)
    }

    /// Executors must show a certificate of these CAs, and prove it anew on each connection: a resumed session would take
    /// the one of its first handshake for good, also when it has expired since.
    private static func demandCertificates(
        _ context: OpaquePointer, of clientCA: String
    ) throws(TransportError) {
        try trust(context, file: clientCA)
        guard let names = SSL_load_client_CA_file(clientCA) else {
            throw .material(path: clientCA, reason: lastError())
        }
        SSL_CTX_set_client_CA_list(context, names)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        _ = copenssl_set_options(context, copenssl_op_no_ticket)
        SSL_CTX_set_num_tickets(context, 0)
    }

    /// For connections to replicas, with a client certificate where one is given.
    package init(
        trust: Trust, certificate: String? = nil, key: String? = nil
    ) throws(TransportError) {
        context = try TLSContext.make(TLS_client_method())
        if case .authority(let file, let revocationLists) = trust {
            try TLSContext.trust(context, file: file)
            if let revocationLists { try TLSContext.heed(context, revocationLists: revocationLists) }
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        }
        if let certificate, let key { try TLSContext.use(context, certificate: certificate, key: key) }
    }

    deinit { SSL_CTX_free(context) }

    /// When the certificate that it presents ends, in Unix seconds; nil where it has none.
    package var certificateEnd: Int64? {
        guard let certificate = SSL_CTX_get0_certificate(context),
            let end = X509_get0_notAfter(certificate)
        else { return nil }
        var time = tm()
        guard ASN1_TIME_to_tm(end, &time) == 1 else { return nil }
        return Int64(timegm(&time))
    }

    private static func make(_ method: OpaquePointer?) throws(TransportError) -> OpaquePointer {
        guard let context = SSL_CTX_new(method) else { throw .tls(reason: lastError()) }
        _ = copenssl_set_min_proto(context, TLS1_2_VERSION)
        // Only whole frames are forwarded, so that a stream that was cut says nothing that its end does not; and an
        // executor that shuts its side by a FIN alone still gets its answers (F-WIRE-33).
        _ = copenssl_set_options(
            context,
            copenssl_op_no_renegotiation | copenssl_op_no_compression | copenssl_op_ignore_unexpected_eof)
        _ = copenssl_set_mode(context, copenssl_relay_mode)
        // One recv fetches a record's header and body together.
        _ = copenssl_set_read_ahead(context)
        return context
    }

    private static func use(
        _ context: OpaquePointer, certificate: String, key: String
    ) throws(TransportError) {
        guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            throw .material(path: certificate, reason: lastError())
        }
        guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else {
            throw .material(path: key, reason: lastError())
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            throw .material(path: key, reason: "is not the key of \(certificate)")
        }
    }

    private static func trust(_ context: OpaquePointer, file: String) throws(TransportError) {
        guard SSL_CTX_load_verify_file(context, file) == 1 else {
            throw .material(path: file, reason: lastError())
        }
    }

    private static func heed(
        _ context: OpaquePointer, revocationLists file: String
    ) throws(TransportError) {
        guard let store = SSL_CTX_get_cert_store(context), let bio = BIO_new_file(file, "r") else {
            throw .material(path: file, reason: lastError())
        }
        defer { BIO_free(bio) }
        var count = 0
        // Lists alone: a certificate in the file must not become one that is trusted.
        while let list = PEM_read_bio_X509_CRL(bio, nil, nil, nil) {
            defer { X509_CRL_free(list) }
            guard X509_STORE_add_crl(store, list) == 1 else {
                throw .material(path: file, reason: lastError())
            }
            if let end = X509_CRL_get0_nextUpdate(list), X509_cmp_current_time(end) < 0 {
                throw .material(path: file, reason: "holds a revocation list that has expired")
            }
            count += 1
        }
        // The end of the file is an error too, and the only one that may be.
        let code = ERR_peek_last_error()
        guard ERR_GET_REASON(code) == PEM_R_NO_START_LINE else {
            throw .material(path: file, reason: lastError())
        }
        ERR_clear_error()
        guard count > 0 else { throw .material(path: file, reason: "holds no revocation list") }
        X509_STORE_set_flags(store, copenssl_crl_check)
    }

    /// ALPN (RFC 7301): `postgresql` or a fatal alert (F-WIRE-06). Not called where the peer offers no protocols.
    private static let selectProtocol: SSL_CTX_alpn_select_cb_func = {
        _, out, outLength, offered, length, _ in
        guard let offered, let out, let outLength else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        let name = Array("postgresql".utf8)
        var index = 0
        let count = Int(length)
        while index < count {
            let size = Int(offered[index])
            guard index + 1 + size <= count else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            let candidate = UnsafeBufferPointer(start: offered + index + 1, count: size)
            if candidate.elementsEqual(name) {
                // SAFETY: points into the ClientHello, which OpenSSL keeps until the handshake has copied it.
                out.pointee = offered + index + 1
                outLength.pointee = UInt8(truncatingIfNeeded: size)
                return SSL_TLSEXT_ERR_OK
            }
            index += 1 + size
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

    /// OpenSSL's newest error of this thread as text, and its queue emptied.
    static func lastError() -> String {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        guard code != 0 else { return "no further reason" }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        let whole = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return whole.split(separator: ":").last.map(String.init) ?? whole
    }
}
