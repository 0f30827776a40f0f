/// Foreign data by columns, and by what stands before a foreign table.
extension GrantQuery {
    /// Columns of foreign tables that may be used where their table may not.
    static let foreignColumns = """
        \(reach)
        SELECT n.nspname, c.relname, t.attname,
            pg_catalog.string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), \(grantee),
            \(grant(of: "c.relowner")), ''
        FROM pg_catalog.pg_attribute t JOIN pg_catalog.pg_class c ON c.oid = t.attrelid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a
        WHERE NOT t.attisdropped AND c.relkind = 'f' AND \(granted)
        GROUP BY n.nspname, c.relname, c.relowner, t.attname, a.grantee, a.grantor
        ORDER BY 6 DESC, 1, 2, 3, 5 \(limit)
        """

    /// Views over foreign tables and tables with foreign children, over others too, that may be read. A materialized view
    /// is data of this server.
    static let leading = """
        \(leads)
        SELECT n.nspname, c.relname, 'SELECT', \(grantee), a.grantee = c.relowner, l.far, \(grant(of: "c.relowner"))
        FROM ways l JOIN pg_catalog.pg_class c ON c.oid = l.oid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            CROSS JOIN LATERAL pg_catalog.aclexplode(
                COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) a
        WHERE a.privilege_type = 'SELECT' AND \(granted)
        GROUP BY n.nspname, c.relname, c.relowner, l.far, a.grantee, a.grantor
        ORDER BY 7 DESC, 1, 2, 4 \(limit)
        """

    /// The same by columns.
    static let leadingColumns = """
        \(leads)
        SELECT n.nspname, c.relname, t.attname, 'SELECT', \(grantee), \(grant(of: "c.relowner")), l.far
        FROM ways l JOIN pg_catalog.pg_class c ON c.oid = l.oid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped
            CROSS JOIN LATERAL pg_catalog.aclexplode(t.attacl) a
        WHERE a.privilege_type = 'SELECT' AND \(granted)
        GROUP BY n.nspname, c.relname, c.relowner, t.attname, l.far, a.grantee, a.grantor
        ORDER BY 6 DESC, 1, 2, 3, 5 \(limit)
        """

    private static let leads = """
        \(reach),
        edges(parent, child) AS (
            SELECT w.ev_class, d.refobjid FROM pg_catalog.pg_rewrite w
                JOIN pg_catalog.pg_class v ON v.oid = w.ev_class
                JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                    AND d.objid = w.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
            WHERE v.relkind = 'v' AND w.ev_type = '1' AND d.refobjid <> w.ev_class
            UNION SELECT i.inhparent, i.inhrelid FROM pg_catalog.pg_inherits i),
        leads(oid, foreign_table) AS (
            SELECT f.ftrelid, f.ftrelid FROM pg_catalog.pg_foreign_table f
            UNION SELECT e.parent, l.foreign_table FROM edges e JOIN leads l ON l.oid = e.child),
        ways(oid, far) AS (
            SELECT l.oid, pg_catalog.min(fn.nspname || '.' || fc.relname)
            FROM leads l JOIN pg_catalog.pg_class fc ON fc.oid = l.foreign_table
                JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
            WHERE l.oid <> l.foreign_table GROUP BY l.oid)
        """
}
