import GatewayCatalog
import GatewayGuard
import GatewayPolicy
import Testing

@Suite struct StatementJudgeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let sql: String
        let classes: Set<StatementClass>
        var testDescription: String { sql }

        init(_ sql: String, _ classes: Set<StatementClass>) {
            self.sql = sql
            self.classes = classes
        }
    }

    /// Everything that SQL may hide.
    static let hidden = Set(StatementClass.allCases)

    static let cases: [Case] = [
        Case("SELECT * FROM customers WHERE id = $1", []),
        Case("SELECT * FROM dblink('x', 'y') AS t(a int)", [.egress]),
        Case("SELECT * FROM \"dblink\"('x')", [.egress]), Case("SELECT DbLink('x')", [.egress]),
        Case("SELECT U&\"d\\0062link\"('x')", [.egress]), Case("SELECT public . dblink('x')", [.egress]),
        Case("SELECT other.dblink('x')", hidden),
        Case("SELECT (SELECT max(n) FROM dblink('x') t(n)) FROM orders", [.egress]),
        Case("SELECT 1 FROM orders LIMIT length(dblink_connect('x'))", [.egress]),
        Case("SELECT count(*) FILTER (WHERE dblink_connect('x') = 'OK') FROM orders", [.egress]),
        Case("SELECT sum(1) OVER (PARTITION BY dblink_connect('x')) FROM orders", [.egress]),
        Case("WITH a AS (SELECT dblink_connect('x')) SELECT 1", [.egress]),
        Case("UPDATE orders SET id = 1 RETURNING dblink_connect('x')", [.egress]),
        Case(
            "MERGE INTO orders o USING (VALUES (1)) v(i) ON true WHEN MATCHED THEN UPDATE SET id = dblink('x')",
            [.egress]),
        Case("PREPARE p AS SELECT dblink_connect('x')", [.egress]),
        Case("EXPLAIN ANALYZE SELECT dblink_connect('x')", [.egress]),
        Case("COPY (SELECT dblink_connect('x')) TO STDOUT", [.egress]),
        Case("DECLARE c CURSOR FOR SELECT dblink_connect('x')", [.egress]),
        Case("SELECT ('x'::text).pg_read_file", [.egress]),
        Case("SELECT c.summary FROM customers c", [.egress]),
        Case("SELECT c.status FROM customers c", []), Case("SELECT status()", hidden),
        Case("SELECT dblink.id FROM orders AS dblink", []),
        Case("SELECT 'dblink(1)', $$pg_read_file$$ /* dblink */ FROM orders -- far", []),
        Case("SELECT * FROM far", [.egress]), Case("TABLE far", [.egress]),
        Case("SELECT * FROM notes", [.egress]),
        Case("SELECT * FROM ONLY notes", []), Case("INSERT INTO audit_trail VALUES (1)", [.egress]),
        Case("SELECT * FROM audit_trail", []), Case("DELETE FROM orders USING far", [.egress]),
        Case("WITH far AS (SELECT 1) SELECT * FROM far", []),
        Case("WITH far AS (SELECT * FROM far) SELECT * FROM far", [.egress]),
        Case("WITH a AS (SELECT * FROM far), far AS (SELECT 1) SELECT * FROM a", [.egress]),
        Case("WITH RECURSIVE far AS (SELECT 1 UNION ALL SELECT * FROM far) SELECT * FROM far", []),
        Case("WITH far AS (SELECT 1) SELECT * FROM public.far", [.egress]),
        Case("SELECT * FROM (WITH far AS (SELECT 1) SELECT * FROM far) x, far", [.egress]),
        Case("SELECT * FROM unknown_table", [.egress]), Case("SELECT pg_catalog.lower('X')", []),
        Case("SELECT lower('X')", [.egress]), Case("SELECT unknown_function(1)", hidden),
        Case("SELECT app.mystery()", hidden), Case("SELECT 'a' OPERATOR(app.===) 'b'", [.egress]),
        Case("SELECT 'a' === 'b'", [.egress]), Case("SELECT 'a'::app.checked", [.egress]),
        Case("COPY orders TO PROGRAM 'x'", hidden), Case("COPY orders FROM '/x'", [.egress]),
        Case("COPY orders TO STDOUT", []), Case("COPY orders FROM STDIN", []),
        Case("LOAD 'x'", hidden), Case("ALTER SYSTEM SET a = 1", [.egress]),
        Case("CREATE EXTENSION x", [.egress, .ddl]),
        Case("CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p", [.egress, .ddl]),
        Case("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", [.ddl]),
        Case("CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT dblink_connect(1)'", [.egress, .ddl]),
        Case("CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'y'", hidden),
        Case(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
            [.ddl, .roleChange]),
        Case("CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION app.mystery()", hidden),
        Case("CREATE TABLE t (a int)", [.ddl]), Case("CREATE TABLE t AS SELECT 1", [.ddl]),
        Case("SELECT 1 INTO t UNION SELECT 2", [.ddl]), Case("CREATE TEMP TABLE t (a int)", []),
        Case("CREATE TEMP TABLE t (a int); CREATE TABLE u (a int)", [.ddl]),
        Case("SELECT 1; DROP TABLE orders", [.ddl]), Case("GRANT SELECT ON orders TO x", [.ddl]),
        Case("COMMENT ON TABLE orders IS 'x'", [.ddl]), Case("TRUNCATE orders", []),
        Case("SET ROLE x", [.roleChange]), Case("RESET ROLE", [.roleChange]),
        Case("SET role TO x", [.roleChange]),
        Case("SET SESSION AUTHORIZATION x", [.roleChange]), Case("SET LOCAL ROLE x", [.roleChange]),
        Case("SELECT set_config('role', 'x', false)", [.roleChange]),
        Case("SELECT set_config('ROLE'::text, 'x', false)", [.roleChange]),
        Case("SELECT as_owner()", [.roleChange]), Case("CREATE ROLE x", [.roleChange, .ddl]),
        Case("GRANT a TO b", [.roleChange, .ddl]), Case("SELECT set_config('TimeZone', 'UTC', false)", []),
        Case("SELECT set_config('ro' || 'le', 'x', false)", hidden),
        Case("SELECT set_config('role_'::varchar(4), 'x', false)", hidden),
        Case("SELECT set_config($1, $2, false)", hidden),
        Case("CREATE AGGREGATE a (text, bool) (SFUNC = set_config, STYPE = text, INITCOND = 'role')", hidden),
        // pg_dump's
        Case(
            "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings "
                + "WHERE name = 'restrict_nonsystem_relation_kind'", []),
        Case("SELECT set_config(name, 'x', false) FROM pg_settings WHERE name = 'role'", hidden),
        Case(
            "SELECT set_config(name, 'x', false) FROM mine WHERE name = 'restrict_nonsystem_relation_kind'",
            hidden),
        Case(
            "SELECT set_config(name, 'x', false) FROM pg_settings "
                + "WHERE name = 'restrict_nonsystem_relation_kind' OR true", hidden),
        Case(
            "SELECT set_config(name, 'x', false) FROM pg_settings, orders "
                + "WHERE name = 'restrict_nonsystem_relation_kind'", hidden),
        Case("DO 'x'", hidden), Case("CALL app.mystery()", hidden), Case("EXECUTE nothing", hidden),
        Case("SELECT query_to_xml('SELECT 1', true, true, '')", hidden),
        Case("SELECT ts_stat('SELECT 1')", hidden),
        Case("SELECT ts_rewrite('a'::tsquery, 'b'::tsquery, 'c'::tsquery)", []),
        Case("SELECT ts_rewrite('a'::tsquery, 'SELECT 1')", hidden),
        Case("SELECT * FROM pg_stat_activity", [.peers]), Case("SELECT * FROM pg_catalog.pg_locks", [.peers]),
        Case("SELECT pg_blocking_pids(1)", [.peers]),
        Case("SELECT pg_log_backend_memory_contexts(1)", [.peers]),
        Case("ALTER DATABASE orders REFRESH COLLATION VERSION", [.ddl]),
        Case("SELECT * FROM pg_hba_file_rules", [.egress]),
        Case("SELECT c.relname FROM pg_catalog.pg_class c", []), Case("SHOW role", []),
        Case("SELECT current_setting('role'), current_user", []), Case("SET search_path = public", []),
        Case("SET client_encoding = 'SJIS'", hidden), Case("SET NAMES 'gb18030'", hidden),
        Case("SET client_encoding = 'LATIN1'", []), Case("DISCARD ALL", []), Case("LISTEN a", []),
        Case("VACUUM orders", []), Case("ANALYZE far", [.egress]),
        Case("REFRESH MATERIALIZED VIEW far", [.egress]),
        Case("SELECT leave()", [.opaque]),
        // A cast in the form of a call or of an attribute.
        Case("SELECT ('x'::text).checked", [.egress]), Case("SELECT c.checked FROM customers c", [.egress]),
        Case("SELECT checked('x')", hidden), Case("SELECT app.checked('x')", hidden),
        // C and untrusted languages may do anything.
        Case("SELECT compiled('x')", hidden),
        // Whatever there is.
        Case("ANALYZE", [.egress]), Case("VACUUM", []), Case("VACUUM (ANALYZE)", [.egress]),
        Case("VACUUM FULL", [.egress]), Case("CLUSTER", [.egress]), Case("REINDEX SCHEMA public", [.egress]),
        Case("REINDEX (VERBOSE) DATABASE x", [.egress]), Case("ANALYZE orders", []),
        Case("ANALYZE audit_trail", []), Case("CLUSTER notes", [.egress]),
        Case("TRUNCATE parents", []), Case("TRUNCATE orders, parents CASCADE", [.egress]),
        // Defaults come along; a lock or a DROP runs nothing.
        Case("CREATE TEMP TABLE t (LIKE audit_trail INCLUDING ALL)", [.egress]),
        Case("CREATE TEMP TABLE t (a int, EXCLUDE USING btree (a app.odd_ops WITH =))", [.egress]),
        Case("LOCK TABLE audit_trail IN ACCESS SHARE MODE", []), Case("LOCK far", []),
        Case("DROP TABLE audit_trail", [.ddl]), Case("DROP FOREIGN TABLE far", [.ddl]),
        // What gets another name is known by the old one.
        Case("ALTER FUNCTION dblink(text) RENAME TO lower", [.egress, .ddl]),
        Case("ALTER FUNCTION overlay.lower(text) SET SCHEMA public", [.egress, .ddl]),
        Case("ALTER DOMAIN app.checked RENAME TO plain", [.egress, .ddl]),
        Case("ALTER TYPE app.checked SET SCHEMA public", [.egress, .ddl]),
        Case("ALTER OPERATOR app.=== (text, text) SET SCHEMA public", [.egress, .ddl]),
        Case("ALTER OPERATOR CLASS app.odd_ops USING btree RENAME TO x", [.egress, .ddl]),
        Case("ALTER SCHEMA overlay RENAME TO app", [.egress, .ddl]),
        Case("ALTER SCHEMA clean RENAME TO app", [.ddl]),
        Case("ALTER FUNCTION order_total(int) RENAME TO x", [.ddl]),
        // The server's own catalogues.
        Case("UPDATE pg_catalog.pg_proc SET prosrc = 'x'", hidden), Case("DELETE FROM pg_authid", hidden),
        Case("INSERT INTO pg_foreign_table VALUES (1)", hidden), Case("COPY pg_class FROM STDIN", hidden),
        Case("UPDATE pg_settings SET setting = 'x'", hidden), Case("ANALYZE pg_catalog.pg_class", []),
        Case("SELECT * FROM pg_class FOR SHARE", []),
        // What is another role's runs with its rights.
        Case("ALTER VIEW orders OWNER TO admin", [.ddl, .roleChange]),
        Case("ALTER TABLE orders OWNER TO admin", [.ddl, .roleChange]),
        Case("ALTER FUNCTION order_total(int) OWNER TO admin", [.ddl, .roleChange]),
        Case("CREATE SCHEMA s AUTHORIZATION admin CREATE VIEW v AS SELECT 1", [.ddl, .roleChange]),
        Case("CREATE SCHEMA s AUTHORIZATION CURRENT_USER", [.ddl]), Case("CREATE SCHEMA s", [.ddl]),
        Case("ALTER TABLE orders OWNER TO CURRENT_USER", [.ddl]),
        // A procedure is what the catalogue says of it, but may end transactions.
        Case("CALL order_total(1)", [.opaque]), Case("CALL dblink('x')", [.egress, .opaque]),
        Case("CALL unknown_procedure(1)", hidden),
        // Comments where PostgreSQL looks a token ahead.
        Case("SELECT 1 NOT /* far */ IN (2), 'a' -- far\n 'b' ORDER BY 1 NULLS -- x\n FIRST", []),
        Case("SELECT dblink_connect('x' -- y\n 'z')", [.egress]),
        Case("SELECT U&\"d!0062link\" /* x */ UESCAPE '!' ('x')", [.egress]),
        Case("SELECT 1 NOT /**/ IN (1), '-- ', dblink_connect('''x') -- '", [.egress]),
        Case("SELECT 1 NOT /**/ IN (1), $a$ -- $$ $a$, dblink_connect('x') /* $a$ */", [.egress]),
        Case("SELECT 1 NOT /**/ IN (1), \"-- \", dblink_connect('x') FROM (SELECT 1) a(\"-- \")", [.egress]),
        Case("SELECT E'a' -- x\n '\\', dblink_connect(''x'')', 1", []),
        Case("SELECT E'a\\'' -- x\n '', 1 NOT /**/ IN (1), dblink_connect('x')", [.egress]),
        // Its own temporary relations are no schema.
        Case("CREATE TEMP TABLE t (a int); DROP TABLE t", []), Case("DROP TABLE IF EXISTS t", []),
        Case("CREATE TEMP TABLE t (a int); CREATE INDEX ON t (a)", []),
        Case("ALTER TABLE pg_temp.t ADD COLUMN b int", []),
        Case("CREATE TEMP TABLE t AS SELECT 1 a; ALTER TABLE t ADD COLUMN b int", [.ddl]),
        Case("DROP INDEX IF EXISTS i", [.ddl]), Case("DROP MATERIALIZED VIEW IF EXISTS v", [.ddl]),
        Case("CREATE TEMP TABLE t (a int); ALTER TYPE t ADD ATTRIBUTE b int", [.ddl]),
        Case("CREATE TEMP TABLE i (a int); ALTER INDEX i SET (fillfactor = 10)", [.ddl]),
        Case("CREATE TABLE pg_temp.t (a int)", []), Case("DROP TABLE pg_temp.t, pg_temp.orders", []),
        Case("DROP TABLE t", [.ddl]), Case("DROP TABLE IF EXISTS t, orders", [.ddl]),
        Case("CREATE TEMP TABLE orders (a int); DROP TABLE orders", [.ddl]),
        Case("CREATE TEMP TABLE t (a int); DROP TABLE public.t", [.ddl]),
        Case("CREATE TEMP TABLE t (a int); DROP TABLE t; DROP FUNCTION f", [.ddl]),
        Case("CREATE TEMP TABLE t (a int); ALTER TABLE t RENAME TO u", [.ddl]),
        Case("CREATE TEMP TABLE t (a int); ALTER TABLE t INHERIT orders", [.ddl]),
        Case("CREATE TEMP TABLE t (a int); DROP FUNCTION t", [.ddl]),
        Case("DROP TABLE IF EXISTS pg_class", [.ddl]), Case("DROP SCHEMA IF EXISTS t", [.ddl]),
    ]

    @Test(arguments: cases) func `A statement belongs to its classes, and a rule that forbids one refuses it`(
        _ one: Case
    ) {
        let found = GuardFixture.verdict(one.sql)
        #expect(Set(found.classes) == Set(one.classes.map(\.rawValue)), "\(found.reasons)")
        for statementClass in StatementClass.allCases {
            let verdict = GuardFixture.verdict(one.sql, [statementClass])
            #expect(
                verdict.isAllowed == !one.classes.contains(statementClass) && found.isAllowed
                    || !found.isAllowed)
            #expect(verdict.isAllowed || !verdict.reasons.isEmpty)
        }
    }

    @Test(arguments: [
        "BEGIN READ WRITE", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ WRITE",
        "SET TRANSACTION READ WRITE",
        "SET default_transaction_read_only = off", "SET transaction_read_only TO DEFAULT",
        "RESET transaction_read_only",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SET LOCAL transaction_read_only = 'of'",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT pg_catalog.set_config('Default_Transaction_Read_Only', $1, false)", "DO 'x'", "CALL p()",
        "SELECT leave()", "SELECT app.mystery()", "SELECT lo_creat(1)", "SELECT pg_promote()",
        "SELECT lo_from_bytea(0, 'x')",
        "COPY orders TO '/x'", "ALTER ROLE x SET default_transaction_read_only = off",
        "BEGIN; COMMIT; BEGIN READ WRITE; INSERT INTO orders VALUES (1)",
        "SELECT set_config('transaction_'||'read_only', 'off', true)",
        "EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1", "EXPLAIN (ANALYZE) SELECT 1 INTO t",
        "EXPLAIN ANALYZE CREATE MATERIALIZED VIEW v AS SELECT 1",
    ])
    func `F-GRD-03: no way out of read_only`(_ sql: String) {
        #expect(!GuardFixture.verdict(sql, [], .readOnly).isAllowed)
    }

    @Test(arguments: [
        "BEGIN READ ONLY", "BEGIN", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET default_transaction_read_only = on",
        "RESET default_transaction_read_only", "RESET ALL", "DISCARD ALL", "SET transaction_read_only = 1",
        "COMMIT AND CHAIN",
        "SELECT set_config('transaction_read_only', 'on', true)", "SELECT * FROM far", "SELECT lo_get(1)",
    ])
    func `What keeps read_only is allowed in it`(_ sql: String) {
        let verdict = GuardFixture.verdict(sql, [], .readOnly)
        #expect(verdict.isAllowed, "\(verdict.reasons)")
    }

    @Test(arguments: [
        "SELECT pg_terminate_backend(1)", "SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_stat_activity",
        "SET domicile.subject = 'x'", "SET LOCAL \"Domicile.Subject\" = 'x'",
        "SELECT set_config('domicile.subject', 'x', true)",
        "ALTER SYSTEM SET domicile.subject = 'x'",
        "SELECT set_config('DOMICILE.' || 'subject', 'x', true)", "SELECT set_config($1, 'x', true)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET domicile.subject = 'x' AS 'SELECT 1'",
        "ALTER ROLE other SET domicile.subject = 'x'", "ALTER ROLE analyst PASSWORD 'x'",
        "ALTER USER writer SUPERUSER",
        "ALTER ROLE CURRENT_USER SET search_path = x", "ALTER ROLE ALL SET search_path = x",
        "DROP ROLE writer",
        "ALTER ROLE writer RENAME TO x", "ALTER DATABASE orders SET search_path = x", "COMMIT PREPARED 'g'",
        "ROLLBACK PREPARED 'g'", "PREPARE p AS SELECT pg_terminate_backend(1)", "GRANT other TO writer",
        "GRANT analyst TO other", "REVOKE other FROM CURRENT_USER", "CREATE ROLE x IN ROLE analyst",
    ])
    func `What every rule refuses`(_ sql: String) {
        #expect(!GuardFixture.verdict(sql).isAllowed)
    }

    @Test(arguments: [
        "RESET domicile.subject", "RESET ALL", "SELECT current_setting('domicile.subject')",
        "ALTER ROLE other PASSWORD 'x'",
        "CREATE ROLE x", "CREATE ROLE x IN ROLE other", "GRANT other TO others", "DO 'x'",
        "CREATE TABLE t (a int)", "SELECT dblink('x')",
        "SELECT unknown_function(1)",
        "ALTER DATABASE other SET search_path = x", "ALTER DATABASE orders REFRESH COLLATION VERSION",
        "SELECT pg_log_backend_memory_contexts(1)", "ALTER TABLE orders ADD COLUMN a int",
    ])
    func `Nothing else is refused where nothing is forbidden`(_ sql: String) {
        let verdict = GuardFixture.verdict(sql)
        #expect(verdict.isAllowed, "\(verdict.reasons)")
    }

    @Test func `F-WIRE-26: a parameter's type that a Parse tells by its OID counts`() {
        let refuses = SessionGuard(rules: GuardFixture.rules([.egress]))
        func allowed(_ types: [UInt32], _ catalog: CatalogSnapshot? = GuardFixture.catalog) -> Bool {
            refuses.verdict(
                JudgedText(
                    parameterTypes: types, catalog: catalog.map { PublishedCatalog(number: 1, snapshot: $0) }
                ).judgement
            ).isAllowed
        }
        #expect(allowed([0, 25, 16_383, 20_001]))
        #expect(!allowed([0, 20_000]))
        #expect(!allowed([20_002]), "made since")
        #expect(!allowed([20_000], nil))
        #expect(allowed([25], nil))
    }

    @Test func `F-GRD-07: an event trigger runs where a temporary table is made, too`() {
        let catalog = CatalogSnapshot(
            serverVersion: 150_020, relations: [],
            schemaChanges: [CatalogReason(reach: .egress, text: "an event trigger leaves")])
        for sql in [
            "CREATE TEMP TABLE t (a int)", "DROP TABLE pg_temp.t", "REFRESH MATERIALIZED VIEW pg_temp.t",
        ] {
            let judgement = GuardFixture.judged(
                sql, catalog: PublishedCatalog(number: 1, snapshot: catalog)
            ).judgement
            #expect(
                !SessionGuard(rules: GuardFixture.rules([.egress])).verdict(judgement).isAllowed, "\(sql)")
        }
    }

    @Test func `F-GRD-10: names beyond ASCII are noted, since in another encoding they are others`() {
        for sql in ["SELECT 'x'::düm", "SELECT a.ä FROM a", "SELECT * FROM \"ß\"", "SELECT ö.f(1)"] {
            #expect(GuardFixture.judged(sql).judgement.namesBeyondASCII, "\(sql)")
        }
        for sql in ["SELECT 'ä' AS ö", "SELECT 1 /* ß */"] {
            #expect(!GuardFixture.judged(sql).judgement.namesBeyondASCII, "\(sql)")
        }
        for sql in ["SET NAMES 'latin1'", "RESET ALL", "DISCARD ALL", "ROLLBACK", "RESET client_encoding"] {
            #expect(GuardFixture.judged(sql).judgement.setsEncoding, "\(sql)")
        }
        #expect(!GuardFixture.judged("SET search_path = x").judgement.setsEncoding)
    }

    @Test func `No catalogue, no verdict: what names anything is refused while something is forbidden`() {
        for sql in ["SELECT * FROM customers", "SELECT lower('x')"] {
            let judgement = GuardFixture.judged(sql, catalog: nil).judgement
            #expect(!SessionGuard(rules: GuardFixture.rules([.egress])).verdict(judgement).isAllowed)
            #expect(SessionGuard(rules: GuardFixture.rules()).verdict(judgement).isAllowed)
        }
        let begin = GuardFixture.judged("BEGIN", catalog: nil).judgement
        #expect(SessionGuard(rules: GuardFixture.rules([.egress])).verdict(begin).isAllowed)
    }
}
