import GatewayGuard
import Testing

/// Texts that are too long to be read, here without what makes them so.
struct LongTextScanTests {
    private func mayDoForbidden(_ sql: String, conformingStrings: Bool = true) -> Bool {
        let bytes = Array(sql.utf8)
        return LongTextScan.mayDoForbidden(bytes.span, conformingStrings: conformingStrings)
    }

    @Test(
        "What is refused to everybody is found among names and keywords",
        arguments: [
            "SET domicile.subject = 'x'", "SET \"domicile\".subject TO x",
            "SELECT SET_CONFIG('a', 'b', false)",
            "SELECT pg_catalog . pg_terminate_backend(1)", "SELECT \"pg_cancel_backend\"(1)",
            "COMMIT PREPARED 'x'", "ALTER ROLE plain SUPERUSER", "drop /* x */ user plain",
            "REASSIGN OWNED BY a TO b",
            "ALTER DATABASE d SET x = 1", "SELECT U&\"set\\005fconfig\"('a', 'b', false)",
            "DO $$ BEGIN PERFORM set_config('a', 'b', false); END $$",
            "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT set_config(''a'', ''b'', false)'",
            "SELECT 1; DROP ROLE plain", "GRANT writer TO plain", "CREATE ROLE x IN ROLE writer",
        ])
    func found(_ sql: String) {
        #expect(mayDoForbidden(sql))
    }

    @Test(
        "Data may hold any word",
        arguments: [
            "INSERT INTO notes VALUES ('SET domicile.subject TO x; DROP ROLE y'), (E'alter user \\' prepared')",
            "SELECT 1 /* set_config('a', 'b', false); ALTER ROLE x */ -- drop owned by y",
            "INSERT INTO t VALUES ($$drop role x$$, 'u&\"x\"')",
        ])
    func data(_ sql: String) {
        #expect(!mayDoForbidden(sql))
    }

    @Test("A constant that ends elsewhere under the other setting is read so")
    func conformingStrings() {
        #expect(mayDoForbidden(#"SELECT 'a\'; SET domicile.subject TO x --'"#))
        #expect(!mayDoForbidden(#"SELECT 'a\' SET domicile.subject TO x --'"#, conformingStrings: false))
    }

    @Test("What the lexer does not take is taken for the worst")
    func unlexed() {
        #expect(mayDoForbidden("SELECT 'domicile"))
        #expect(!mayDoForbidden("SELECT 'x"))
    }
}
