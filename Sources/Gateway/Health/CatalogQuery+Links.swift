/// Who uses whom. PostgreSQL records what an object depends on (`pg_depend`), but not on what it came with: functions
/// of the server are found in the stored expressions themselves, which name them by `:funcid` and the like.
extension CatalogQuery {
    /// Each query gives: who (its letter and OID), how (`CatalogLink`), whom.
    var links: [String] {
        [
            dependencies("pg_rewrite", "x.ev_class", "r", CatalogQuery.rule, notSelf: true),
            calls("pg_rewrite", "x.ev_class", "r", CatalogQuery.rule, ["x.ev_qual", "x.ev_action"]),
            lockingViews, viewsOfServers, defaults, defaultCalls,
            dependencies("pg_constraint", "x.conrelid", "r", "'planned'", "x.contype = 'c'", notSelf: true),
            dependencies("pg_constraint", "x.contypid", "t", "'uses'", "x.contypid <> 0", notSelf: true),
            dependencies(
                "pg_constraint", "x.conrelid", "r", "'written'", "x.contype IN ('f', 'x')", calledOnly: true),
            dependencies(
                "pg_constraint", "x.confrelid", "r", "'written'", "x.contype = 'f'", calledOnly: true),
            calls("pg_constraint", "x.conrelid", "r", "'planned'", ["x.conbin"], "x.conrelid <> 0"),
            calls("pg_constraint", "x.contypid", "t", "'uses'", ["x.conbin"], "x.contypid <> 0"),
            dependencies("pg_trigger", "x.tgrelid", "r", "'written'", "NOT x.tgisinternal", notSelf: true),
            calls("pg_trigger", "x.tgrelid", "r", "'written'", ["x.tgqual"], "NOT x.tgisinternal"),
            dependencies("pg_policy", "x.polrelid", "r", CatalogQuery.policy, notSelf: true),
            calls("pg_policy", "x.polrelid", "r", CatalogQuery.policy, ["x.polqual", "x.polwithcheck"]),
            dependencies("pg_statistic_ext", "x.stxrelid", "r", "'planned'", calledOnly: true),
            ofIndexes,
            calls(
                "pg_index", "x.indrelid", "r", "'planned'", ["x.indexprs", "x.indpred"], key: "indexrelid"),
            ofRelations,
            calls("pg_partitioned_table", "x.partrelid", "r", "'planned'", ["x.partexprs"], key: "partrelid"),
            columns, ofFunctions, ofTypes,
            calls("pg_proc", "x.oid", "f", "'uses'", functionTrees, "x.oid >= \(CatalogQuery.firstOID)"),
            calls("pg_type", "x.oid", "t", "'uses'", ["x.typdefaultbin"], "x.typtype = 'd'"),
        ]
            + (hasParsedBodies
                ? [calls("pg_statistic_ext", "x.stxrelid", "r", "'planned'", ["x.stxexprs"])] : [])
            + direct
    }

    private static let rule = "CASE x.ev_type WHEN '1' THEN 'view' ELSE 'rule' END"
    /// SELECT … FOR UPDATE obeys the policies for UPDATE, too.
    private static let policy =
        "CASE WHEN x.polcmd IN ('r', '*') THEN 'planned' WHEN x.polcmd = 'w' THEN 'locked' ELSE 'written' END"

    private var functionTrees: [String] { ["x.proargdefaults"] + (hasParsedBodies ? ["x.prosqlbody"] : []) }

    /// Whom a row of pg_depend leads to: a class by its family, an array by its element.
    private static let target = """
        CASE d.refclassid WHEN \(`class`("pg_class")) THEN 'r' WHEN \(`class`("pg_proc")) THEN 'f'
            WHEN \(`class`("pg_operator")) THEN 'o' WHEN \(`class`("pg_opclass")) THEN 'y' ELSE 't' END,
        COALESCE(k.opcfamily, e.typelem, d.refobjid)
        """

