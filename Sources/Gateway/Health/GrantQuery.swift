/// What `GrantAudit` asks. `$1` is a role; every question is about it, the roles that it is a member of, and PUBLIC
/// (grantee 0). `search_path` is empty: names are PostgreSQL's own, and types in an argument list are qualified.
enum GrantQuery {
    /// The role and whatever it is a member of, directly or not. It ends at superusers: what they may is not told, as the
    /// membership in one is.
    static let reach = """
        WITH RECURSIVE reach(oid) AS (
            SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = $1::pg_catalog.text
            UNION SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN reach ON m.member = reach.oid
                JOIN pg_catalog.pg_roles g ON g.oid = m.roleid WHERE NOT g.rolsuper)
        """

    static let granted = "(a.grantee = 0 OR a.grantee IN (SELECT oid FROM reach))"

    static let grantee =
        "CASE WHEN a.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee) END"

    /// Who granted it, where that was not the owner: nobody else revokes it; and whether it may be given on.
    static func grant(of owner: String) -> String {
        "CASE WHEN a.grantor = \(owner) THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantor) END, "
            + "pg_catalog.bool_or(a.is_grantable)"
    }

    private static let own =
        "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"

    static let limit = "LIMIT \(GrantAudit.rowLimit + 1)"

    /// No row: no such role.
    static let attributes = """
        SELECT r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls
        FROM pg_catalog.pg_roles r WHERE r.rolname = $1::pg_catalog.text
        """

    /// The memberships by which the role reaches what it is a member of: granted, member.
    static let edges = """
        \(reach)
        SELECT DISTINCT g.rolname, h.rolname
        FROM pg_catalog.pg_auth_members m JOIN reach ON m.member = reach.oid
            JOIN pg_catalog.pg_roles g ON g.oid = m.roleid JOIN pg_catalog.pg_roles h ON h.oid = m.member
        ORDER BY 1, 2 LIMIT \(GrantAudit.edgeLimit)
        """

    /// Each membership that leads to one of the server's own powerful roles, or to a role with a powerful attribute (which
    /// is not inherited, and had by SET ROLE): granted, member, the attributes.
    static let memberships = """
        \(reach)
        SELECT DISTINCT g.rolname, h.rolname, g.rolsuper, g.rolcreaterole, g.rolreplication, g.rolbypassrls
        FROM pg_catalog.pg_auth_members m JOIN reach ON m.member = reach.oid
            JOIN pg_catalog.pg_roles g ON g.oid = m.roleid JOIN pg_catalog.pg_roles h ON h.oid = m.member
        WHERE g.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program',
            'pg_write_all_data', 'pg_signal_backend', 'pg_create_subscription')
            OR g.rolsuper OR g.rolcreaterole OR g.rolreplication OR g.rolbypassrls
        ORDER BY 1, 2 \(limit)
        """

    /// Tables and views that may be written.
    static let tables = """
        \(reach)
        SELECT n.nspname, c.relname, pg_catalog.string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type),
            \(grantee), a.grantee = c.relowner, \(grant(of: "c.relowner"))
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(
                COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
        WHERE c.relkind IN ('r', 'p', 'v', 'f') AND \(own)
            AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE') AND \(granted)
        GROUP BY n.nspname, c.relname, a.grantee, a.grantor, c.relowner ORDER BY 6 DESC, 1, 2, 4 \(limit)
        """

    /// Columns that may be written where their table may not.
    static let columns = """
        \(reach)
        SELECT n.nspname, c.relname, t.attname,
            pg_catalog.string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), \(grantee),
            \(grant(of: "c.relowner"))
        FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a
        WHERE NOT t.attisdropped AND c.relkind IN ('r', 'p', 'v', 'f') AND \(own)
            AND a.privilege_type IN ('INSERT', 'UPDATE') AND \(granted)
        GROUP BY n.nspname, c.relname, t.attname, a.grantee, a.grantor, c.relowner
        ORDER BY 6 DESC, 1, 2, 3, 5 \(limit)
        """

    /// Schemas, and the database, in which something may be created.
    static let schemas = """
        \(reach)
        SELECT 'SCHEMA', n.nspname, \(grantee), a.grantee = n.nspowner, \(grant(of: "n.nspowner"))
        FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL pg_catalog.aclexplode(
            COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a
        WHERE n.nspname !~ '^pg_(toast|temp)' AND a.privilege_type = 'CREATE' AND \(granted)
        GROUP BY n.nspname, n.nspowner, a.grantee, a.grantor
        UNION ALL SELECT 'DATABASE', d.datname, \(grantee), a.grantee = d.datdba, \(grant(of: "d.datdba"))
        FROM pg_catalog.pg_database d CROSS JOIN LATERAL pg_catalog.aclexplode(
            COALESCE(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
        WHERE d.datname = pg_catalog.current_database() AND a.privilege_type = 'CREATE' AND \(granted)
        GROUP BY d.datname, d.datdba, a.grantee, a.grantor ORDER BY 5 DESC, 1, 2, 3 \(limit)
        """

