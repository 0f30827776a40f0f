import GatewayGuard
import GatewayPolicy
import Testing

typealias JudgedCase = StatementJudgeTests.Case

/// What is made, locked, or newer than the catalogue.
@Suite struct ViewAndLockTests {
    static let views: [JudgedCase] = [
        JudgedCase("CREATE TEMP VIEW v AS SELECT * FROM audit_trail", [.egress]),
        JudgedCase("CREATE TEMP VIEW customers AS SELECT * FROM audit_trail", [.egress]),
        JudgedCase("CREATE OR REPLACE TEMP VIEW v (a) AS TABLE audit_trail", [.egress]),
        JudgedCase(
            "CREATE TEMP VIEW v AS SELECT id FROM ONLY audit_trail t WHERE id > 1 ORDER BY id", [.egress]),
        JudgedCase("CREATE TEMP VIEW v AS SELECT max(id) FROM audit_trail", [.egress]),
        JudgedCase("CREATE VIEW v AS SELECT * FROM audit_trail", [.egress, .ddl]),
        JudgedCase("CREATE SCHEMA s CREATE VIEW v AS SELECT * FROM audit_trail", [.egress, .ddl]),
        JudgedCase(
            "CREATE RULE \"_RETURN\" AS ON SELECT TO orders DO INSTEAD SELECT * FROM audit_trail",
            [.egress, .ddl]),
        JudgedCase(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'CREATE TEMP VIEW v AS TABLE audit_trail'",
            [.egress, .ddl]),
        JudgedCase("CREATE TEMP VIEW v AS SELECT rolname FROM pg_authid", hidden),
        JudgedCase("CREATE TEMP VIEW v AS SELECT relname FROM pg_catalog.pg_class", hidden),
        JudgedCase("CREATE TEMP VIEW v AS SELECT * FROM pg_settings", hidden),
        JudgedCase("CREATE TEMP VIEW v AS SELECT * FROM information_schema.enabled_roles", hidden),
        JudgedCase("DELETE FROM information_schema.enabled_roles", hidden),
        // Nobody can write through these.
        JudgedCase("CREATE TEMP VIEW v AS SELECT * FROM pg_tables", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT * FROM information_schema.tables", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT count(*) FROM audit_trail", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT DISTINCT id FROM audit_trail", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT id FROM audit_trail GROUP BY id", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT id FROM audit_trail LIMIT 5", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT id FROM audit_trail OFFSET 5", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT id, row_number() OVER () FROM audit_trail", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT 1 FROM audit_trail UNION SELECT 2", []),
        JudgedCase("CREATE TEMP VIEW v AS WITH a AS (SELECT 1) SELECT id FROM audit_trail", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT 1 FROM audit_trail a JOIN orders o ON o.id = a.id", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT * FROM (SELECT id FROM audit_trail) a", []),
        JudgedCase("CREATE TEMP TABLE t AS SELECT * FROM audit_trail", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT * FROM orders WHERE id IN (SELECT id FROM audit_trail)", []),
        JudgedCase("CREATE TEMP RECURSIVE VIEW v (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM v", []),
    ]

    static let locks: [JudgedCase] = [
        JudgedCase("SELECT * FROM guarded", []), JudgedCase("SELECT * FROM guarded FOR UPDATE", [.egress]),
        JudgedCase("SELECT * FROM guarded FOR NO KEY UPDATE SKIP LOCKED", [.egress]),
        JudgedCase("SELECT * FROM guarded FOR SHARE NOWAIT", [.egress]),
        JudgedCase("SELECT * FROM guarded FOR KEY SHARE", [.egress]),
        JudgedCase("SELECT * FROM orders o, guarded g FOR UPDATE OF o", []),
        JudgedCase("SELECT * FROM orders o, guarded g FOR UPDATE OF o FOR SHARE OF g", [.egress]),
        JudgedCase("SELECT * FROM orders JOIN guarded ON true FOR SHARE", [.egress]),
        JudgedCase("SELECT * FROM (SELECT * FROM guarded) g FOR SHARE", [.egress]),
        JudgedCase("SELECT * FROM orders, (SELECT * FROM guarded) g FOR SHARE OF orders", []),
        JudgedCase("SELECT 1 WHERE EXISTS (SELECT 1 FROM guarded FOR UPDATE)", [.egress]),
        JudgedCase("WITH a AS (SELECT * FROM guarded FOR UPDATE) SELECT * FROM a", [.egress]),
        JudgedCase("WITH a AS (SELECT * FROM guarded) SELECT * FROM a FOR UPDATE", []),
        JudgedCase("WITH guarded AS (SELECT 1) SELECT * FROM guarded FOR UPDATE", []),
        JudgedCase("SELECT * FROM (WITH mine AS (SELECT 1) SELECT * FROM mine) x FOR UPDATE", []),
        JudgedCase("COPY (SELECT * FROM guarded FOR UPDATE) TO STDOUT", [.egress]),
        JudgedCase("DECLARE c CURSOR FOR SELECT * FROM guarded FOR UPDATE", [.egress]),
        JudgedCase("SELECT * FROM audit_trail FOR UPDATE", []),
        JudgedCase("CREATE TEMP VIEW v AS SELECT 1 FROM orders, guarded", [.egress]),
        JudgedCase("CREATE TEMP VIEW v AS SELECT 1 FROM orders, audit_trail", []),
        JudgedCase("CREATE TEMP TABLE t AS SELECT 1 FROM orders, guarded", []),
    ]

    static let newer: [JudgedCase] = [
        JudgedCase("SELECT * FROM pg_remote", [.egress]),
        JudgedCase("SELECT * FROM pg_catalog.pg_remote", [.egress]),
        JudgedCase("SELECT 'x'::asked9", hidden), JudgedCase("SELECT CAST('x' AS app.text)", hidden),
        JudgedCase("SELECT '{x}'::asked9[]", hidden),
        JudgedCase("SELECT 'x'::text, '1'::int, '{x}'::_text", []),
        JudgedCase("SELECT 'a'::text =#= 'b'", hidden), JudgedCase("SELECT 1 OPERATOR(app.+) 2", hidden),
        JudgedCase("SELECT 1 OPERATOR(pg_catalog.+) 2", []), JudgedCase("SELECT o::orders FROM orders o", []),
        JudgedCase("CREATE TEMP TABLE t (a serial, b bigserial)", []),
        JudgedCase("SELECT 'x'::serial", hidden),
        JudgedCase("CREATE TEMP TABLE t (a asked9)", hidden),
        JudgedCase("PREPARE p (asked9) AS SELECT $1", hidden),
        JudgedCase("CREATE TYPE mood AS ENUM ('calm'); CREATE TABLE t (m mood, n public.mood[])", [.ddl]),
        JudgedCase("CREATE DOMAIN few AS int; SELECT 1::few", [.ddl]),
        JudgedCase("CREATE TYPE p AS (a int); SELECT '(1)'::p", [.ddl]),
        JudgedCase("CREATE TYPE span AS RANGE (subtype = int); SELECT '[1,2]'::span", [.ddl]),
        JudgedCase("CREATE TYPE span AS RANGE (subtype = int, subtype_opclass = since_ops)", hidden),
        JudgedCase("CREATE TEMP TABLE t (a int); SELECT t::t FROM t", []),
        JudgedCase(
            "CREATE OPERATOR ### (FUNCTION = order_total, RIGHTARG = int, NEGATOR = !##); SELECT ### 1",
            [.ddl]),
        JudgedCase("CREATE OPERATOR ### (FUNCTION = since, RIGHTARG = int)", hidden),
        JudgedCase(
            "CREATE FUNCTION s(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE CAST (int AS text) WITH FUNCTION s(int)",
            [.ddl]),
        JudgedCase("CREATE CAST (int AS text) WITH FUNCTION since(int)", hidden),
        JudgedCase("CREATE TRIGGER t BEFORE INSERT ON orders EXECUTE FUNCTION since()", hidden),
        JudgedCase("ALTER TABLE orders SET (autovacuum_enabled = off)", [.ddl]),
        JudgedCase("CREATE AGGREGATE a (int) (SFUNC = order_total, STYPE = int, PARALLEL = safe)", [.ddl]),
    ]

    static let others: [JudgedCase] = [
        JudgedCase("SELECT satisfies_hash_partition('hp'::regclass, 1, 0, 5)", hidden),
        JudgedCase("SELECT gin_clean_pending_list('i'::regclass)", hidden),
        JudgedCase("SELECT fmgr_sql_validator(1)", hidden),
        JudgedCase("SELECT pg_get_partition_constraintdef(1)", [.egress]),
        JudgedCase("SELECT pg_get_viewdef(1)", []),
        JudgedCase("SELECT pg_tablespace_databases(1663)", [.egress]),
        JudgedCase("CREATE DATABASE x OWNER admin", [.ddl, .roleChange]),
        JudgedCase("CREATE DATABASE x", [.ddl]),
        JudgedCase(
            "ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT SELECT ON TABLES TO x", [.ddl, .roleChange]),
        JudgedCase("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x", [.ddl]),
        JudgedCase("CREATE TABLESPACE s OWNER admin LOCATION '/x'", [.egress, .ddl, .roleChange]),
    ]

    private static let hidden = StatementJudgeTests.hidden

    private func expect(_ one: JudgedCase) {
        let found = GuardFixture.verdict(one.sql)
        #expect(Set(found.classes) == Set(one.classes.map(\.rawValue)), "\(found.classes) \(found.reasons)")
        for statementClass in one.classes {
            let verdict = GuardFixture.verdict(one.sql, [statementClass])
            #expect(!verdict.isAllowed && !verdict.reasons.isEmpty)
        }
    }

    @Test(
        "F-GRD-07: a view that may be written through is judged as if its relation were written",
        arguments: views)
    func viewsJudged(_ one: JudgedCase) { expect(one) }

    @Test("F-GRD-05: a lock on rows is judged by the policies for UPDATE", arguments: locks)
    func locksJudged(_ one: JudgedCase) { expect(one) }

    @Test(
        "F-GRD-07: what the catalogue lacks is refused, unless the session made it harmlessly",
        arguments: newer)
    func newerJudged(_ one: JudgedCase) { expect(one) }

    @Test(
        "F-GRD-11 and F-GRD-16: functions that run an operator class's, and statements that name a role",
        arguments: others)
    func othersJudged(_ one: JudgedCase) { expect(one) }

    @Test func `F-GRD-07: a type that the session made is its own, for one that is told by its OID as well`()
    {
        var session = GuardFixture.session(GuardFixture.rules([.egress]))
        func run(_ sql: String) -> Bool {
            let text = GuardFixture.judged(sql)
            guard session.verdict(text.judgement).isAllowed else { return false }
            session.note(text)
            return true
        }
        let typed = JudgedText(parameterTypes: [30_000], catalog: GuardFixture.published).judgement
        #expect(!run("SELECT 'x'::mood"))
        #expect(run("CREATE TEMP TABLE t (a int)"))
        #expect(!session.verdict(typed).isAllowed)
        #expect(run("CREATE TYPE app.mood AS ENUM ('calm')"))
        #expect(run("SELECT 'calm'::mood"))
        #expect(!run("SELECT 'calm'::public.mood"))
        #expect(!run("SELECT * FROM mood"), "a type excuses no relation")
        #expect(session.verdict(typed).isAllowed)
    }
}
