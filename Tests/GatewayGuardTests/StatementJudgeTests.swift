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
        Case("COPY orders TO PROGRAM 'x'", [.egress]), Case("COPY orders FROM '/x'", [.egress]),
        Case("COPY orders TO STDOUT", []), Case("COPY orders FROM STDIN", []),
        Case("LOAD 'x'", [.egress]), Case("ALTER SYSTEM SET a = 1", [.egress]),
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
        Case("VACUUM orders", []), Case("ANALYZE far", [.egress]), Case("ANALYZE orders", []),
        // Without a name they work on every relation, the foreign ones among them.
        Case("ANALYZE", [.egress]), Case("SELECT 1; VACUUM (ANALYZE)", [.egress]), Case("CLUSTER", [.egress]),
        Case("REINDEX DATABASE orders", [.egress]), Case("REINDEX TABLE orders", []),
        Case("UPDATE pg_settings SET setting = 'x' WHERE name = 'a'", hidden),
        Case("UPDATE pg_catalog.pg_settings SET setting = 'x'", hidden),
        Case("REFRESH MATERIALIZED VIEW far", [.egress]),
        Case("SELECT leave()", [.opaque]), Case("SELECT python()", hidden),
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
        "SELECT leave()", "SELECT app.mystery()", "SELECT python()", "SELECT lo_creat(1)",
        "SELECT lo_from_bytea(0, 'x')",
        "COPY orders TO '/x'", "ALTER ROLE x SET default_transaction_read_only = off",
        "BEGIN; COMMIT; BEGIN READ WRITE; INSERT INTO orders VALUES (1)",
        "SELECT set_config('transaction_'||'read_only', 'off', true)",
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
        "SELECT set_config('DOMICILE.' || 'subject', 'x', true)", "SELECT set_config($1, 'x', true)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET domicile.subject = 'x' AS 'SELECT 1'",
        "ALTER ROLE other SET domicile.subject = 'x'", "ALTER ROLE analyst PASSWORD 'x'",
        "ALTER USER writer SUPERUSER",
        "ALTER ROLE CURRENT_USER SET search_path = x", "ALTER ROLE ALL SET search_path = x",
        "DROP ROLE writer",
        "ALTER ROLE writer RENAME TO x", "ALTER DATABASE orders SET search_path = x", "COMMIT PREPARED 'g'",
        "ROLLBACK PREPARED 'g'", "PREPARE p AS SELECT pg_terminate_backend(1)",
    ])
    func `What every rule refuses`(_ sql: String) {
        #expect(!GuardFixture.verdict(sql).isAllowed)
    }

    @Test(arguments: [
        "RESET domicile.subject", "RESET ALL", "SELECT current_setting('domicile.subject')",
        "ALTER ROLE other PASSWORD 'x'",
        "CREATE ROLE x", "DO 'x'", "CREATE TABLE t (a int)", "SELECT dblink('x')",
        "SELECT unknown_function(1)",
        "ALTER DATABASE other SET search_path = x", "ALTER DATABASE orders REFRESH COLLATION VERSION",
        "SELECT pg_log_backend_memory_contexts(1)", "ALTER TABLE orders ADD COLUMN a int",
    ])
    func `Nothing else is refused where nothing is forbidden`(_ sql: String) {
        let verdict = GuardFixture.verdict(sql)
        #expect(verdict.isAllowed, "\(verdict.reasons)")
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
