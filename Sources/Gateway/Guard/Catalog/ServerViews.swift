/// The server's own views: a view is written through only where it is automatically updatable, or has a rule for it.
package enum ServerViews {
    package static let schemas: Set<String> = ["pg_catalog", "information_schema"]

    /// Those that `pg_relation_is_updatable` names.
    package static let writable: Set<String> = [
        "pg_settings", "pg_group", "pg_stat_database_conflicts", "enabled_roles",
    ]
}
