import SQLText
import Testing

/// One text for every statement of the grammar, and the kind it must be read as.
@Suite struct StatementKindTests {
    static let texts: [(StatementKind, String)] = [
        (.select, "SELECT 1"), (.select, "TABLE t"), (.select, "SELECT 1 UNION SELECT 2"),
        (.values, "VALUES (1)"), (.insert, "INSERT INTO t DEFAULT VALUES"), (.update, "UPDATE t SET a = 1"),
        (.delete, "DELETE FROM t"), (.merge, "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN DELETE"),
        (.begin, "BEGIN"), (.begin, "START TRANSACTION READ ONLY"), (.commit, "COMMIT"), (.commit, "END"),
        (.rollback, "ROLLBACK"), (.rollback, "ABORT"), (.rollback, "ROLLBACK TO SAVEPOINT a"),
        (.savepoint, "SAVEPOINT a"), (.savepoint, "RELEASE a"),
        (.prepareTransaction, "PREPARE TRANSACTION 'g'"), (.commitPrepared, "COMMIT PREPARED 'g'"),
        (.rollbackPrepared, "ROLLBACK PREPARED 'g'"),
        (.set, "SET a.b = 'c'"), (.set, "SET TIME ZONE LOCAL"), (.set, "SET ROLE NONE"),
        (.set, "SET SESSION AUTHORIZATION DEFAULT"), (.set, "SET TRANSACTION READ ONLY"),
        (.set, "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"), (.set, "SET NAMES 'UTF8'"),
        (.set, "SET TRANSACTION SNAPSHOT 's'"), (.set, "SET SCHEMA 's'"), (.set, "SET XML OPTION DOCUMENT"),
        (.reset, "RESET a"), (.reset, "RESET ALL"), (.reset, "RESET SESSION AUTHORIZATION"),
        (.show, "SHOW a"), (.show, "SHOW ALL"), (.discard, "DISCARD ALL"), (.discard, "DISCARD TEMP"),
        (.prepare, "PREPARE p AS SELECT 1"), (.execute, "EXECUTE p(1)"), (.deallocate, "DEALLOCATE p"),
        (.declareCursor, "DECLARE c CURSOR FOR SELECT 1"), (.fetch, "FETCH c"), (.fetch, "MOVE c"),
        (.closeCursor, "CLOSE c"), (.explain, "EXPLAIN SELECT 1"), (.copy, "COPY t TO STDOUT"),
        (.copy, "COPY (SELECT 1) TO STDOUT"), (.do, "DO 'x'"), (.call, "CALL p(1)"),
        (.listen, "LISTEN c"), (.unlisten, "UNLISTEN *"), (.notify, "NOTIFY c, 'p'"),
        (.lock, "LOCK TABLE t"), (.setConstraints, "SET CONSTRAINTS ALL DEFERRED"), (.truncate, "TRUNCATE t"),
        (.vacuum, "VACUUM t"), (.analyze, "ANALYZE t"), (.cluster, "CLUSTER t USING i"),
        (.reindex, "REINDEX TABLE t"), (.reindex, "REINDEX DATABASE d"),
        (.refreshMaterializedView, "REFRESH MATERIALIZED VIEW v"), (.checkpoint, "CHECKPOINT"),
        (.load, "LOAD 'x'"),
        (.createTable, "CREATE TABLE t (a int)"), (.createTable, "CREATE TABLE t PARTITION OF p DEFAULT"),
        (.createTableAs, "CREATE TABLE t AS SELECT 1"),
        (.createTableAs, "CREATE MATERIALIZED VIEW v AS SELECT 1"),
        (.createTableAs, "CREATE TABLE t AS EXECUTE p"), (.selectInto, "SELECT 1 INTO t"),
        (.selectInto, "SELECT 1 INTO t UNION SELECT 2"), (.createView, "CREATE VIEW v AS SELECT 1"),
        (.createSequence, "CREATE SEQUENCE s"), (.createIndex, "CREATE INDEX ON t (a)"),
        (.createStatistics, "CREATE STATISTICS s ON a, b FROM t"), (.createSchema, "CREATE SCHEMA s"),
        (.createFunction, "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        (.createFunction, "CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC SELECT 1; END"),
        (.createTrigger, "CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()"),
        (.createRule, "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING"),
        (.createType, "CREATE TYPE m AS ENUM ('a')"), (.createType, "CREATE TYPE m AS (a int)"),
        (.createType, "CREATE TYPE m AS RANGE (subtype = int4)"),
        (.createType, "CREATE TYPE m (INPUT = f, OUTPUT = g)"), (.createDomain, "CREATE DOMAIN d AS int"),
        (.createOperator, "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = f)"),
        (.createAggregate, "CREATE AGGREGATE a (int) (SFUNC = f, STYPE = int)"),
        (.createTextSearch, "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple)"),
        (.createCollation, "CREATE COLLATION c (LOCALE = 'C')"),
        (.createConversion, "CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM f"),
        (.createCast, "CREATE CAST (int AS text) WITH FUNCTION f(int)"),
        (.createTransform, "CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION f(internal))"),
        (.createOperatorClass, "CREATE OPERATOR CLASS o FOR TYPE int USING btree AS OPERATOR 1 <"),
        (.createOperatorClass, "CREATE OPERATOR FAMILY o USING btree"),
        (.createPolicy, "CREATE POLICY p ON t"), (.alterObject, "ALTER POLICY p ON t USING (true)"),
        (.createEventTrigger, "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()"),
        (.createAccessMethod, "CREATE ACCESS METHOD m TYPE INDEX HANDLER f"),
        (.createLanguage, "CREATE LANGUAGE l HANDLER f"), (.createExtension, "CREATE EXTENSION e"),
        (.alterExtension, "ALTER EXTENSION e UPDATE"), (.alterExtension, "ALTER EXTENSION e ADD TABLE t"),
        (.createForeignDataWrapper, "CREATE FOREIGN DATA WRAPPER w"),
        (.createForeignDataWrapper, "ALTER FOREIGN DATA WRAPPER w OPTIONS (a 'b')"),
        (.createServer, "CREATE SERVER s FOREIGN DATA WRAPPER w"),
        (.createServer, "ALTER SERVER s VERSION '1'"),
        (.createUserMapping, "CREATE USER MAPPING FOR PUBLIC SERVER s"),
        (.createUserMapping, "ALTER USER MAPPING FOR u SERVER s OPTIONS (a 'b')"),
        (.dropForeign, "DROP USER MAPPING FOR u SERVER s"),
        (.createForeignTable, "CREATE FOREIGN TABLE f (a int) SERVER s"),
        (.importForeignSchema, "IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b"),
        (.publication, "CREATE PUBLICATION p FOR ALL TABLES"),
        (.publication, "ALTER PUBLICATION p ADD TABLE t"),
        (.subscription, "CREATE SUBSCRIPTION s CONNECTION 'c' PUBLICATION p"),
        (.subscription, "ALTER SUBSCRIPTION s ENABLE"), (.subscription, "DROP SUBSCRIPTION s"),
        (.createTablespace, "CREATE TABLESPACE s LOCATION '/x'"), (.createTablespace, "DROP TABLESPACE s"),
        (.createTablespace, "ALTER TABLESPACE s SET (seq_page_cost = 1)"),
        (.createTablespace, "ALTER TABLE ALL IN TABLESPACE a SET TABLESPACE b"),
        (.createDatabase, "CREATE DATABASE d"), (.alterDatabase, "ALTER DATABASE d CONNECTION LIMIT 1"),
        (.alterDatabase, "ALTER DATABASE d REFRESH COLLATION VERSION"),
        (.alterDatabaseSet, "ALTER DATABASE d SET a = 1"), (.dropDatabase, "DROP DATABASE d"),
        (.alterSystem, "ALTER SYSTEM SET a = 1"), (.alterTable, "ALTER TABLE t ADD COLUMN b int"),
        (.alterTable, "ALTER VIEW v ALTER COLUMN a SET DEFAULT 1"),
        (.alterObject, "ALTER SEQUENCE s RESTART"),
        (.alterObject, "ALTER DOMAIN d DROP DEFAULT"), (.alterObject, "ALTER TYPE m SET (STORAGE = plain)"),
        (.alterObject, "ALTER TYPE m ADD VALUE 'b'"),
        (.alterObject, "ALTER OPERATOR = (int, int) SET (JOIN = f)"),
        (.alterObject, "ALTER OPERATOR FAMILY o USING btree ADD OPERATOR 1 < (int, int)"),
        (.alterObject, "ALTER TABLE t SET SCHEMA s"),
        (.alterObject, "ALTER FUNCTION f() DEPENDS ON EXTENSION e"),
        (.alterObject, "ALTER COLLATION c REFRESH VERSION"),
        (.alterObject, "ALTER TEXT SEARCH DICTIONARY d (a = b)"),
        (.alterObject, "ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR word"),
        (.alterObject, "ALTER STATISTICS s SET STATISTICS 1"),
        (.alterObject, "ALTER EVENT TRIGGER e DISABLE"),
        (.alterFunction, "ALTER FUNCTION f() STRICT"), (.rename, "ALTER TABLE t RENAME TO u"),
        (.rename, "ALTER ROLE a RENAME TO b"), (.dropRelation, "DROP TABLE t"),
        (.dropRelation, "DROP VIEW v"), (.drop, "DROP INDEX i"), (.drop, "DROP FUNCTION f()"),
        (.drop, "DROP SERVER s"), (.comment, "COMMENT ON TABLE t IS 'x'"),
        (.securityLabel, "SECURITY LABEL ON TABLE t IS 'x'"), (.grant, "GRANT SELECT ON t TO u"),
        (.grant, "REVOKE SELECT ON t FROM u"), (.grantRole, "GRANT a TO b"), (.grantRole, "REVOKE a FROM b"),
        (.alterDefaultPrivileges, "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO u"),
        (.createRole, "CREATE ROLE r"), (.createRole, "CREATE USER r"), (.createRole, "CREATE GROUP r"),
        (.alterRole, "ALTER ROLE r LOGIN"), (.alterRole, "ALTER GROUP r ADD USER u"),
        (.alterRoleSet, "ALTER ROLE r SET a = 1"), (.dropRole, "DROP ROLE r"),
        (.reassignOwned, "REASSIGN OWNED BY a TO b"), (.dropOwned, "DROP OWNED BY a"),
        (.alterTable, "ALTER TABLE t OWNER TO r"), (.alterOwner, "ALTER FUNCTION f() OWNER TO r"),
    ]

    @Test(arguments: texts.indices)
    func `Each statement is read as its kind, and nothing in it is unknown`(_ index: Int) throws {
        let (kind, text) = Self.texts[index]
        let facts = try #require(Self.facts(text))
        #expect(facts.topLevel.map(\.kind.rawValue) == [kind.rawValue], "\(text)")
        #expect(facts.unknownNodes.isEmpty, "\(text)")
    }

    @Test func `Every kind has a text`() {
        let seen = Set(Self.texts.map(\.0.rawValue))
        for raw in 0..<StatementKind.unknown.rawValue { #expect(seen.contains(raw), "kind \(raw)") }
    }

    static func facts(_ text: String) -> SQLFacts? {
        guard case .facts(let facts) = SQLText.read(text) else { return nil }
        return facts
    }
}
