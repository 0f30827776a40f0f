import GatewayPolicy

/// A token whose form, signature, issuer, audience and times have been checked. Only `IdentityService` makes
/// one: whoever holds it holds the proof.
package struct VerifiedToken: Sendable, Hashable {
    package let principal: Principal
    /// `exp`, a fraction rounded down: Unix seconds, without leeway.
    package let expires: Int64
    /// `iat`, a fraction rounded down: Unix seconds; nil where the token does not say when it was issued.
    package let issued: Int64?
    /// What the executor must prove besides; nil where the token is good in anybody's hand.
    package let confirmation: TokenConfirmation?

    /// The issuer, byte for byte as configured.
    package var issuer: String { principal.issuer }

    init(principal: Principal, expires: Int64, issued: Int64?, confirmation: TokenConfirmation?) {
        self.principal = principal
        self.expires = expires
        self.issued = issued
        self.confirmation = confirmation
    }
}

/// What the verifier says about one token.
package enum Verification: Sendable, Hashable {
    case verified(VerifiedToken)
    case refused(TokenRefusal)
    /// The issuer's keys are missing, too old, or lack the one that the token needs: call `fetchKeys`, then
    /// verify again with `afterFetch: true`.
    case needsKeys(issuer: String)
}