    private static let source = """
        pg_catalog.pg_depend d
            LEFT JOIN pg_catalog.pg_opclass k ON d.refclassid = \(`class`("pg_opclass")) AND k.oid = d.refobjid
            LEFT JOIN pg_catalog.pg_type e ON d.refclassid = \(`class`("pg_type")) AND e.oid = d.refobjid
                AND e.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
        """

    private static let called = """
        d.refclassid IN (\(`class`("pg_proc")), \(`class`("pg_operator")), \(`class`("pg_opclass")),
            \(`class`("pg_type")))
        """

    private static let anything = "(\(called) OR d.refclassid = \(`class`("pg_class")))"

    /// What the rows of a catalogue depend on, for the object that they belong to.
    private func dependencies(
        _ table: String, _ owner: String, _ letter: String, _ link: String, _ condition: String = "true",
        notSelf: Bool = false, calledOnly: Bool = false
    ) -> String {
        """
        SELECT '\(letter)', \(owner), \(link), \(CatalogQuery.target)
        FROM pg_catalog.\(table) x, \(CatalogQuery.source)
        WHERE d.classid = \(CatalogQuery.class(table)) AND d.objid = x.oid AND \(condition)
            AND \(calledOnly ? CatalogQuery.called : CatalogQuery.anything)
            \(notSelf ? "AND d.refobjid <> \(owner)" : "")
        """
    }

    /// The functions that a catalogue's stored expressions call, for the object that they belong to.
    private func calls(
        _ table: String, _ owner: String, _ letter: String, _ link: String, _ trees: [String],
        _ condition: String = "true", key: String = "oid"
    ) -> String {
        let text = trees.map { "\($0)::text" }.joined(separator: ", ")
        return """
            SELECT DISTINCT '\(letter)', \(owner), \(link), 'f', m[1]::pg_catalog.oid
            FROM pg_catalog.\(table) x, pg_catalog.regexp_matches(pg_catalog.concat(\(text)),
                ':(?:funcid|aggfnoid|winfnoid) ([0-9]+)', 'g') m
            WHERE \(condition)
            """
    }

    /// Views whose queries lock what they read.
    private var lockingViews: String {
        """
        SELECT DISTINCT 'r', x.ev_class, 'locks', 'r', d.refobjid
        FROM pg_catalog.pg_rewrite x JOIN pg_catalog.pg_depend d
            ON d.classid = \(CatalogQuery.class("pg_rewrite")) AND d.objid = x.oid
                AND d.refclassid = \(CatalogQuery.class("pg_class"))
        WHERE x.ev_type = '1' AND x.ev_action::text ~ 'ROWMARKCLAUSE' AND d.refobjid <> x.ev_class
        """
    }

    /// Views of the server's own tables, which pg_depend does not name.
    private var viewsOfServers: String {
        """
        SELECT DISTINCT 'r', x.ev_class, 'view', 'r', m[1]::pg_catalog.oid
        FROM pg_catalog.pg_rewrite x, pg_catalog.regexp_matches(x.ev_action::text, ':relid ([0-9]+)', 'g') m
        WHERE x.ev_type = '1' AND m[1]::pg_catalog.oid < \(CatalogQuery.firstOID)
            AND m[1]::pg_catalog.oid NOT IN (0, x.ev_class)
        """
    }

    /// A generated column that is not stored is computed by those who read it (version 18).
    private static let defaulted = "CASE a.attgenerated WHEN 'v' THEN 'planned' ELSE 'written' END"

    private var defaults: String {
        """
        SELECT 'r', x.adrelid, \(CatalogQuery.defaulted), \(CatalogQuery.target)
        FROM pg_catalog.pg_attrdef x
            JOIN pg_catalog.pg_attribute a ON a.attrelid = x.adrelid AND a.attnum = x.adnum,
            \(CatalogQuery.source)
        WHERE d.classid = \(CatalogQuery.class("pg_attrdef")) AND d.objid = x.oid
            AND d.refobjid <> x.adrelid AND \(CatalogQuery.anything)
        """
    }

