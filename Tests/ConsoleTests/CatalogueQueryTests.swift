import Console
import Testing

/// Queries of clients about the catalogue, word for word.
@Suite struct CatalogueQueryTests {
    /// As psql 15 sends them (`psql -E`), and the columns of their answers: there is nothing of the kind here.
    private static let queries: [(command: String, columns: [String], sql: String)] = [
        (
            #"\dL"#, ["Name", "Owner", "Trusted", "Description"],
            """
            SELECT l.lanname AS "Name",
                   pg_catalog.pg_get_userbyid(l.lanowner) as "Owner",
                   l.lanpltrusted AS "Trusted",
                   d.description AS "Description"
            FROM pg_catalog.pg_language l
            LEFT JOIN pg_catalog.pg_description d
              ON d.classoid = l.tableoid AND d.objoid = l.oid
              AND d.objsubid = 0
            WHERE l.lanplcallfoid != 0
            ORDER BY 1;
            """
        ),
        (
            #"\dFp"#, ["Schema", "Name", "Description"],
            """
            SELECT
              n.nspname as "Schema",
              p.prsname as "Name",
              pg_catalog.obj_description(p.oid, 'pg_ts_parser') as "Description"
            FROM pg_catalog.pg_ts_parser p
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace
            WHERE pg_catalog.pg_ts_parser_is_visible(p.oid)
            ORDER BY 1, 2;
            """
        ),
        (
            #"\dPn+"#,
            [
                "Schema", "Name", "Owner", "Type", "Parent name", "Table", "Leaf partition size",
                "Total size",
                "Description",
            ],
            """
            SELECT n.nspname as "Schema",
              c.relname as "Name",
              pg_catalog.pg_get_userbyid(c.relowner) as "Owner",
              CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'I' THEN 'partitioned index' END as "Type",
              inh.inhparent::pg_catalog.regclass as "Parent name",
             c2.oid::pg_catalog.regclass as "Table",
              s.dps as "Leaf partition size",
              s.tps as "Total size",
              pg_catalog.obj_description(c.oid, 'pg_class') as "Description"
            FROM pg_catalog.pg_class c
                 LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                 LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
                 LEFT JOIN pg_catalog.pg_class c2 ON i.indrelid = c2.oid
                 LEFT JOIN pg_catalog.pg_inherits inh ON c.oid = inh.inhrelid,
                 LATERAL (SELECT pg_catalog.pg_size_pretty(sum(
                             CASE WHEN ppt.isleaf AND ppt.level = 1
                                  THEN pg_catalog.pg_table_size(ppt.relid) ELSE 0 END)) AS dps,
                                 pg_catalog.pg_size_pretty(sum(pg_catalog.pg_table_size(ppt.relid))) AS tps
                          FROM pg_catalog.pg_partition_tree(c.oid) ppt) s
            WHERE c.relkind IN ('p','I','')
                  AND n.nspname <> 'pg_catalog'
                  AND n.nspname !~ '^pg_toast'
                  AND n.nspname <> 'information_schema'
              AND pg_catalog.pg_table_is_visible(c.oid)
            ORDER BY "Schema", "Type" DESC, "Parent name" NULLS FIRST, "Name";
            """
        ),
        (
            #"\dRs"#, ["Name", "Owner", "Enabled", "Publication"],
            """
            SELECT subname AS "Name"
            ,  pg_catalog.pg_get_userbyid(subowner) AS "Owner"
            ,  subenabled AS "Enabled"
            ,  subpublications AS "Publication"
            FROM pg_catalog.pg_subscription
            WHERE subdbid = (SELECT oid
                             FROM pg_catalog.pg_database
                             WHERE datname = pg_catalog.current_database())ORDER BY 1;
            """
        ),
        (
            #"\dAo"#, ["AM", "Operator family", "Operator", "Strategy", "Purpose"],
            """
            SELECT
              am.amname AS "AM",
              CASE
                WHEN pg_catalog.pg_opfamily_is_visible(of.oid)
                THEN pg_catalog.format('%I', of.opfname)
                ELSE pg_catalog.format('%I.%I', nsf.nspname, of.opfname)
              END AS "Operator family",
              o.amopopr::pg_catalog.regoperator AS "Operator"
            ,  o.amopstrategy AS "Strategy",
              CASE o.amoppurpose
                WHEN 'o' THEN 'ordering'
                WHEN 's' THEN 'search'
              END AS "Purpose"
            FROM pg_catalog.pg_amop o
              LEFT JOIN pg_catalog.pg_opfamily of ON of.oid = o.amopfamily
              LEFT JOIN pg_catalog.pg_am am ON am.oid = of.opfmethod AND am.oid = o.amopmethod
              LEFT JOIN pg_catalog.pg_namespace nsf ON of.opfnamespace = nsf.oid
            ORDER BY 1, 2,
              o.amoplefttype = o.amoprighttype DESC,
              pg_catalog.format_type(o.amoplefttype, NULL),
              pg_catalog.format_type(o.amoprighttype, NULL),
              o.amopstrategy;
            """
        ),
        // pgjdbc 42.5, DatabaseMetaData.getFunctions.
        (
            "getFunctions",
            ["function_cat", "function_schem", "function_name", "remarks", "function_type", "specific_name"],
            """
            SELECT current_database() AS FUNCTION_CAT, n.nspname AS FUNCTION_SCHEM, p.proname AS FUNCTION_NAME, \
             d.description AS REMARKS, CASE WHEN (format_type(p.prorettype, null) = 'unknown') THEN 0 \
            WHEN (substring(pg_get_function_result(p.oid) from 0 for 6) = 'TABLE') OR \
            (substring(pg_get_function_result(p.oid) from 0 for 6) = 'SETOF') THEN 2 ELSE 1 END AS FUNCTION_TYPE, \
             p.proname || '_' || p.oid AS SPECIFIC_NAME FROM pg_catalog.pg_proc p \
            INNER JOIN pg_catalog.pg_namespace n ON p.pronamespace=n.oid \
            LEFT JOIN pg_catalog.pg_description d ON p.oid=d.objoid WHERE true AND p.prokind='f' \
             AND p.proname LIKE '%' ORDER BY FUNCTION_SCHEM, FUNCTION_NAME, p.oid::text
            """
        ),
    ]

    @Test("What psql and pgjdbc ask about things that there are none of is answered, without rows")
    func empty() throws {
        let ground = try ConsoleGround()
        for (command, columns, sql) in CatalogueQueryTests.queries {
            let answer = ground.query(sql)
            #expect(answer.error == nil, "\(command): \(String(describing: answer.error))")
            #expect(answer.columns == columns && answer.rows.isEmpty, "\(command): \(answer.columns)")
        }
    }

    @Test("Tables of the catalogue have PostgreSQL's system columns, which * leaves out")
    func systemColumns() throws {
        let ground = try ConsoleGround()
        #expect(ground.query("SELECT count(*) FROM pg_language l WHERE l.tableoid = l.xmin").rows == [["0"]])
        let all = ground.query("SELECT * FROM pg_opfamily")
        #expect(all.columns == ["oid", "opfmethod", "opfname", "opfnamespace", "opfowner"])
    }
}
