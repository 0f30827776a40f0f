/// What the columns of the catalogues name by OID. pg_depend would not name the server's own.
extension CatalogQuery {
    var direct: [String] {
        [
            "SELECT 'r', x.tgrelid, 'written', 'f', x.tgfoid FROM pg_catalog.pg_trigger x WHERE NOT x.tgisinternal",
            "SELECT 'r', x.inhparent, 'child', 'r', x.inhrelid FROM pg_catalog.pg_inherits x",
            foreignKeys, "SELECT 's', 0, 'uses', 'f', x.evtfoid FROM pg_catalog.pg_event_trigger x",
            operators, aggregates, families, casts, defaultClasses, extensionTables, partitionKeys,
            "SELECT 't', x.rngtypid, 'uses', 'f', x.rngsubdiff::pg_catalog.oid FROM pg_catalog.pg_range x",
        ]
    }

    /// Operator classes of partition keys.
    private var partitionKeys: String {
        """
        SELECT DISTINCT 'p', 0, 'uses', 'y', k.opcfamily
        FROM pg_catalog.pg_partitioned_table x, pg_catalog.unnest(x.partclass::pg_catalog.oid[]) c(oid)
            JOIN pg_catalog.pg_opclass k ON k.oid = c.oid
        """
    }

    /// Both sides of foreign keys: rows that refer look up the key, and go or change with it.
    private var foreignKeys: String {
        """
        SELECT 'r', x.conrelid, 'reference', 'r', x.confrelid FROM pg_catalog.pg_constraint x WHERE x.contype = 'f'
        UNION ALL
        SELECT 'r', x.confrelid, CASE WHEN x.confdeltype IN ('c', 'n', 'd') OR x.confupdtype IN ('c', 'n', 'd')
            THEN 'cascade' ELSE 'reference' END, 'r', x.conrelid
        FROM pg_catalog.pg_constraint x WHERE x.contype = 'f'
        UNION ALL
        SELECT 'r', x.confrelid, 'truncated', 'r', x.conrelid FROM pg_catalog.pg_constraint x WHERE x.contype = 'f'
        """
    }

    /// What is written to an extension's tables its C may read in a process of its own, and act upon (a queue of requests,
    /// a list of jobs).
    private var extensionTables: String {
        """
        SELECT 'r', m.objid, 'written', 'f', p.oid
        FROM pg_catalog.pg_depend m
            JOIN pg_catalog.pg_depend e ON e.refclassid = m.refclassid AND e.refobjid = m.refobjid
                AND e.deptype = 'e' AND e.classid = \(CatalogQuery.class("pg_proc"))
            JOIN pg_catalog.pg_proc p ON p.oid = e.objid
            JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname = 'c'
        WHERE m.deptype = 'e' AND m.classid = \(CatalogQuery.class("pg_class"))
            AND m.refclassid = \(CatalogQuery.class("pg_extension"))
        """
    }

    /// With the estimators that planning calls, and the operators that it may put in another's place.
    private var operators: String {
        """
        SELECT 'o', x.oid, 'uses', 'f', u.f FROM pg_catalog.pg_operator x,
            LATERAL (VALUES (x.oprcode::pg_catalog.oid), (x.oprrest::pg_catalog.oid), (x.oprjoin::pg_catalog.oid)) u(f)
        WHERE x.oid >= \(CatalogQuery.firstOID)
        UNION ALL
        SELECT 'o', x.oid, 'uses', 'o', u.o FROM pg_catalog.pg_operator x,
            LATERAL (VALUES (x.oprcom), (x.oprnegate)) u(o)
        WHERE x.oid >= \(CatalogQuery.firstOID)
        UNION ALL
        SELECT 'o', x.amopopr, 'uses', 'y', x.amopfamily FROM pg_catalog.pg_amop x
        WHERE x.amopopr >= \(CatalogQuery.firstOID)
        """
    }

    private var aggregates: String {
        """
        SELECT 'f', x.aggfnoid::pg_catalog.oid, 'uses', 'f', u.f::pg_catalog.oid FROM pg_catalog.pg_aggregate x,
            LATERAL (VALUES (x.aggtransfn), (x.aggfinalfn), (x.aggcombinefn), (x.aggserialfn), (x.aggdeserialfn),
                (x.aggmtransfn), (x.aggminvtransfn), (x.aggmfinalfn)) u(f)
        WHERE x.aggfnoid::pg_catalog.oid >= \(CatalogQuery.firstOID)
        UNION ALL
        SELECT 'f', x.aggfnoid::pg_catalog.oid, 'uses', 'o', x.aggsortop FROM pg_catalog.pg_aggregate x
        WHERE x.aggfnoid::pg_catalog.oid >= \(CatalogQuery.firstOID)
        """
    }

    private var families: String {
        """
        SELECT 'y', x.amprocfamily, 'uses', 'f', x.amproc::pg_catalog.oid FROM pg_catalog.pg_amproc x
        WHERE x.oid >= \(CatalogQuery.firstOID)
        UNION ALL
        SELECT 'y', x.amopfamily, 'uses', 'o', x.amopopr FROM pg_catalog.pg_amop x
        WHERE x.oid >= \(CatalogQuery.firstOID)
        """
    }

    /// A cast is its types' doing; one between two of the server's own is anybody's.
    private var casts: String {
        """
        SELECT 't', u.t, 'uses', 'f', x.castfunc FROM pg_catalog.pg_cast x,
            LATERAL (VALUES (x.castsource), (x.casttarget)) u(t)
        WHERE x.oid >= \(CatalogQuery.firstOID)
        UNION ALL
        SELECT 'a', 0, 'uses', 'f', x.castfunc FROM pg_catalog.pg_cast x
        WHERE x.oid >= \(CatalogQuery.firstOID) AND x.castsource < \(CatalogQuery.firstOID)
            AND x.casttarget < \(CatalogQuery.firstOID)
        """
    }

    /// By which a type's values are sorted, compared and hashed though nobody names it.
    private var defaultClasses: String {
        """
        SELECT 'k', x.oid, 'uses', 'y', x.opcfamily FROM pg_catalog.pg_opclass x
        WHERE x.oid >= \(CatalogQuery.firstOID)
        UNION ALL
        SELECT 't', x.opcintype, 'uses', 'y', x.opcfamily FROM pg_catalog.pg_opclass x
        WHERE x.opcintype >= \(CatalogQuery.firstOID)
        UNION ALL
        SELECT 'a', 0, 'uses', 'y', x.opcfamily FROM pg_catalog.pg_opclass x
        WHERE x.oid >= \(CatalogQuery.firstOID) AND x.opcdefault AND x.opcintype < \(CatalogQuery.firstOID)
        UNION ALL
        SELECT DISTINCT 'a', 0, 'uses', 'y', x.amprocfamily FROM pg_catalog.pg_amproc x
        WHERE x.oid >= \(CatalogQuery.firstOID) AND x.amprocfamily < \(CatalogQuery.firstOID)
        """
    }
}
