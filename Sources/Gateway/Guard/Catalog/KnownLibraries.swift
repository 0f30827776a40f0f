/// The C libraries of PostgreSQL's own contrib, reviewed function by function. A function counts by the library and
/// the symbol that it calls: its name and its extension can be anything.
enum KnownLibraries {
    /// What a C function does; nil: unknown. `library` is `probin`.
    static func reasons(library: String, symbol: String) -> [CatalogReason]? {
        guard let name = name(library), KnownSymbols.contains(symbol, of: name) else { return nil }
        if let special = exceptions[name]?[symbol] { return special.map { reason($0, name) } }
        if let all = whole[name] { return all.map { reason($0, name) } }
        return harmless.contains(name) ? [] : nil
    }

    static func unknown(_ library: String) -> [CatalogReason] {
        let text =
            "is C of \(library.isEmpty ? "an unknown library" : library), which the gateway does not know"
        return [CatalogReason(reach: .program, text: text), CatalogReason(reach: .egress, text: text)]
    }

    /// `$libdir/NAME`, or NAME alone; anything else may be any file.
    static func name(_ library: String) -> String? {
        let prefix = "$libdir/"
        let name = library.hasPrefix(prefix) ? String(library.dropFirst(prefix.count)) : library
        return name.isEmpty || name.contains("/") ? nil : name
    }

    /// Libraries whose functions compute on their arguments, or show a state of this server that holds no data.
    private static let harmless: Set<String> = [
        "_int", "autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dict_int", "dict_xsyn",
        "earthdistance", "fuzzystrmatch", "hstore", "insert_username", "isn", "ltree", "moddatetime",
        "old_snapshot", "pg_buffercache", "pg_freespacemap", "pg_prewarm", "pg_trgm", "pg_visibility",
        "pgcrypto", "pgstattuple", "pgxml", "plpgsql", "seg", "sslinfo", "tablefunc", "tcn",
        "tsm_system_rows", "tsm_system_time", "unaccent", "uuid-ossp",
    ]

    /// Libraries of which every function does the same.
    private static let whole: [String: [CatalogReach]] = [
        "adminpack": [.egress, .settings], "dblink": [.egress], "file_fdw": [.egress],
        "postgres_fdw": [.egress],
        "pg_stat_statements": [.peers], "pg_walinspect": [.peers], "pgrowlocks": [.peers],
        // They take a relation, or rows of one, by an argument's text, or run SQL made of a trigger's arguments.
        "amcheck": [.opaque], "lo": [.opaque], "pageinspect": [.opaque], "pg_surgery": [.opaque],
        "refint": [.opaque],
    ]

    /// Functions of harmless libraries that are not: they run SQL text or style sheets, start workers, change files.
    private static let exceptions: [String: [String: [CatalogReach]]] = [
        // The text that they run elsewhere may as well be run in this very database.
        "dblink": [
            "dblink_record": [.egress, .opaque], "dblink_exec": [.egress, .opaque],
            "dblink_send_query": [.egress, .opaque], "dblink_open": [.egress, .opaque],
        ],
        "pg_prewarm": ["autoprewarm_start_worker": [.opaque], "autoprewarm_dump_now": [.opaque]],
        "pg_visibility": ["pg_truncate_visibility_map": [.opaque]],
        "pgxml": ["xpath_table": [.opaque], "xslt_process": [.opaque]],
        "tablefunc": [
            "crosstab": [.opaque], "crosstab_hash": [.opaque], "connectby_text": [.opaque],
            "connectby_text_serial": [.opaque],
        ],
    ]

    private static func reason(_ reach: CatalogReach, _ library: String) -> CatalogReason {
        let text =
            switch (library, reach) {
            case ("dblink", .opaque):
                "runs its argument's text on a connection of its own (a function of dblink)"
            case ("adminpack", .settings):
                "writes files, also in a read-only transaction (a function of adminpack)"
            case ("dblink", _), ("postgres_fdw", _): "connects to other servers (a function of \(library))"
            case ("adminpack", _), ("file_fdw", _): "uses the server's files (a function of \(library))"
            case (_, .peers): "shows what other sessions do (a function of \(library))"
            default: "may run or read what its arguments' text says (a function of \(library))"
            }
        return CatalogReason(reach: reach, text: text)
    }
}
