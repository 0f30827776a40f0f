import GatewayGuard
import Testing

@Suite struct QuickScanTests {
    private func needs(_ sql: String) -> Bool {
        let bytes = Array(sql.utf8)
        return QuickScan.needsReading(bytes.span)
    }

    @Test func `Whatever is refused to everybody is read, in any case and at any place`() {
        for sql in [
            "SET domicile.subject = 'x'", "set DOMICILE.subject to x", "SELECT Set_Config($1, $2, false)",
            "SELECT pg_catalog.pg_terminate_backend(1)", "SELECT PG_CANCEL_BACKEND(1)",
            "PREPARE TRANSACTION 'x'", "commit prepared 'x'",
            "ROLLBACK\nPREPARED 'x'", "ALTER ROLE x", "Drop role x", "REASSIGN OWNED BY x TO y",
            "GRANT a TO b", "revoke a from b", "CREATE ROLE a IN ROLE b",
            "SELECT U&\"set_confi\\0067\"($1, $2, false)", "select u&\"x\"()",
        ] { #expect(needs(sql), "\(sql)") }
    }

    @Test func `F-GRD-01: what the grammar does not take may be what nobody may do`() {
        func may(_ sql: String) -> Bool {
            let bytes = Array(sql.utf8)
            return QuickScan.mayDoForbidden(bytes.span)
        }
        for sql in [
            "SELECT JSON_OBJECT('a': set_config('domicile.subject', 'x', false))", "? COMMIT PREPARED 'x'",
            "? ALTER\tROLE x", "? drop user x", "? REASSIGN OWNED BY x TO y", "? alter database x",
            "SELECT U&\"x\"() ?", "? PG_TERMINATE_BACKEND(1)", "? ALTER GROUP x", "? DOMICILE.x",
            "GRANT a TO b WITH INHERIT TRUE", "? revoke a from b",
        ] { #expect(may(sql), "\(sql)") }
        for sql in [
            "SELECT JSON_OBJECT('a': 1)", "ALTER TABLE t SPLIT PARTITION p INTO (x)", "DROP x",
            "PREPARE x AS ?",
            "SELECT role FROM ?",
        ] { #expect(!may(sql), "\(sql)") }
    }

    @Test func `Ordinary statements are not`() {
        for sql in [
            "SELECT abalance FROM pgbench_accounts WHERE aid = 1", "", "u", "INSERT INTO t VALUES (1)",
            "BEGIN", "COMMIT",
            "UPDATE t SET a = 1", "se", "SELECT pg_terminate",
        ] { #expect(!needs(sql), "\(sql)") }
    }
}
