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

    let connection: ProbeConnection
    let deadline: Int64

    func findings(_ roles: [Role]) throws(ProbeFault) -> [GrantFinding] {
        var found: [GrantFinding] = []
        for role in roles {
            let attributes = try connection.query(GrantQuery.attributes, [role.name], until: deadline)
            guard let row = attributes.first else { continue }
            if row.first == "t" {
                // Nothing that is granted or not changes what a superuser may do.
                found.append(
                    GrantFinding(
                        kind: .attribute, what: "is a superuser", roles: [role.name],
                        statement: "ALTER ROLE \(SQLIdentifier.quoted(role.name)) NOSUPERUSER;"))
                continue
            }
            found += GrantAudit.attributes(row, of: role.name)
            found += try rows(GrantQuery.memberships, role) { GrantAudit.membership($0, of: role) }
            found += try rows(GrantQuery.foreign, role) { GrantAudit.foreign($0, of: role) }
            found += try rows(GrantQuery.routines, role) { GrantAudit.routine($0, of: role) }
            guard role.readsOnly else { continue }
            found += try rows(GrantQuery.tables, role) { GrantAudit.table($0, of: role) }
            found += try rows(GrantQuery.columns, role) { GrantAudit.column($0, of: role) }
            found += try rows(GrantQuery.schemas, role) { GrantAudit.schema($0, of: role) }
        }
        return GrantFinding.merged(found)
    }

    private func rows(
        _ sql: String, _ role: Role, _ finding: ([String]) -> GrantFinding?
    ) throws(ProbeFault) -> [GrantFinding] {
        let rows = try connection.query(sql, [role.name], until: deadline)
        var found = rows.prefix(GrantAudit.rowLimit).compactMap { finding($0.map { $0 ?? "" }) }
        if rows.count > GrantAudit.rowLimit {
            found.append(
                GrantFinding(
                    kind: .attribute, what: "has further grants of this kind, which are not listed",
                    roles: [role.name],
                    statement: "-- run domicile check again when these are revoked"))
        }
        return found
    }

    // MARK: - Rows

    private static func attributes(_ row: [String?], of role: String) -> [GrantFinding] {
        let names = ["SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"]
        return zip(row, names).compactMap { value, name in
            guard value == "t" else { return nil }
            return GrantFinding(
                kind: .attribute, what: "has the attribute \(name)", roles: [role],
                statement: "ALTER ROLE \(SQLIdentifier.quoted(role)) NO\(name);")
        }
    }

    /// granted, member
    private static func membership(_ row: [String], of role: Role) -> GrantFinding? {
        guard row.count == 2 else { return nil }
        // Everything that a role with read_write does may write.
        if row[0] == "pg_write_all_data", !role.readsOnly { return nil }
        let isOfFiles = row[0] != "pg_write_all_data" && row[0] != "pg_signal_backend"
        return GrantFinding(
            kind: isOfFiles ? .egress : row[0] == "pg_signal_backend" ? .attribute : .writes,
            what: "is a member of \(row[0])" + (row[1] == role.name ? "" : " by \(row[1])"),
            roles: [role.name],
            statement: "REVOKE \(SQLIdentifier.quoted(row[0])) FROM \(SQLIdentifier.quoted(row[1]));")
    }

    /// schema, table, privileges, grantee (empty: PUBLIC), whether the grantee owns it
    private static func table(_ row: [String], of role: Role) -> GrantFinding? {
        guard row.count == 5 else { return nil }
        let table = SQLIdentifier.quoted(row[0], row[1])
        guard row[4] != "t" else {
            return GrantFinding(
                kind: .writes, what: "owns \(row[0]).\(row[1])" + by(row[3], role), roles: [role.name],
                statement: "ALTER TABLE \(table) OWNER TO CURRENT_USER;")
        }
        return GrantFinding(
            kind: .writes, what: "may \(row[2]) \(row[0]).\(row[1])" + by(row[3], role), roles: [role.name],
            statement: "REVOKE \(row[2]) ON TABLE \(table) FROM \(grantee(row[3]));")
    }

    /// schema, table, column, privileges, grantee
    private static func column(_ row: [String], of role: Role) -> GrantFinding? {
        guard row.count == 5 else { return nil }
        let column = SQLIdentifier.quoted(row[2])
        let list = row[3].split(separator: ",").map { "\($0.drop { $0 == " " }) (\(column))" }
        return GrantFinding(
            kind: .writes, what: "may \(row[3]) \(row[0]).\(row[1]).\(row[2])" + by(row[4], role),
            roles: [role.name],
            statement:
                "REVOKE \(list.joined(separator: ", ")) ON TABLE \(SQLIdentifier.quoted(row[0], row[1])) "
                + "FROM \(grantee(row[4]));")
    }

    /// `SCHEMA` or `DATABASE`, name, grantee, whether the grantee owns it
    private static func schema(_ row: [String], of role: Role) -> GrantFinding? {
        guard row.count == 4 else { return nil }
        let name = SQLIdentifier.quoted(row[1])
        let word = row[0].lowercased()
        guard row[3] != "t" else {
            return GrantFinding(
                kind: .writes, what: "owns \(word) \(row[1])" + by(row[2], role), roles: [role.name],
                statement: "ALTER \(row[0]) \(name) OWNER TO CURRENT_USER;")
        }
        return GrantFinding(
            kind: .writes, what: "may CREATE in \(word) \(row[1])" + by(row[2], role), roles: [role.name],
            statement: "REVOKE CREATE ON \(row[0]) \(name) FROM \(grantee(row[2]));")
    }

    /// what it is as GRANT names it, schema (empty: none), name, grantee, whether the grantee owns it, the server
    private static func foreign(_ row: [String], of role: Role) -> GrantFinding? {
        guard row.count == 6 else { return nil }
        let name =
            row[1].isEmpty ? SQLIdentifier.quoted(row[2]) : SQLIdentifier.quoted(row[1], row[2])
        let shown = (row[1].isEmpty ? "" : row[1] + ".") + row[2]
        let kind = row[0] == "TABLE" ? "foreign table" : row[0].lowercased()
        let server = row[5].isEmpty ? "" : " of server \(row[5])"
        if row[4] == "t" {
            return GrantFinding(
                kind: .egress, what: "owns \(kind) \(shown)" + server + by(row[3], role), roles: [role.name],
                statement: "ALTER \(kind.uppercased()) \(name) OWNER TO CURRENT_USER;")
        }
        let privilege = row[0] == "TABLE" ? "ALL" : "USAGE"
        return GrantFinding(
            kind: .egress, what: "may use \(kind) \(shown)" + server + by(row[3], role), roles: [role.name],
            statement: "REVOKE \(privilege) ON \(row[0]) \(name) FROM \(grantee(row[3]));")
    }

    /// reason, detail, schema, name, arguments, grantee
    private static func routine(_ row: [String], of role: Role) -> GrantFinding? {
        guard row.count == 6 else { return nil }
        let routine = SQLIdentifier.quoted(row[2], row[3]) + "(\(row[4]))"
        let isEgress = row[0] == "extension" || row[0] == "files"
        let why: String
        switch row[0] {
        case "extension": why = "of extension \(row[1])"
        case "files": why = "which reaches the server's files"
        case "definer": why = "which runs as \(row[1])"
        case "language": why = "in the untrusted language \(row[1])"
        default: why = "in C, of no extension"
        }
        return GrantFinding(
            kind: isEgress ? .egress : .code,
            what: "may call \(row[2]).\(row[3]) \(why)" + by(row[5], role), roles: [role.name],
            statement: "REVOKE EXECUTE ON ROUTINE \(routine) FROM \(grantee(row[5]));")
    }

    private static func grantee(_ name: String) -> String {
        name.isEmpty ? "PUBLIC" : SQLIdentifier.quoted(name)
    }

    /// By whom the role may, where that is not itself.
    private static func by(_ grantee: String, _ role: Role) -> String {
        grantee == role.name ? "" : grantee.isEmpty ? " as PUBLIC" : " by \(grantee)"
    }
}
