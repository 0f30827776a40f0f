import GatewayServers

/// What the rows of `GrantQuery` say of one role. They are a server's texts: what of them stands in a statement is of a
/// closed set, quoted as an identifier, or nothing but words and quoted identifiers; else there is no statement.
package struct GrantRow: Sendable {
    /// A membership.
    package struct Edge: Sendable, Hashable {
        package var group: String
        package var member: String

        package init(group: String, member: String) {
            self.group = group
            self.member = member
        }
    }

    /// Of a table and its columns, those that write.
    private static let privileges: Set<Substring> = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"]

    package let role: String
    package let readsOnly: Bool
    /// By which the role reaches what it is a member of.
    package let edges: [Edge]

    package init(role: String, readsOnly: Bool, edges: [Edge] = []) {
        self.role = role
        self.readsOnly = readsOnly
        self.edges = edges
    }

    static func attributes(_ row: [String?], of role: String) -> [GrantFinding] {
        let names = ["SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS"]
        return zip(row, names).compactMap { value, name in
            guard value == "t" else { return nil }
            return GrantFinding(
                kind: .attribute, what: "has the attribute \(name)", roles: [role],
                statement: "ALTER ROLE \(SQLIdentifier.quoted(role)) NO\(name);")
        }
    }

    /// granted, member, whether the granted has SUPERUSER, CREATEROLE, REPLICATION, BYPASSRLS
    package func membership(_ row: [String]) -> [GrantFinding] {
        guard row.count == 6 else { return [] }
        // Everything that a role with read_write does may write.
        if row[0] == "pg_write_all_data", !readsOnly { return [] }
        let names = zip(row.dropFirst(3), ["CREATEROLE", "REPLICATION", "BYPASSRLS"])
            .compactMap { value, name in value == "t" ? name : nil }
        let kind: GrantFinding.Kind
        let power: String
        if row[2] == "t" {
            (kind, power) = (.attribute, ", a superuser")
        } else if !names.isEmpty {
            (kind, power) = (.attribute, ", which has " + names.joined(separator: ", "))
        } else {
            power = ""
            switch row[0] {
            case "pg_signal_backend": kind = .attribute
            case "pg_write_all_data": kind = .writes
            default: kind = .egress
            }
        }
        let by = row[1] == role ? "" : (power.isEmpty ? "" : ",") + " by \(row[1])"
        return [
            finding(
                kind, "is a member of \(row[0])\(power)\(by)",
                GrantRow.leave(Edge(group: row[0], member: row[1])))
        ]
    }

    /// schema, table, privileges, grantee (empty: PUBLIC), whether the grantee owns it; who granted it (empty: the owner),
    /// whether with grant option. All that are not memberships end with these two, or have neither.
    package func table(_ row: [String]) -> [GrantFinding] {
        guard row.count >= 5 else { return [] }
        let (table, shown) = (SQLIdentifier.quoted(row[0], row[1]), "\(row[0]).\(row[1])")
        if row[4] == "t" { return owned(.writes, shown, by: row[3], "ALTER TABLE \(table)") }
        let privileges = GrantRow.privileges(row[2])
        guard !privileges.isEmpty else { return [] }
        let list = privileges.joined(separator: ", ")
        return [
            finding(
                .writes, "may \(list) \(shown)" + by(row[3]),
                GrantRow.revoke("\(list) ON TABLE \(table)", from: row[3], row.dropFirst(5)))
        ]
    }

    /// schema, table, column, privileges, grantee
    package func column(_ row: [String]) -> [GrantFinding] {
        guard row.count >= 5 else { return [] }
        let privileges = GrantRow.privileges(row[3])
        guard !privileges.isEmpty else { return [] }
        let column = SQLIdentifier.quoted(row[2])
        let list = privileges.map { "\($0) (\(column))" }.joined(separator: ", ")
        return [
            finding(
                .writes,
                "may \(privileges.joined(separator: ", ")) \(row[0]).\(row[1]).\(row[2])" + by(row[4]),
                GrantRow.revoke(
                    "\(list) ON TABLE \(SQLIdentifier.quoted(row[0], row[1]))", from: row[4],
                    row.dropFirst(5)))
        ]
    }

    /// `SCHEMA` or `DATABASE`, name, grantee, whether the grantee owns it
    package func schema(_ row: [String]) -> [GrantFinding] {
        guard row.count >= 4, ["SCHEMA", "DATABASE"].contains(row[0]) else { return [] }
        let object = "\(row[0]) \(SQLIdentifier.quoted(row[1]))"
        let shown = "\(row[0].lowercased()) \(row[1])"
        if row[3] == "t" { return owned(.writes, shown, by: row[2], "ALTER \(object)") }
        return [
            finding(
                .writes, "may CREATE in \(shown)" + by(row[2]),
                GrantRow.revoke("CREATE ON \(object)", from: row[2], row.dropFirst(4)))
        ]
    }

    /// what it is as GRANT names it, schema (empty: none), name, grantee, whether the grantee owns it, the server
    package func foreign(_ row: [String]) -> [GrantFinding] {
        guard row.count >= 6, ["TABLE", "FOREIGN SERVER", "FOREIGN DATA WRAPPER"].contains(row[0]) else {
            return []
        }
        let isTable = row[0] == "TABLE"
        let name =
            row[1].isEmpty ? SQLIdentifier.quoted(row[2]) : SQLIdentifier.quoted(row[1], row[2])
        let kind = isTable ? "foreign table" : row[0].lowercased()
        let shown =
            "\(kind) " + (row[1].isEmpty ? "" : row[1] + ".") + row[2]
            + (row[5].isEmpty ? "" : " of server \(row[5])")
        if row[4] == "t" { return owned(.egress, shown, by: row[3], "ALTER \(kind.uppercased()) \(name)") }
        return [
            finding(
                .egress, "may use \(shown)" + by(row[3]),
                GrantRow.revoke(
                    "\(isTable ? "ALL" : "USAGE") ON \(row[0]) \(name)", from: row[3], row.dropFirst(6)))
        ]
    }

    /// schema, table, privilege, grantee, whether the grantee owns it, the foreign table that it leads to
    package func leading(_ row: [String]) -> [GrantFinding] {
        guard row.count >= 6 else { return [] }
        let table = SQLIdentifier.quoted(row[0], row[1])
        let shown = "\(row[0]).\(row[1]), which leads to the foreign table \(row[5])"
        if row[4] == "t" { return owned(.egress, shown, by: row[3], "ALTER TABLE \(table)") }
        return [
            finding(
                .egress, "may read \(shown)" + by(row[3]),
                GrantRow.revoke("SELECT ON TABLE \(table)", from: row[3], row.dropFirst(6)))
        ]
    }

    /// schema, table, column, privileges, grantee; who granted it, whether with grant option; the foreign table that it
    /// leads to (empty: it is one)
    package func foreignColumn(_ row: [String]) -> [GrantFinding] {
        guard row.count == 8 else { return [] }
        let privileges = row[3].split(separator: ",").map { $0.drop { $0 == " " } }
            .filter { ["SELECT", "INSERT", "UPDATE", "REFERENCES"].contains($0) }
        guard !privileges.isEmpty else { return [] }
        let list = privileges.map { "\($0) (\(SQLIdentifier.quoted(row[2])))" }.joined(separator: ", ")
        let what =
            row[7].isEmpty ? ", of a foreign table" : ", which leads to the foreign table \(row[7])"
        return [
            finding(
                .egress,
                "may \(privileges.joined(separator: ", ")) \(row[0]).\(row[1]).\(row[2])\(what)" + by(row[4]),
                GrantRow.revoke(
                    "\(list) ON TABLE \(SQLIdentifier.quoted(row[0], row[1]))", from: row[4],
                    row[5...6]))
        ]
    }

    /// reason, detail, schema, name, arguments, grantee
    package func routine(_ row: [String]) -> [GrantFinding] {
        guard row.count >= 6 else { return [] }
        let why: String
        switch row[0] {
        case "extension": why = "of extension \(row[1])"
        case "files": why = "which reaches the server's files"
        case "definer": why = "which runs as \(row[1])"
        case "language": why = "in the untrusted language \(row[1])"
        default: why = "in C, of no extension"
        }
        let routine = SQLIdentifier.quoted(row[2], row[3]) + "(\(row[4]))"
        return [
            finding(
                row[0] == "extension" || row[0] == "files" ? .egress : .code,
                "may call \(row[2]).\(row[3]) \(why)" + by(row[5]),
                SQLIdentifier.isArgumentList(row[4])
                    ? GrantRow.revoke("EXECUTE ON ROUTINE \(routine)", from: row[5], row.dropFirst(6)) : nil)
        ]
    }

    // MARK: - Parts

    private func finding(_ kind: GrantFinding.Kind, _ what: String, _ statement: String?) -> GrantFinding {
        GrantFinding(kind: kind, what: what, roles: [role], statement: statement)
    }

    /// What the role owns gets another owner; what a group owns, the role leaves: each membership that leads there is one
    /// finding.
    private func owned(
        _ kind: GrantFinding.Kind, _ shown: String, by owner: String, _ alter: String
    ) -> [GrantFinding] {
        if owner == role { return [finding(kind, "owns \(shown)", "\(alter) OWNER TO CURRENT_USER;")] }
        let what = "owns \(shown) by \(owner)"
        let leading = edges.filter { $0.group == owner }
        guard !leading.isEmpty else { return [finding(kind, what, nil)] }
        return leading.map { finding(kind, what, GrantRow.leave($0)) }
    }

    private static func leave(_ edge: Edge) -> String {
        "REVOKE \(SQLIdentifier.quoted(edge.group)) FROM \(SQLIdentifier.quoted(edge.member));"
    }

    /// Run as whoever granted it where that was not the owner, and with what the grantee gave on.
    private static func revoke(_ what: String, from name: String, _ grant: ArraySlice<String>) -> String {
        let cascades = grant.count > 1 && grant.last == "t"
        let statement = "REVOKE \(what) FROM \(grantee(name))\(cascades ? " CASCADE" : "");"
        guard let grantor = grant.first, !grantor.isEmpty else { return statement }
        return "SET ROLE \(SQLIdentifier.quoted(grantor)); \(statement) RESET ROLE;"
    }

    private static func privileges(_ list: String) -> [Substring] {
        list.split(separator: ",").map { $0.drop { $0 == " " } }.filter { privileges.contains($0) }
    }

    private static func grantee(_ name: String) -> String {
        name.isEmpty ? "PUBLIC" : SQLIdentifier.quoted(name)
    }

    /// By whom the role may, where that is not itself.
    private func by(_ grantee: String) -> String {
        grantee == role ? "" : grantee.isEmpty ? " as PUBLIC" : " by \(grantee)"
    }
}
