/// What the gateway has to log in at a replica with. Holds a password: never printed.
package struct UpstreamCredential: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// The role's name, as it stands in the startup packet; MD5 hashes it.
    package var user: [UInt8]
    /// The password's bytes, prepared by SASLprep (RFC 4013) if it is not ASCII: SCRAM takes them as they
    /// are. nil where the role needs none (a certificate, trust).
    package var password: [UInt8]?
    /// Fresh random text for SCRAM, printable ASCII without comma; PostgreSQL uses 24 characters of base64.
    package var nonce: [UInt8]
    /// Whether a password may go in clear text or by MD5, and SCRAM may have fewer iterations than RFC 7677
    /// asks for (4,096). All three let who runs one server log in at others (architecture, upstream
    /// credentials).
    package var allowsWeakAuthentication = false
    /// The connection is encrypted.
    package var isEncrypted: Bool
    /// The data of tls-server-end-point (RFC 5929): the hash of the server's certificate. nil where there is
    /// none: no TLS, or a certificate whose signature names no hash (Ed25519).
    package var channelBinding: [UInt8]?
    /// Whether to refuse every login that is not bound to the TLS connection (libpq's
    /// `channel_binding=require`).
    package var requiresChannelBinding = false
    /// Of an earlier login of this role with this password.
    package var scramKeys: ScramKeys?

    package init(user: [UInt8], password: [UInt8]?, nonce: [UInt8], isEncrypted: Bool) {
        self.user = user
        self.password = password
        self.nonce = nonce
        self.isEncrypted = isEncrypted
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Which iteration counts are computed.
    var iterationLimits: ClosedRange<Int> {
        let limits = WireLimits.scramIterations
        return allowsWeakAuthentication ? limits : WireLimits.scramIterationsOfRFC...limits.upperBound
    }
}
