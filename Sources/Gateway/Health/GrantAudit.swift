import GatewayServers

/// What handed-out roles may do in one database, read from its catalogue on one connection (guard.md's last paragraph).
struct GrantAudit {
    /// A role that rules hand out.
    struct Role: Sendable, Hashable {
        var name: String
        /// A rule hands it out to read only.
        var readsOnly: Bool
    }

    /// Rows of one question for one role that are told; a further one says that there are more.
    static let rowLimit = 200
    /// Memberships of one role, through others too, of which leaving one is suggested.
    static let edgeLimit = 1000

    let connection: ServerConnection
    let deadline: Int64

    /// What was found, and what ended the reading before its end.
    func findings(_ roles: [Role]) -> (found: [GrantFinding], fault: ServerFault?) {
        var found: [GrantFinding] = []
        for role in roles {
            do throws(ServerFault) {
                try look(at: role, &found)
            } catch {
                return (GrantFinding.merged(found), error)
            }
        }
        return (GrantFinding.merged(found), nil)
    }

    private func look(at role: Role, _ found: inout [GrantFinding]) throws(ServerFault) {
        let attributes = try connection.query(GrantQuery.attributes, [role.name], until: deadline)
        guard let row = attributes.first else { return }
        if row.first == "t" {
            // Nothing that is granted or not changes what a superuser may do.
            found.append(
                GrantFinding(
                    kind: .attribute, what: "is a superuser", roles: [role.name],
                    statement: "ALTER ROLE \(SQLIdentifier.quoted(role.name)) NOSUPERUSER;"))
            return
        }
        found += GrantRow.attributes(row, of: role.name)
        let edges = try connection.query(GrantQuery.edges, [role.name], until: deadline)
        let reader = GrantRow(
            role: role.name, readsOnly: role.readsOnly,
            edges: edges.compactMap { row in
                guard row.count == 2, let group = row[0], let member = row[1] else { return nil }
                return GrantRow.Edge(group: group, member: member)
            })
        found += try rows(GrantQuery.memberships, role, reader.membership)
        found += try rows(GrantQuery.foreign, role, reader.foreign)
        found += try rows(GrantQuery.foreignColumns, role, reader.foreignColumn)
        found += try rows(GrantQuery.leading, role, reader.leading)
        found += try rows(GrantQuery.leadingColumns, role, reader.foreignColumn)
        found += try rows(GrantQuery.routines, role, reader.routine)
        guard role.readsOnly else { return }
        found += try rows(GrantQuery.tables, role, reader.table)
        found += try rows(GrantQuery.columns, role, reader.column)
        found += try rows(GrantQuery.schemas, role, reader.schema)
    }

    private func rows(
        _ sql: String, _ role: Role, _ findings: ([String]) -> [GrantFinding]
    ) throws(ServerFault) -> [GrantFinding] {
        let rows = try connection.query(sql, [role.name], until: deadline)
        var found = rows.prefix(GrantAudit.rowLimit).flatMap { findings($0.map { $0 ?? "" }) }
        if rows.count > GrantAudit.rowLimit {
            found.append(
                GrantFinding(
                    kind: .attribute, what: "has further grants of this kind, which are not listed",
                    roles: [role.name],
                    statement: "-- run domicile check again when these are revoked"))
        }
        return found
    }
}
