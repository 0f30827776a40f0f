import GatewayCatalog
import SQLText

/// The server's own relations: which of them show what a rule may forbid.
enum SystemRelations {
    static let schemas = ServerViews.schemas

    /// By name or by schema. An unqualified name that begins with pg_ may be a user's table too; both count.
    static func isOfServer(_ relation: SQLFacts.Relation) -> Bool {
        if let schema = relation.schema { return schemas.contains(schema) }
        return relation.name.hasPrefix("pg_")
    }

    static func finding(_ name: String) -> (classes: GuardedClasses, reason: String)? {
        if peers.contains(name) || name.hasPrefix("pg_stat_progress_") {
            return (.peers, "shows other sessions")
        }
        if files.contains(name) { return (.egress, "shows files of the server") }
        return nil
    }

    private static let peers: Set<String> = [
        "pg_stat_activity", "pg_stat_replication", "pg_stat_wal_receiver", "pg_stat_ssl", "pg_stat_gssapi",
        "pg_stat_subscription", "pg_locks", "pg_prepared_xacts", "pg_replication_slots", "pg_stat_statements",
        "pg_stat_replication_slots", "pg_replication_origin_status",
    ]
    private static let files: Set<String> = [
        "pg_file_settings", "pg_hba_file_rules", "pg_ident_file_mappings",
    ]
}
