import GatewayCatalog
import Testing

@Suite struct SQLBodyTests {
    /// What an SQL function of that body reaches, beside a foreign table, and a function, a type and operators that lead
    /// out.
    private func reach(_ body: String, operators: [String] = ["==="]) -> CatalogReach? {
        var catalogue = Catalogue()
        let leaves = catalogue.function(
            "leaves", "c", "dblink_connect", schema: "app", library: "$libdir/dblink")
        _ = catalogue.relation("far", .foreignTable)
        _ = catalogue.relation("near")
        catalogue.link(catalogue.relation("trail"), .written, leaves)
        for name in operators { catalogue.link(catalogue.operation(name), .uses, leaves) }
        catalogue.link(catalogue.type("checked"), .uses, leaves)
        _ = catalogue.function("tried", "sql", body)
        return catalogue.closed(SQLBody.reader).reach("tried")
    }

    @Test(
        "F-GRD-04: an SQL body that reads and writes what is harmless reaches nothing",
        arguments: [
            "SELECT 1", "SELECT count(*) FROM near WHERE id = $1; SELECT lower(note) FROM near",
            "INSERT INTO near VALUES ('far'), ('leaves')", "UPDATE near SET id = 2 WHERE note LIKE 'x'",
            "SELECT * FROM trail", "WITH a AS (SELECT 1) SELECT * FROM a, near", "SET work_mem = '1MB'",
            "SELECT '\\\\server', E'\\'far'",
        ])
    func harmless(_ body: String) { #expect(reach(body) == []) }

    @Test(
        "F-GRD-04: whatever an SQL body names counts, however it is written",
        arguments: [
            "SELECT * FROM far", "SELECT 1; SELECT (SELECT note FROM public.far LIMIT 1)", "TABLE far",
            "SELECT app.leaves('x')", "SELECT LEAVES('x')", "SELECT U&\"\\006ceaves\"('x')",
            "SELECT ('x'::text).leaves", "SELECT near.leaves FROM near", "SELECT a === b FROM near",
            "SELECT 'x'::checked", "SELECT CAST('x' AS public.checked)", "INSERT INTO trail VALUES (1)",
            "WITH d AS (DELETE FROM trail RETURNING 1) SELECT * FROM d",
            "SELECT pg_catalog.pg_read_file('x')",
            "SELECT 1 FROM near ORDER BY (SELECT max(note) FROM far)",
        ])
    func names(_ body: String) { #expect(reach(body) == .egress) }

    @Test("An operator that syntax calls without writing it counts")
    func unwritten() {
        #expect(reach("SELECT note LIKE 'x' FROM near", operators: ["~~"]) == .egress)
        #expect(
            reach("SELECT 1", operators: ["="]) == .egress,
            "any body: what a CASE or IN compares is not looked at")
    }

    @Test(
        "Settings, roles and what hides statements count; what the grammar does not take cannot be followed")
    func statements() {
        #expect(reach("SELECT set_config('a.b', 'c', true)") == [])
        #expect(reach("SELECT set_config('role', 'c', true)") == [.settings, .roleChange])
        #expect(reach("SELECT set_config('a' || '.b', 'c', true)") == [.opaque, .settings, .roleChange])
        #expect(reach("SET transaction_read_only = off") == .settings)
        #expect(reach("SET ROLE admin")?.contains([.settings, .roleChange]) == true)
        #expect(reach("SELECT query_to_xml('x', true, true, '')") == .opaque)
        for body in ["CALL p()", "CREATE TABLE x (a int)", "DO 'x'", "EXECUTE x", "SELECT FROM WHERE", "'"] {
            #expect(reach(body)?.contains(.opaque) == true, "\(body)")
        }
        #expect(reach("COPY near TO PROGRAM 'x'")?.contains([.program, .egress]) == true)
    }

    @Test("A string with a backslash is read both ways (F-GRD-02)")
    func backslashes() {
        // Where backslashes escape, the first string ends later: nothing that is left can be read.
        #expect(reach("SELECT '\\', app.leaves('x'), '\\'") == .opaque)
        // And here the call is in a string, or behind one.
        #expect(reach("SELECT 'a\\', '||app.leaves('')--'") == .egress)
    }
}
