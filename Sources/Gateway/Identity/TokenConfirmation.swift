import GatewayPolicy

/// What a token's `cnf` claim (RFC 7800) asks of whoever brings it: to hold a key besides. The token is refused where
/// that is not proved, since it would be good in a thief's hand otherwise.
package enum TokenConfirmation: Sendable, Hashable {
    /// The TLS client certificate whose DER form has this SHA-256 digest (`x5t#S256`, RFC 8705 section 3.1).
    case certificate(thumbprint: [UInt8])
    /// Only methods that nobody can prove to a PostgreSQL server: `jkt` (DPoP), `jwk`, `kid` and the like.
    case unprovable

    /// Why an executor is not the one that the token is for.
    package enum Failure: Error, Sendable, Hashable, CaseIterable {
        /// There is no TLS, the listener asks for no certificate, or none came.
        case noCertificate
        case otherCertificate
        case unprovable
    }

    /// Bytes of a SHA-256 digest.
    private static let thumbprintLength = 32

    /// Reads the claim. Other members beside `x5t#S256` are left alone (RFC 7800 section 3.1).
    package static func read(_ claim: ClaimValue?) throws(TokenRefusal) -> TokenConfirmation? {
        switch claim {
        case nil: return nil
        case .object(let members):
            guard let value = members["x5t#S256"] else { return .unprovable }
            guard case .string(let text) = value, let thumbprint = try? Base64URL.decode(text.utf8),
                thumbprint.count == thumbprintLength
            else { throw .confirmation }
            return .certificate(thumbprint: thumbprint)
        case .null, .bool, .integer, .number, .string, .array: throw .confirmation
        }
    }

    /// Checks what the executor has proved: its certificate, verified by TLS to be its own.
    ///
    /// - Parameter certificate: SHA-256 of the DER form; nil where there is none.
    package func check(certificate: [UInt8]?) throws(Failure) {
        switch self {
        case .unprovable: throw .unprovable
        case .certificate(let thumbprint):
            guard let certificate else { throw .noCertificate }
            // In constant time, though neither side is a secret.
            var difference: UInt8 = certificate.count == thumbprint.count ? 0 : 1
            for (one, other) in zip(certificate, thumbprint) { difference |= one ^ other }
            guard difference == 0 else { throw .otherCertificate }
        }
    }
}
