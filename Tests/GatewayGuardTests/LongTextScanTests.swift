import GatewayGuard
import Testing

/// Texts that are too long to be read, here without what makes them so.
struct LongTextScanTests {
    @Test(
        "What is refused to everybody is found among names and keywords",
        arguments: [
            "SET domicile.subject = 'x'", "SET \"domicile\".subject TO x", "SELECT SET_CONFIG('a', 'b', false)",
            "SELECT pg_catalog . pg_terminate_backend(1)", "SELECT \"pg_cancel_backend\"(1)",
            "COMMIT PREPARED 'x'", "ALTER ROLE plain SUPERUSER", "drop /* x */ user plain", "REASSIGN OWNED BY a TO b",
            "ALTER DATABASE d SET x = 1", "SELECT U&\"set\\005fconfig\"('a', 'b', false)",
            "DO $$ BEGIN PERFORM set_config('a', 'b', false); END $$",
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT set_config(''a'', ''b'', false)'",
            "SELECT 1; DROP ROLE plain",
        ])
    func found(_ sql: String) {
        #expect(LongTextScan.mayDoForbidden(Array(sql.utf8).span, conformingStrings: true))
    }

    @Test(
        "Data may hold any word",
        arguments: [
            "INSERT INTO notes VALUES ('SET domicile.subject TO x; DROP ROLE y'), (E'alter user \\' prepared')",
            "SELECT 1 /* set_config('a', 'b', false); ALTER ROLE x */ -- drop owned by y",
            "INSERT INTO t VALUES ($$drop role x$$, 'u&\"x\"')",
        ])
    func data(_ sql: String) {
        #expect(!LongTextScan.mayDoForbidden(Array(sql.utf8).span, conformingStrings: true))
    }

    @Test("A constant that ends elsewhere under the other setting is read so")
    func conformingStrings() {
        let sql = Array(#"SELECT 'a\'; SET domicile.subject TO x --'"#.utf8)
        #expect(LongTextScan.mayDoForbidden(sql.span, conformingStrings: true))
        let other = Array(#"SELECT 'a\' SET domicile.subject TO x --'"#.utf8)
        #expect(!LongTextScan.mayDoForbidden(other.span, conformingStrings: false))
    }

    @Test("What the lexer does not take is taken for the worst")
    func unlexed() {
        #expect(LongTextScan.mayDoForbidden(Array("SELECT 'domicile".utf8).span, conformingStrings: true))
        #expect(!LongTextScan.mayDoForbidden(Array("SELECT 'x".utf8).span, conformingStrings: true))
    }
}
