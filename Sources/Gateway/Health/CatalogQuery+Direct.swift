/// What the columns of the catalogues name by OID. pg_depend would not name the server's own.
extension CatalogQuery {
    var direct: [String] {
        [
            "SELECT 'r', x.tgrelid, 'written', 'f', x.tgfoid FROM pg_catalog.pg_trigger x WHERE NOT x.tgisinternal",
            "SELECT 'r', x.inhparent, 'child', 'r', x.inhrelid FROM pg_catalog.pg_inherits x",
            foreignKeys, "SELECT 's', 0, 'uses', 'f', x.evtfoid FROM pg_catalog.pg_event_trigger x",
            operators, aggregates, families, casts, defaultClasses,
            "SELECT 't', x.rngtypid, 'uses', 'f', x.rngsubdiff::pg_catalog.oid FROM pg_catalog.pg_range x",
        ]
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
