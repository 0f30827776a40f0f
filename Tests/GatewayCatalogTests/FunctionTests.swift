import GatewayCatalog
import Testing

@Suite struct FunctionTests {
    /// What a function of that body reaches, beside a function `leaves` that leaves the region and a table `far`.
    private func reach(
        _ body: String, language: String = "plpgsql", reader: @escaping BodyReader = { _ in nil }
    ) -> CatalogReach? {
        var catalogue = Catalogue()
        _ = catalogue.function("leaves", "c", "dblink_connect", schema: "app", library: "$libdir/dblink")
        _ = catalogue.relation("far", .foreignTable)
        _ = catalogue.relation("near")
        let same = catalogue.operation("===")
        catalogue.link(same, .uses, .function(16_385))
        _ = catalogue.function("tried", language, body)
        return catalogue.closed(reader).reach("tried")
    }

    @Test(
        "F-GRD-04: a PL/pgSQL body of harmless statements reaches nothing",
        arguments: [
            "BEGIN RETURN 1; END",
            "DECLARE a int := 1; b near%ROWTYPE; c CURSOR FOR SELECT * FROM near; BEGIN a := a + 1; b.id = 2; "
                + "RETURN a; END;",
            "#variable_conflict use_column\nBEGIN UPDATE near SET id = 1 WHERE id = $1; RETURN NEW; END",
            "<<outer>> BEGIN FOR i IN 1..10 LOOP CONTINUE outer WHEN i = 3; NULL; END LOOP outer; END",
            "BEGIN IF a THEN b := 1; ELSIF c THEN RETURN; ELSE PERFORM f(1); END IF; END",
            "BEGIN x := CASE WHEN a THEN b ELSE c END; y := CASE a WHEN 1 THEN NOT b WHEN 2 THEN date '2026-01-01' "
                + "ELSE a IS NULL END; RETURN x; END",
            "BEGIN CASE x WHEN 1 THEN a := 2; ELSE NULL; END CASE; END",
            "BEGIN INSERT INTO near VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2; EXCEPTION WHEN others THEN "
                + "RAISE NOTICE 'it''s % %', sqlerrm, E'\\'x'; END",
            "BEGIN MERGE INTO near USING s ON true WHEN MATCHED THEN UPDATE SET id = 1 WHEN NOT MATCHED THEN "
                + "DO NOTHING; END",
            "BEGIN /* EXECUTE /* nested */ far */ -- leaves\n RETURN $$ EXECUTE far $$ || $q$ leaves $q$; END",
            "BEGIN SET LOCAL work_mem = '1GB'; SET search_path TO app; RESET work_mem; END",
            "BEGIN $1 := 5; x=-1; a[1] := 2; \"Q\" := 3; GET DIAGNOSTICS n = ROW_COUNT; END",
        ])
    func harmless(_ body: String) { #expect(reach(body) == []) }

    @Test(
        "F-GRD-04: every name in a PL/pgSQL body counts, however it is written",
        arguments: [
            "BEGIN PERFORM app.leaves('x'); END", "BEGIN PERFORM LEAVES('x'); END",
            "BEGIN PERFORM \"leaves\"('x'); END", "BEGIN PERFORM app . /* c */ leaves ('x'); END",
            "BEGIN RETURN ('x'::text).leaves; END", "BEGIN RETURN (SELECT n FROM far); END",
            "DECLARE r far%ROWTYPE; BEGIN RETURN; END", "BEGIN RETURN a === b; END",
            "BEGIN RETURN a ===- b; END",
            "BEGIN RETURN pg_read_file('x'); END", "BEGIN RETURN pg_catalog.pg_read_file('x'); END",
        ])
    func names(_ body: String) { #expect(reach(body) == .egress) }

    @Test(
        "F-GRD-04: a body with a statement that hides what it does cannot be followed",
        arguments: [
            "BEGIN EXECUTE 'x'; END", "BEGIN RETURN QUERY EXECUTE x; END",
            "BEGIN FOR r IN EXECUTE x LOOP NULL; END LOOP; END",
            "BEGIN DO $$ x $$; END", "BEGIN CALL p(); END", "BEGIN COPY near TO PROGRAM 'x'; END",
            "BEGIN IF a THEN COPY (SELECT 1) TO '/tmp/x'; END IF; END", "BEGIN LOAD 'x'; END",
            "BEGIN CREATE TABLE t (); END", "BEGIN IF a THEN NULL; ELSE GRANT a TO b; END IF; END",
            "BEGIN LOOP ALTER SYSTEM RESET ALL; END LOOP; END", "BEGIN REFRESH MATERIALIZED VIEW m; END",
            "BEGIN IF (SELECT 1 case) = 1 THEN COPY near TO PROGRAM 'x'; END IF; END",
            "BEGIN IF r.case THEN COPY (SELECT 1) TO PROGRAM 'x'; END IF; END",
            "BEGIN IF r.case THEN LOAD 'x'; END IF; END", "BEGIN IF r.case THEN CHECKPOINT; END IF; END",
            "<<a b>> BEGIN NULL; END", "DECLARE BEGIN COPY near TO PROGRAM 'x'; END",
            "DECLARE a int := (SELECT 1 begin); b int; BEGIN DECLARE BEGIN LOAD 'x'; END; END",
        ])
    func opaque(_ body: String) { #expect(reach(body) == .opaque) }

    @Test(
        "A body that cannot be cut into tokens for certain cannot be followed",
        arguments: [
            "BEGIN RETURN 'a\\'; END", "BEGIN RETURN U&\"d\\0062link\"; END", "BEGIN RETURN U&'x'; END",
            "BEGIN /* RETURN 1; END", "BEGIN RETURN 'x; END", "BEGIN RETURN $a$ x; END", "BEGIN \\x; END",
            "BEGIN RETURN \"x; END", "BEGIN RETURN a " + String(repeating: "+", count: 25) + " b; END",
        ])
    func unreadable(_ body: String) { #expect(reach(body) == .opaque) }

    @Test("Operators of 24 characters in a row are read, 25 are not")
    func operatorLimit() {
        #expect(reach("BEGIN RETURN a " + String(repeating: "+", count: 24) + " b; END") == [])
    }

    @Test("Settings that decide what a session may do count, and what may be one of them")
    func settings() {
        #expect(reach("BEGIN SET transaction_read_only = off; END") == .settings)
        #expect(reach("BEGIN SET TRANSACTION READ WRITE; END") == .settings)
        #expect(reach("BEGIN SET Domicile.subject = 'x'; END") == .settings, "three words, not a plain one")
        #expect(reach("BEGIN RESET ALL; END") == .settings)
        #expect(reach("BEGIN SET LOCAL ROLE admin; END") == [.settings, .roleChange])
        #expect(reach("BEGIN SET role = admin; END") == [.settings, .roleChange])
        #expect(reach("BEGIN SET SESSION AUTHORIZATION admin; END") == [.settings, .roleChange])
        #expect(reach("BEGIN PERFORM set_config('a', 'b', true); END") == [])
        #expect(reach("BEGIN PERFORM pg_catalog.set_config('app.x', name, true); END") == [])
        #expect(reach("BEGIN PERFORM set_config('Role', b, true); END") == [.settings, .roleChange])
        for first in ["a", "'a' || b", "E'a'", "'a''b'", "$$a$$", "'a'::text", "'a' -- x\n 'b'", "a => 'b'"] {
            #expect(
                reach("BEGIN PERFORM set_config(\(first), 'b', true); END") == [
                    .opaque, .settings, .roleChange,
                ],
                "\(first)")
        }
        #expect(
            reach("BEGIN PERFORM set_config('client_encoding', 'GBK', true); END") == [.opaque, .settings])
        #expect(reach("BEGIN PERFORM \"set_config\"('role', 'b', true); END") == [.settings, .roleChange])
        #expect(reach("BEGIN IF a THEN SET x FROM CURRENT; END IF; END") == .settings)
    }

    @Test("F-GRD-11: a longer body than is read, other languages, C of unknown origin, and attributes")
    func attributes() {
        var catalogue = Catalogue()
        _ = catalogue.function("long", "plpgsql", nil)
        _ = catalogue.function("perl", "plperl", "x")
        _ = catalogue.function("python", "plpython3u", "x", trusted: false)
        _ = catalogue.function("c", "c", "x", library: "/usr/lib/evil.so")
        _ = catalogue.function("path", "c", "hstore_in", library: "/tmp/$libdir/hstore")
        _ = catalogue.function("hstore", "c", "hstore_in", library: "$libdir/hstore")
        _ = catalogue.function("crosstab", "c", "crosstab", library: "$libdir/tablefunc")
        _ = catalogue.function("normal_rand", "c", "normal_rand", library: "$libdir/tablefunc")
        _ = catalogue.function("innocent", "c", "dblink_connect", library: "dblink")
        _ = catalogue.function("statements", "c", "pg_stat_statements", library: "$libdir/pg_stat_statements")
        _ = catalogue.function("newer", "c", "hstore_to_the_world", library: "$libdir/hstore")
        _ = catalogue.function("newer_statements", "c", "pg_stat_all", library: "$libdir/pg_stat_statements")
        _ = catalogue.function("internal", "internal", "nobody_knows")
        _ = catalogue.function("definer", definer: true)
        _ = catalogue.function("sets", settings: ["search_path=app", "Role=admin"])
        _ = catalogue.function("path_only", settings: ["search_path=app"])
        let snapshot = catalogue.closed()
        let expected: [(String, CatalogReach)] = [
            ("long", .opaque), ("perl", .opaque), ("python", [.program, .egress]),
            ("c", [.program, .egress]),
            ("path", [.program, .egress]), ("hstore", []), ("crosstab", .opaque), ("normal_rand", []),
            ("newer", [.program, .egress]), ("newer_statements", [.program, .egress]),
            ("innocent", .egress), ("statements", .peers), ("internal", [.program, .egress]),
            ("definer", .roleChange), ("sets", [.roleChange, .settings]), ("path_only", []),
        ]
        for (name, reach) in expected { #expect(snapshot.reach(name) == reach, "\(name)") }
    }

    @Test("F-GRD-11: what an operator vouches for is harmless; what is known to do harm is not")
    func declared() {
        var catalogue = Catalogue()
        _ = catalogue.function("postgis", "c", "ST_Area", library: "$libdir/postgis-3")
        _ = catalogue.function("elsewhere", "c", "ST_Area", library: "/tmp/postgis-3")
        _ = catalogue.function("vector", "c", "l2_distance", library: "$libdir/vector")
        _ = catalogue.function("leaves", "c", "dblink_exec", library: "$libdir/dblink")
        _ = catalogue.function("total", "plperl", "x", schema: "app")
        _ = catalogue.function("total", "plperl", "x")
        _ = catalogue.function("definer", "plperl", "x", schema: "app", definer: true)
        let harmless = DeclaredHarmless(
            libraries: ["postgis-3", "dblink"], functions: ["app.total", "app.definer"])
        let snapshot = CatalogClosure.snapshot(
            of: catalogue.rows, builtIns: Catalogue.builtIns, body: { _ in nil }, harmless: harmless)
        let expected: [(String, CatalogReach)] = [
            ("postgis", []), ("elsewhere", [.program, .egress]), ("vector", [.program, .egress]),
            ("leaves", [.egress, .opaque]), ("definer", .roleChange),
        ]
        for (name, reach) in expected { #expect(snapshot.reach(name) == reach, "\(name)") }
        #expect(snapshot.functions(named: "total", schema: "app").map(\.reach) == [[]])
        #expect(snapshot.functions(named: "total", schema: "public").map(\.reach) == [.opaque])
    }

    @Test("An SQL body is what its reader says; one that it cannot read cannot be followed")
    func sql() {
        let reader: BodyReader = { text in
            var facts = BodyFacts()
            switch text {
            case "reads": facts.reads = [BodyFacts.Name(schema: "public", "far")]
            case "calls": facts.functions = [BodyFacts.Name("leaves")]
            case "elsewhere": facts.functions = [BodyFacts.Name(schema: "public", "leaves")]
            case "built in": facts.functions = [BodyFacts.Name(schema: "pg_catalog", "query_to_xml")]
            case "sets": facts.add(.settings, "sets a parameter")
            default: return nil
            }
            return facts
        }
        #expect(reach("reads", language: "sql", reader: reader) == .egress)
        #expect(reach("calls", language: "sql", reader: reader) == .egress)
        #expect(reach("elsewhere", language: "sql", reader: reader) == [])
        #expect(reach("built in", language: "sql", reader: reader) == .opaque)
        #expect(reach("sets", language: "sql", reader: reader) == .settings)
        #expect(reach("else", language: "sql", reader: reader) == .opaque)
    }

    @Test("A parsed SQL body is what its links say: reading a table is not writing it")
    func parsed() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        let trail = catalogue.relation("trail")
        catalogue.link(trail, .written, leaves)
        let reads = catalogue.function("reads", "sql", "", parsed: true)
        let writes = catalogue.function("writes", "sql", "", parsed: true)
        catalogue.link(reads, .reads, trail)
        catalogue.link(writes, .uses, trail)
        let snapshot = catalogue.closed()
        #expect(snapshot.reach("reads") == [])
        #expect(snapshot.reach("writes") == .egress)
    }

    @Test("A PL/pgSQL body without a word that writes only reads what it names")
    func readingBodies() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        catalogue.link(catalogue.relation("trail"), .written, leaves)
        for (name, body) in [
            ("reads", "BEGIN RETURN (SELECT count(*) FROM trail); END"),
            ("inserts", "BEGIN INSERT INTO trail VALUES (1); END"),
            (
                "deletes",
                "BEGIN RETURN 1; WITH d AS (Delete FROM trail RETURNING 1) SELECT 1 INTO x FROM d; END"
            ),
            ("quotes", "BEGIN RETURN (SELECT 'insert' FROM trail); END"),
        ] { _ = catalogue.function(name, "plpgsql", body) }
        let snapshot = catalogue.closed()
        #expect(snapshot.reach("reads") == [])
        #expect(snapshot.reach("inserts") == .egress)
        #expect(snapshot.reach("deletes") == .egress)
        #expect(snapshot.reach("quotes") == [])
    }

    @Test("Names of 63 bytes and beyond are cut where PostgreSQL cuts them; others cannot be read")
    func longNames() {
        let cut = String(repeating: "a", count: 63)
        let accents = String(repeating: "é", count: 31)
        var catalogue = Catalogue()
        for name in [cut, accents, "école"] { _ = catalogue.function(name, "c", "x", library: "y") }
        for (name, called) in [
            ("fits", cut), ("longer", cut + "aaa"), ("accents", accents), ("accented", accents + "é"),
            ("upper", "École"), ("quoted", "\"\(accents)é\""),
        ] { _ = catalogue.function(name, "plpgsql", "BEGIN PERFORM \(called)(); END") }
        let snapshot = catalogue.closed()
        for name in ["fits", "longer", "accents", "upper"] {
            #expect(snapshot.reach(name) == [.program, .egress], "\(name)")
        }
        for name in ["accented", "quoted"] { #expect(snapshot.reach(name) == .opaque, "\(name)") }
    }
}
