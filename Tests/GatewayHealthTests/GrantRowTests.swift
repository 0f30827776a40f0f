import GatewayHealth
import Testing

/// A server's texts in statements that a superuser is told to run.
struct GrantRowTests {
    private let reader = GrantRow(role: "reader", readsOnly: true)

    @Test("Of a table's privileges only INSERT, UPDATE, DELETE and TRUNCATE get into a statement")
    func privileges() {
        let evil = "INSERT, SELECT ON t FROM x; DROP TABLE y; --, DELETE,TRUNCATE"
        let table = reader.table(["public", "t", evil, "reader", "f"])
        #expect(
            table.map(\.statement) == [
                #"REVOKE INSERT, DELETE, TRUNCATE ON TABLE "public"."t" FROM "reader";"#
            ])
        #expect(table.map(\.what) == ["may INSERT, DELETE, TRUNCATE public.t"])
        let column = reader.column(["public", "t", "c", "UPDATE, insert, DROP TABLE y", ""])
        #expect(column.map(\.statement) == [#"REVOKE UPDATE ("c") ON TABLE "public"."t" FROM PUBLIC;"#])
        #expect(reader.table(["public", "t", "; DROP TABLE y", "reader", "f"]) == [])
        #expect(reader.column(["public", "t", "c", "SELECT", "reader"]) == [])
    }

    @Test("What an object is is of a closed set too")
    func kinds() {
        #expect(reader.schema(["DATABASE x; DROP SCHEMA", "s", "reader", "f"]) == [])
        #expect(reader.foreign(["TABLE x; --", "", "s", "reader", "f", ""]) == [])
        #expect(reader.schema(["SCHEMA", "s", "reader", "f"]).count == 1)
        #expect(reader.foreign(["FOREIGN SERVER", "", "s", "reader", "f", ""]).count == 1)
    }

    @Test(
        "Arguments that PostgreSQL writes get into the statement as they are",
        arguments: [
            "", "integer", "x integer, text", "VARIADIC a integer[], OUT b timestamp without time zone",
            #"a "char", "b c" "My schema"."T ""x""""#, #""é" public."größe""#,
        ])
    func harmless(_ arguments: String) {
        let found = reader.routine(["definer", "postgres", "public", "f", arguments, ""])
        #expect(
            found.map(\.statement) == [
                "REVOKE EXECUTE ON ROUTINE \"public\".\"f\"(\(arguments)) FROM PUBLIC;"
            ])
    }

    @Test(
        "Arguments that could be anything else are a finding without a statement",
        arguments: [
            "integer) FROM x; DROP TABLE y; --", "integer; x", "integer -- x", "integer /* x", "\"a",
            "a\"b\"\"",
            "\"a;b\" integer", "\"a--b\" integer", "\"a/*b\" integer", "\"a\\!b\" integer", "x\\! id", "x :y",
            "x $$ y", "x 'y", "x`id`", "x integer)", "(x", "x\ny", "\"x\ny\" integer",
            "\"x\u{202e}y\" integer",
            "x\u{0}y", "x\u{85}y",
        ])
    func suspicious(_ arguments: String) {
        let found = reader.routine(["definer", "postgres", "public", "f", arguments, ""])
        #expect(found.map(\.what) == ["may call public.f which runs as postgres as PUBLIC"])
        #expect(found.map(\.statement) == [nil])
    }

    @Test("A name with a control character is in no statement")
    func controlCharacters() {
        let found = reader.table(["public", "t\n\\! id", "INSERT", "reader", "f"])
        #expect(found.map(\.statement) == [nil])
        #expect(found.map(\.what) == ["may INSERT public.t\n\\! id"])
    }
}
