import GatewayCatalog

/// The queries of a catalogue snapshot (PostgreSQL's "System Catalogs"). The connection's search path is empty, so that
/// operators are the server's own; tables and functions are qualified nevertheless (F-WIRE-09). Every role may read all
/// of it. Temporary relations belong to one session and are left out.
struct CatalogQuery {
    /// `server_version_num`; some columns came with version 14.
    let serverVersion: Int

    /// The first OID of what is not the server's own (`FirstNormalObjectId`).
    static let firstOID = CatalogLimits.firstOID

    /// Every catalogue's table by OID, as a constant.
    static func `class`(_ name: String) -> String { "'pg_catalog.\(name)'::pg_catalog.regclass" }

    var hasParsedBodies: Bool { serverVersion >= 140_000 }

    static let relations = """
        SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltype
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
        """

    /// `proconfig` by its names only.
    var functions: String {
        """
        SELECT p.oid, n.nspname, p.proname, l.lanname, l.lanpltrusted, p.prokind, p.prosecdef, x.extname,
            (SELECT pg_catalog.string_agg(pg_catalog.split_part(s, '=', 1), pg_catalog.chr(10))
                FROM pg_catalog.unnest(p.proconfig) s),
            p.probin, CASE WHEN pg_catalog.octet_length(p.prosrc) <= \(CatalogLimits.body) THEN p.prosrc END,
            \(hasParsedBodies ? "p.prosqlbody IS NOT NULL" : "false"),
            p.pronargs >= 1 AND p.pronargs - p.pronargdefaults <= 1
        FROM pg_catalog.pg_proc p
            JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
            JOIN pg_catalog.pg_language l ON l.oid = p.prolang
            LEFT JOIN pg_catalog.pg_depend d
                ON d.classid = \(CatalogQuery.class("pg_proc")) AND d.objid = p.oid AND d.deptype = 'e'
            LEFT JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid
        WHERE p.oid >= \(CatalogQuery.firstOID)
        """
    }

    static let operators = """
        SELECT o.oid, n.nspname, o.oprname
        FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
        WHERE o.oid >= \(firstOID)
        """

    /// Without arrays, for which their elements stand, and without the rows of tables, which stand for themselves.
    static let types = """
        SELECT t.oid, n.nspname, t.typname
        FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
            LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
        WHERE t.oid >= \(firstOID) AND t.typinput <> 'pg_catalog.array_in'::pg_catalog.regproc
            AND (t.typrelid = 0 OR c.relkind = 'c')
        """

    static let classes = """
        SELECT k.oid, n.nspname, k.opcname
        FROM pg_catalog.pg_opclass k JOIN pg_catalog.pg_namespace n ON n.oid = k.opcnamespace
        WHERE k.oid >= \(firstOID)
        """

    /// Array types with their elements'.
    static let arrays = """
        SELECT t.oid, n.nspname, t.typname, t.typelem
        FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE t.oid >= \(firstOID) AND t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
        """

    static let serverOperators = """
        SELECT o.oid, n.nspname, o.oprname
        FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
        WHERE o.oid < \(firstOID)
        """

    /// With arrays, rows and operator classes, which are named where types are.
    static let serverTypes = """
        SELECT t.oid, n.nspname, t.typname
        FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
        WHERE t.oid < \(firstOID)
        UNION ALL
        SELECT k.oid, n.nspname, k.opcname
        FROM pg_catalog.pg_opclass k JOIN pg_catalog.pg_namespace n ON n.oid = k.opcnamespace
        WHERE k.oid < \(firstOID)
        """

    static let builtIns = """
        SELECT p.oid, p.proname, p.prosrc FROM pg_catalog.pg_proc p
        WHERE p.oid < \(firstOID) AND p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
        """

    /// One text that is another one as soon as anything changed that the other queries read. A row's `xmin` is the
    /// transaction that wrote it, on a standby as on its primary; of what changes for other reasons too (TRUNCATE,
    /// REFRESH) the columns that are read.
    var fingerprint: String {
        let parts = fingerprintParts.map { part in
            "SELECT pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(h.t, 0)) FROM (\(part)) h(t)"
        }
        return """
            SELECT pg_catalog.string_agg(pg_catalog.concat(f.n, ':', f.s), ' ')
            FROM (\(parts.joined(separator: "\nUNION ALL "))) f(n, s)
            """
    }

    private var fingerprintParts: [String] {
        let kept = "JOIN pg_catalog.pg_class c ON c.relpersistence <> 't' AND c.oid ="
        func rows(_ table: String, _ condition: String = "true") -> String {
            "SELECT pg_catalog.concat(x.oid, ' ', x.xmin) FROM pg_catalog.\(table) x WHERE \(condition)"
        }
        func rows(_ table: String, of column: String) -> String {
            "SELECT pg_catalog.concat(x.oid, ' ', x.xmin) FROM pg_catalog.\(table) x \(kept) x.\(column)"
        }
        return [
            """
            SELECT pg_catalog.concat(c.oid, ' ', c.relnamespace, ' ', c.relkind, ' ', c.reltype, ' ', c.relname)
            FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
                AND c.relpersistence <> 't'
            """,
            """
            SELECT pg_catalog.concat(d.objid, ' ', d.objsubid, ' ', d.refobjid) FROM pg_catalog.pg_depend d
                \(kept) d.objid
            WHERE d.classid = \(CatalogQuery.class("pg_class"))
                AND d.refclassid IN (\(CatalogQuery.class("pg_type")), \(CatalogQuery.class("pg_proc")),
                    \(CatalogQuery.class("pg_operator")), \(CatalogQuery.class("pg_opclass")))
            """,
            "SELECT pg_catalog.concat(x.inhrelid, ' ', x.inhparent) FROM pg_catalog.pg_inherits x",
            "SELECT pg_catalog.concat(x.aggfnoid::pg_catalog.oid, ' ', x.xmin) FROM pg_catalog.pg_aggregate x",
            """
            SELECT pg_catalog.concat(x.indexrelid, ' ', x.xmin) FROM pg_catalog.pg_index x \(kept) x.indrelid
            WHERE x.indexprs IS NOT NULL OR x.indpred IS NOT NULL
            """,
            "SELECT pg_catalog.concat(x.ftrelid, ' ', x.xmin) FROM pg_catalog.pg_foreign_table x",
            rows("pg_proc"), rows("pg_operator"), rows("pg_opclass"), rows("pg_amop"), rows("pg_amproc"),
            rows("pg_cast"), rows("pg_language"), rows("pg_extension"), rows("pg_event_trigger"),
            rows("pg_foreign_data_wrapper"), rows("pg_foreign_server"),
            rows(
                "pg_type",
                "x.typtype IN ('b', 'd', 'r', 'm') AND x.typinput <> 'pg_catalog.array_in'::regproc"),
            rows("pg_namespace", "x.nspname !~ '^pg_(toast_)?temp_'"),
            rows("pg_constraint", "x.contypid <> 0"),
            rows("pg_constraint", of: "conrelid"), rows("pg_rewrite", of: "ev_class"),
            rows("pg_trigger", of: "tgrelid"), rows("pg_attrdef", of: "adrelid"),
            rows("pg_policy", of: "polrelid"), rows("pg_statistic_ext", of: "stxrelid"),
        ]
    }
}
