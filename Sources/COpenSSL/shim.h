// OpenSSL 3, with its macros as functions.
#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

// SHA-256 by its own functions, whose state is a struct of ours: OpenSSL 3 keeps them, and would have EVP used in their place,
// whose states are allocated.
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

static inline long copenssl_set_mode(SSL_CTX *context, long mode) { return SSL_CTX_set_mode(context, mode); }
static inline uint64_t copenssl_set_options(SSL_CTX *context, uint64_t options) {
    return SSL_CTX_set_options(context, options);
}
static inline int copenssl_set_min_proto(SSL_CTX *context, int version) {
    return SSL_CTX_set_min_proto_version(context, version);
}
static inline long copenssl_set_read_ahead(SSL_CTX *context) { return SSL_CTX_set_read_ahead(context, 1); }
static inline long copenssl_set_session_cache_off(SSL_CTX *context) {
    return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
static inline long copenssl_set_sni(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }

// The connection takes a reference of its own.
static inline long copenssl_add_chain(SSL *ssl, X509 *certificate) { return SSL_add1_chain_cert(ssl, certificate); }

static const uint64_t copenssl_op_no_renegotiation = SSL_OP_NO_RENEGOTIATION;
static const uint64_t copenssl_op_no_compression = SSL_OP_NO_COMPRESSION;
static const uint64_t copenssl_op_no_ticket = SSL_OP_NO_TICKET;
// A peer that ends its stream without close_notify has ended it (a FIN), not failed.
static const uint64_t copenssl_op_ignore_unexpected_eof = SSL_OP_IGNORE_UNEXPECTED_EOF;
static const uint64_t copenssl_op_ktls = SSL_OP_ENABLE_KTLS;
static const unsigned long copenssl_crl_check = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
static const long copenssl_relay_mode =
    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS;

#endif
