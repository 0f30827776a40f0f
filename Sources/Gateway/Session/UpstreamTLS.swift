import GatewayCredentials
import Transport

/// TLS towards the replicas of a database as one role: whom it trusts, and what it shows. Logins and cancels use the
/// same.
struct UpstreamTLS: Sendable {
    let context: TLSContext
    /// Where the role's certificate is minted; else the context has it, or there is none.
    let minted: MintedIdentity?

    /// What to show in place of the context's certificate.
    ///
    /// - Parameter wall: microseconds since 1970.
    func identity(wall: Int64) throws(MintingFailure) -> TLSIdentity? {
        try minted?.identity(now: wall / 1_000_000)
    }
}
