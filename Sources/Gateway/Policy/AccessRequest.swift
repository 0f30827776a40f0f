/// What an executor asks for in its startup packet, after `dbname` and `options` were read (interface.md,
/// "Connecting").
package struct AccessRequest: Sendable, Hashable {
    package var principal: Principal
    /// The logical database, without `@region`.
    package var database: String
    /// Names of a region or jurisdiction asked for: by `dbname@…` and by `domicile.region`; all of them
    /// narrow.
    package var regionsAsked: [String]
    /// The role asked for; nil for `auto` and the principal's own mapped name.
    package var role: String?
    package var replication: Bool

    package init(
        principal: Principal, database: String, regionsAsked: [String] = [], role: String? = nil,
        replication: Bool = false
    ) {
        self.principal = principal
        self.database = database
        self.regionsAsked = regionsAsked
        self.role = role
        self.replication = replication
    }
}