    private var defaultCalls: String {
        """
        SELECT DISTINCT 'r', x.adrelid, \(CatalogQuery.defaulted), 'f', m[1]::pg_catalog.oid
        FROM pg_catalog.pg_attrdef x
            JOIN pg_catalog.pg_attribute a ON a.attrelid = x.adrelid AND a.attnum = x.adnum,
            pg_catalog.regexp_matches(x.adbin::text, ':(?:funcid|aggfnoid|winfnoid) ([0-9]+)', 'g') m
        """
    }

    /// Index expressions, and the operator classes of indexes.
    private var ofIndexes: String {
        """
        SELECT 'r', x.indrelid, 'planned', \(CatalogQuery.target)
        FROM pg_catalog.pg_index x, \(CatalogQuery.source)
        WHERE d.classid = \(CatalogQuery.class("pg_class")) AND d.objid = x.indexrelid AND \(CatalogQuery.called)
        """
    }

    /// Partition keys; columns' types have a query of their own.
    private var ofRelations: String {
        """
        SELECT 'r', d.objid, 'planned', \(CatalogQuery.target)
        FROM \(CatalogQuery.source)
        WHERE d.classid = \(CatalogQuery.class("pg_class")) AND \(CatalogQuery.called)
            AND d.refclassid <> \(CatalogQuery.class("pg_type"))
        """
    }

    /// Types of columns, those of composite types for the type; a domain's base is read with it.
    private var columns: String {
        let owner =
            "CASE c.relkind WHEN 'c' THEN 't' ELSE 'r' END, CASE c.relkind WHEN 'c' THEN c.reltype ELSE c.oid END"
        return """
            WITH used AS (
                SELECT d.objid, COALESCE(e.typelem, d.refobjid) AS type FROM \(CatalogQuery.source)
                WHERE d.classid = \(CatalogQuery.class("pg_class"))
                    AND d.refclassid = \(CatalogQuery.class("pg_type")))
            SELECT \(owner), CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'column' END, 't', t.oid
            FROM used u JOIN pg_catalog.pg_class c ON c.oid = u.objid JOIN pg_catalog.pg_type t ON t.oid = u.type
            UNION ALL
            SELECT \(owner), 'column', 't', t.typbasetype
            FROM used u JOIN pg_catalog.pg_class c ON c.oid = u.objid JOIN pg_catalog.pg_type t ON t.oid = u.type
            WHERE t.typbasetype >= \(CatalogQuery.firstOID)
            """
    }

    /// Parsed bodies, defaults of arguments, types of arguments. A body of SELECT alone, without FOR UPDATE, only reads.
    private var ofFunctions: String {
        let reads =
            hasParsedBodies
            ? "x.prosqlbody IS NOT NULL AND x.prosqlbody::text !~ ':commandType [^1]|ROWMARKCLAUSE'" : "false"
        return """
            SELECT 'f', x.oid, CASE WHEN \(reads) AND d.refclassid = \(CatalogQuery.class("pg_class"))
                THEN 'reads' ELSE 'uses' END, \(CatalogQuery.target)
            FROM pg_catalog.pg_proc x, \(CatalogQuery.source)
            WHERE d.classid = \(CatalogQuery.class("pg_proc")) AND d.objid = x.oid
                AND x.oid >= \(CatalogQuery.firstOID) AND \(CatalogQuery.anything)
            """
    }

    /// Functions of types, base types, elements, bounds of ranges.
    private var ofTypes: String {
        """
        SELECT 't', x.oid, 'uses', \(CatalogQuery.target)
        FROM pg_catalog.pg_type x, \(CatalogQuery.source)
        WHERE d.classid = \(CatalogQuery.class("pg_type")) AND d.objid = x.oid AND x.oid >= \(CatalogQuery.firstOID)
            AND \(CatalogQuery.called)
        """
    }
}