    /// Foreign tables, servers and wrappers that may be used.
    static let foreign = """
        \(reach)
        SELECT 'TABLE', n.nspname, c.relname, \(grantee), a.grantee = c.relowner, s.srvname,
            \(grant(of: "c.relowner"))
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = c.oid
            JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
            CROSS JOIN LATERAL pg_catalog.aclexplode(
                COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
        WHERE \(granted)
        GROUP BY n.nspname, c.relname, c.relowner, s.srvname, a.grantee, a.grantor
        UNION ALL SELECT 'FOREIGN SERVER', '', s.srvname, \(grantee), a.grantee = s.srvowner, '',
            \(grant(of: "s.srvowner"))
        FROM pg_catalog.pg_foreign_server s CROSS JOIN LATERAL pg_catalog.aclexplode(
            COALESCE(s.srvacl, pg_catalog.acldefault('S', s.srvowner))) a
        WHERE a.privilege_type = 'USAGE' AND \(granted)
        GROUP BY s.srvname, s.srvowner, a.grantee, a.grantor
        UNION ALL SELECT 'FOREIGN DATA WRAPPER', '', w.fdwname, \(grantee), a.grantee = w.fdwowner, '',
            \(grant(of: "w.fdwowner"))
        FROM pg_catalog.pg_foreign_data_wrapper w CROSS JOIN LATERAL pg_catalog.aclexplode(
            COALESCE(w.fdwacl, pg_catalog.acldefault('F', w.fdwowner))) a
        WHERE a.privilege_type = 'USAGE' AND \(granted)
        GROUP BY w.fdwname, w.fdwowner, a.grantee, a.grantor
        ORDER BY 7 DESC, 1, 2, 3, 4 \(limit)
        """

    /// Routines that lead out, run as somebody else, or are not confined. Which built-in functions reach files is said by
    /// their names: PUBLIC may call none of them unless somebody granted it.
    static let routines = """
        \(reach)
        SELECT q.reason, CASE q.reason WHEN 'extension' THEN q.extname WHEN 'language' THEN q.lanname
                WHEN 'definer' THEN pg_catalog.pg_get_userbyid(q.proowner) ELSE '' END,
            q.nspname, q.proname, pg_catalog.pg_get_function_identity_arguments(q.oid), \(grantee),
            \(grant(of: "q.proowner"))
        FROM (
            SELECT p.oid, p.proname, p.proacl, p.proowner, n.nspname, e.extname, l.lanname,
                CASE WHEN e.extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack') THEN 'extension'
                    WHEN n.nspname = 'pg_catalog' AND p.proname IN ('pg_read_file', 'pg_read_binary_file',
                        'pg_stat_file', 'pg_ls_dir', 'pg_ls_logdir', 'pg_ls_waldir', 'pg_ls_tmpdir',
                        'pg_ls_archive_statusdir', 'lo_import', 'lo_export') THEN 'files'
                    WHEN n.nspname IN ('pg_catalog', 'information_schema') THEN NULL
                    WHEN NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'c') THEN 'language'
                    WHEN p.prosecdef AND p.proowner NOT IN (SELECT oid FROM reach) THEN 'definer'
                    WHEN l.lanname = 'c' AND e.extname IS NULL THEN 'c' END AS reason
            FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND d.objid = p.oid AND d.deptype = 'e'
                    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
            ) q CROSS JOIN LATERAL pg_catalog.aclexplode(
                COALESCE(q.proacl, pg_catalog.acldefault('f', q.proowner))) a
        WHERE q.reason IS NOT NULL AND a.privilege_type = 'EXECUTE' AND \(granted)
        GROUP BY q.reason, q.extname, q.lanname, q.proowner, q.nspname, q.proname, q.oid, a.grantee, a.grantor
        ORDER BY 7 DESC, 1, 2, 3, 4, 5 \(limit)
        """

    /// What the health role must be able to do: signal backends, see all statistics; and its name.
    static let healthRole = """
        SELECT pg_catalog.pg_has_role('pg_signal_backend', 'USAGE'),
            pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'), CURRENT_USER
        """
}
