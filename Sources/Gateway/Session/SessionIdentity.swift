import GatewayIdentity
import GatewayPolicy
import GatewayRouting

/// What is known of a session so far, as its records name it.
struct SessionIdentity {
    var principal: Principal?
    var decision: Decision?
    /// What a rule that only observes would have decided.
    var observation: Observation?
    /// The rule that matched, also where it then refused.
    var rule: String?
    /// As the executor asked for it, without its region.
    var database: String?
    var application: [UInt8]?
    var replica: ReplicaID?
    var region: String?
    /// What proved the principal: looked at again whenever something is revoked.
    var token: VerifiedToken?
    /// For the session's being decided again.
    var request: AccessRequest?
}
