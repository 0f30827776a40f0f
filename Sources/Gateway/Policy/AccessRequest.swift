/// What an executor asks for in its startup packet, after `dbname` and `options` were read (interface.md,
/// "Connecting").
package struct AccessRequest: Sendable, Hashable {
    package var principal: Principal
    /// The logical database, without `@region`.
    package var database: String
    /// Names of a region or jurisdiction asked for: by `dbname@…` and by `domicile.region`; all of them
    /// narrow.
    package var regionsAsked: [String]
    /// The role asked for, as in `user`: `auto` and the principal's own name ask for the first, as nil does.
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

    /// The request of somebody who says `dbname` and `domicile.region` as a startup packet does.
    ///
    /// - Parameter name: `orders`, or `orders@EU`.
    package init(
        principal: Principal, named name: String, region: String?, role: String?, replication: Bool
    ) throws(DatabaseNameMistake) {
        let name = try DatabaseName(parsing: name)
        var asked = name.region.map { [$0] } ?? []
        if let region { asked.append(try DatabaseName.regionAsked(region)) }
        self.init(
            principal: principal, database: name.database, regionsAsked: asked, role: role,
            replication: replication)
    }
}
