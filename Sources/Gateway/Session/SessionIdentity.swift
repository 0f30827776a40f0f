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
    /// What the startup packet asked for.
    var asked: AskedAccess?
    var application: [UInt8]?
    var replica: ReplicaID?
    var region: String?
    /// What proved the principal: looked at again whenever something is revoked.
    var token: VerifiedToken?
    /// For the session's being decided again.
    var request: AccessRequest?

    /// As the executor asked for it, without its region.
    var database: String? { asked?.logical }
}

/// What an executor's startup packet asked for, as its records say it: in its own words.
struct AskedAccess {
    /// With `@region`.
    let database: String
    /// Without.
    let logical: String
    let regions: [String]
    let role: String
    let replication: Bool

    init(_ startup: ExecutorStartup) {
        database = startup.database
        logical = startup.logical.database
        regions = startup.regionsAsked
        role = startup.user
        replication = startup.replication != .none
    }
}
