import Foundation
import GatewayCatalog
import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import Testing

extension HealthMonitorTests {
    /// Catalogues of real servers. One at a time: they measure time.
    @Suite(.serialized, .timeLimit(.minutes(2)))
    struct CatalogTests {
        private func target(_ server: PostgresServer, _ name: String = "a") -> ReplicaTarget {
            var target = server.target(name)
            target.needsCatalog = true
            return target
        }

        private func load(_ server: PostgresServer) throws {
            for part in [
                CatalogFixture.extensions, CatalogFixture.relations, CatalogFixture.functions,
                CatalogFixture.tables,
            ] { try server.psql(part) }
        }

        private func check(_ snapshot: CatalogSnapshot?, _ place: String) throws {
            let snapshot = try #require(snapshot)
            for (name, read, readOnly, write) in CatalogFixture.expectedRelations {
                let found = snapshot.relations(named: name, schema: nil)
                #expect(found.map(\.read) == [read], "\(place): \(name), \(found.first?.reason ?? "")")
                #expect(found.map(\.readOnly) == [readOnly], "\(place): ONLY \(name)")
                #expect(found.map(\.write) == [write], "\(place): writing \(name)")
            }
            for (name, reach) in CatalogFixture.expectedFunctions {
                let found = snapshot.functions(named: name, schema: nil)
                #expect(!found.isEmpty, "\(place): \(name)")
                for function in found {
                    #expect(function.reach == reach, "\(place): \(name), \(function.reason)")
                }
            }
            #expect(snapshot.operators(named: "===", schema: "app").map(\.reach) == [.egress])
            #expect(snapshot.operators(named: "@@@@", schema: nil).map(\.reach) == [.egress])
            #expect(snapshot.operators(named: "->", schema: nil).isEmpty, "hstore's")
            for name in ["checked", "_checked", "pair", "token", "odd_ops"] {
                #expect(snapshot.types(named: name, schema: "app").map(\.reach) == [.egress], "\(name)")
            }
            for name in ["span", "hstore", "citext", "ltree"] {
                #expect(snapshot.types(named: name, schema: nil).isEmpty, "\(name)")
            }
            #expect(snapshot.relation("emptied_with")?.cascade == .egress)
            #expect(
                snapshot.relation("by_lock")?.lock == .egress
                    && snapshot.relation("over_lock")?.lock == .egress)
            #expect(
                snapshot.relation("by_write_policy")?.lock == []
                    && snapshot.relation("by_trigger")?.lock == [])
            #expect(snapshot.partitionKeys.map(\.reach) == [.egress])
            for name in [
                "int4", "_text", "text_ops", "mood_of_nobody", "checked", "_checked", "by_rule", "odd_ops",
            ] {
                #expect(snapshot.knowsType(named: name, schema: nil) == (name != "mood_of_nobody"), "\(name)")
            }
            #expect(!snapshot.knowsType(named: "int4", schema: "app"))
            #expect(snapshot.knowsType(named: "cardinal_number", schema: "information_schema"))
            for name in ["=", "~~*", "===", "->", "=#="] {
                #expect(snapshot.knowsOperator(named: name, schema: nil) == (name != "=#="), "\(name)")
            }
            #expect(!snapshot.knowsOperator(named: "===", schema: "pg_catalog"))
            #expect(snapshot.types(named: "_by_domain", schema: "public").map(\.reach) == [.egress])
            #expect(snapshot.ambient.isEmpty)
            #expect(snapshot.schemaChanges.isEmpty)
            #expect(snapshot.function("nightly")?.isProcedure == true)
            #expect(snapshot.function("definer")?.isSecurityDefiner == true)
            #expect(snapshot.function("on_write")?.takesOne == false)
            #expect(snapshot.functions(named: "ping", schema: "app").map(\.takesOne) == [true])
            #expect(snapshot.function("hstore_to_json")?.extension == "hstore")
            #expect(
                snapshot.relation("far_summary")?.reason
                    == "reaches the foreign table public.far_secret through the view public.far_notes")
            #expect(
                snapshot.relation("by_default")?.reason
                    == "when written, reaches the function public.dblink_connect, which connects to other servers "
                    + "(a function of dblink), through the function app.ping")
        }

        @Test(
            "F-GRD-05: every kind of object that leads out is found, on a primary and on its standby (F-GRD-04)"
        )
        func objects() throws {
            let primary = try PostgresServer()
            try PostgresServer.program("pg_ctl", ["-D", primary.data, "-m", "fast", "-w", "stop"])
            let standby = try PostgresServer(standbyOf: primary)
            try primary.start()
            let watch = Watch(
                [target(primary, "p"), target(standby, "s")], catalog: CatalogFixture.knowledge)
            #expect(eventually { watch.catalog("s").snapshot != nil && watch.catalog("p").snapshot != nil })
            #expect(watch.catalog("s").snapshot?.knowsRelation(named: "far_secret", schema: nil) == false)
            try load(primary)
            for name in ["p", "s"] {
                #expect(
                    eventually(within: .seconds(20)) {
                        watch.catalog(name).snapshot?.knowsRelation(named: "by_cast", schema: "public")
                            == true
                    }, "\(name): \(watch.catalog(name).failure?.description ?? "")")
                try check(watch.catalog(name).snapshot, name)
            }
            #expect(watch.catalog("s").snapshot?.serverVersion == watch.status("s").serverVersion)

            // What anybody's statement calls, and what a change of the schema calls.
            try primary.psql(
                """
                CREATE FUNCTION app.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping('x'); END $$;
                CREATE FUNCTION app.to_int(boolean) RETURNS date LANGUAGE plpgsql AS $$ BEGIN PERFORM app.ping('x'); END $$;
                CREATE CAST (boolean AS date) WITH FUNCTION app.to_int AS IMPLICIT;
                CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION app.on_ddl();
                """)
            #expect(eventually { watch.catalog("s").snapshot?.schemaChanges.map(\.reach) == [.egress] })
            #expect(watch.catalog("s").snapshot?.ambient.map(\.reach) == [.egress])
        }

        /// Each changes what a statement may lead to; made in this order.
        private static let moves = [
            "CREATE VIEW v AS SELECT 1 AS a", "CREATE OR REPLACE VIEW v AS SELECT 2 AS a",
            "ALTER VIEW v RENAME TO w", "DROP VIEW w",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
            "ALTER FUNCTION f() SECURITY DEFINER", "ALTER FUNCTION f() SET work_mem = '1MB'",
            "DROP FUNCTION f()",
            "CREATE EXTENSION postgres_fdw", "CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw",
            "ALTER SERVER s OPTIONS (ADD host 'x')", "CREATE FOREIGN TABLE ft (id int) SERVER s",
            "ALTER FOREIGN TABLE ft OPTIONS (ADD table_name 'x')", "DROP FOREIGN TABLE ft", "DROP SERVER s",
            "DROP EXTENSION postgres_fdw", "CREATE TABLE t (id int, note text)",
            "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf()",
            "ALTER TABLE t DISABLE TRIGGER tr", "DROP TRIGGER tr ON t", "CREATE POLICY p ON t USING (true)",
            "ALTER POLICY p ON t USING (id > 1)", "DROP POLICY p ON t", "ALTER TABLE t ADD CHECK (id > 0)",
            "ALTER TABLE t ALTER note SET DEFAULT 'x'", "ALTER TABLE t ALTER note DROP DEFAULT",
            "CREATE INDEX i ON t (lower(note))", "DROP INDEX i", "CREATE TABLE child () INHERITS (t)",
            "ALTER TABLE child NO INHERIT t", "CREATE DOMAIN d AS text",
            "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE <> 'x')", "ALTER TABLE t ALTER note TYPE d",
            "ALTER DOMAIN d DROP CONSTRAINT c", "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING",
            "DROP RULE r ON t", "CREATE SCHEMA x", "ALTER TABLE t SET SCHEMA x", "ALTER SCHEMA x RENAME TO y",
            "CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same)",
            "DROP OPERATOR === (text, text)",
        ]

        @Test(
            "Every change of what is read moves the fingerprint, on a primary and on its standby (F-GRD-08)")
        func changes() throws {
            let primary = try PostgresServer()
            try PostgresServer.program("pg_ctl", ["-D", primary.data, "-m", "fast", "-w", "stop"])
            let standby = try PostgresServer(standbyOf: primary)
            try primary.start()
            let watch = Watch(
                [target(primary, "p"), target(standby, "s")], catalog: CatalogFixture.knowledge)
            #expect(eventually { watch.catalog("s").snapshot != nil && watch.catalog("p").snapshot != nil })
            for move in CatalogTests.moves {
                let before = (watch.catalog("p").number, watch.catalog("s").number)
                try primary.psql(move)
                watch.monitor.refreshCatalog(of: watch.id("p"))
                #expect(
                    eventually(within: .seconds(20)) { watch.catalog("p").number > before.0 }, "p: \(move)")
                #expect(
                    eventually(within: .seconds(20)) { watch.catalog("s").number > before.1 }, "s: \(move)")
            }
        }

        @Test(
            "What changes nothing that is read is not read again: rows, TRUNCATE, ANALYZE, temporary tables")
        func quiet() throws {
            let server = try PostgresServer()
            try server.psql(
                "CREATE TABLE t (id serial PRIMARY KEY, a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t"
            )
            let watch = Watch([target(server)], catalog: CatalogFixture.knowledge)
            #expect(eventually { watch.catalog().snapshot != nil })
            let number = watch.catalog().number
            for statement in [
                "INSERT INTO t (a) SELECT generate_series(1, 1000)", "ANALYZE t", "VACUUM t", "TRUNCATE t",
                "REFRESH MATERIALIZED VIEW m",
                "CREATE TEMP TABLE x (id serial PRIMARY KEY, a text DEFAULT lower('x') CHECK (a <> ''))",
                "SELECT nextval('t_id_seq')", "REINDEX TABLE t",
            ] {
                try server.psql(statement)
                let asked = watch.catalog().confirmedAt ?? 0
                #expect(eventually { (watch.catalog().confirmedAt ?? 0) > asked })
                let again = watch.catalog().confirmedAt ?? 0
                #expect(eventually { (watch.catalog().confirmedAt ?? 0) > again })
                #expect(watch.catalog().number == number, "\(statement)")
            }
        }

        @Test("A catalogue that cannot be read in time holds up no probe, and the snapshot stays a while")
        func slow() throws {
            let server = try PostgresServer()
            let watch = Watch([target(server)], catalog: CatalogFixture.knowledge)
            #expect(eventually { watch.catalog().snapshot != nil && watch.catalog().failure == nil })
            let (program, arguments) = PostgresServer.command(
                "psql",
                [
                    "-X", "-q", "-h", server.folder, "-p", "\(server.port)", "-U", "postgres", "-c",
                    "BEGIN; LOCK TABLE pg_catalog.pg_policy IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)",
                ])
            let locker = try Child(program, arguments)
            defer {
                locker.terminate()
                locker.wait()
            }
            #expect(eventually { watch.catalog().failure == .replica(.server(sqlstate: "55P03")) })
            #expect(watch.catalog().snapshot != nil)
            #expect(watch.transitions() == [.up, .attested])
            let probed = watch.status().probedAt ?? 0
            #expect(eventually(within: .seconds(1)) { (watch.status().probedAt ?? 0) > probed })
            #expect(watch.monitor.stop())
        }

        @Test("A snapshot that nobody can confirm is given up, and holds again when somebody can (F-GRD-05)")
        func expiry() throws {
            let server = try PostgresServer()
            var knowledge = CatalogFixture.knowledge
            knowledge.kept = .milliseconds(500)
            let watch = Watch([target(server)], catalog: knowledge)
            #expect(eventually { watch.catalog().snapshot != nil })
            let number = watch.catalog().number
            server.freeze()
            #expect(eventually(within: .seconds(4)) { watch.catalog().snapshot == nil })
            #expect(watch.monitor.catalog(of: watch.id("a")) == nil)
            server.resume()
            #expect(eventually { watch.catalog().snapshot != nil })
            #expect(watch.catalog().number == number, "nothing changed")
        }

        @Test("Only catalogues that are needed are read; a role without rights can; asking is needing")
        func needed() throws {
            let server = try SharedServer.get()
            let watch = Watch(
                [server.target("plain"), target(server, "judged")], user: "unprivileged",
                catalog: CatalogFixture.knowledge)
            #expect(eventually { watch.catalog("judged").snapshot != nil })
            #expect(watch.monitor.catalogState(of: watch.id("plain")) == nil)
            #expect(watch.monitor.catalog(of: watch.id("plain")) == nil)
            #expect(eventually { watch.catalog("plain").snapshot != nil })
            #expect(watch.monitor.catalogState(of: watch.id("nobody")) == nil)
            #expect(
                Watch([target(server)]).monitor.catalogState(of: watch.id("a")) == nil,
                "no knowledge, no catalogue")
        }

        @Test(
            "A replica that cannot be reached, and a catalogue that is too large, have no snapshot and say why"
        )
        func unread() throws {
            let server = try SharedServer.get()
            var knowledge = CatalogFixture.knowledge
            knowledge.rows = 1_000
            let watch = Watch(
                [
                    target(server, "rows"),
                    {
                        var t = server.target("closed", port: 1); t.needsCatalog = true; return t
                    }(),
                ],
                catalog: knowledge)
            #expect(eventually { watch.catalog("rows").failure == .tooLarge })
            #expect(watch.catalog("rows").snapshot == nil)
            #expect(watch.catalog("rows").age == nil)
            #expect(watch.becomes("closed") { $0.health == .down })
            #expect(watch.catalog("closed").failure == .notReadYet)
            #expect(watch.catalog("closed").snapshot == nil)
            knowledge = CatalogFixture.knowledge
            knowledge.bytes = 100_000
            let other = Watch([target(server)], catalog: knowledge)
            #expect(eventually { other.catalog().failure == .tooLarge })
        }

        @Test("A body of 65,536 bytes is followed, one of 65,537 is not")
        func longBodies() throws {
            let server = try PostgresServer()
            for (name, length) in [("fits", 65_536), ("longer", 65_537)] {
                try server.psql(
                    "DO $x$ BEGIN EXECUTE format('CREATE FUNCTION \(name)() RETURNS int LANGUAGE plpgsql AS %L', "
                        + "rpad('BEGIN RETURN 1; END --', \(length), '-')); END $x$")
            }
            let watch = Watch([target(server)], catalog: CatalogFixture.knowledge)
            #expect(eventually { watch.catalog().snapshot?.function("longer") != nil })
            #expect(watch.catalog().snapshot?.function("fits")?.reach == [])
            #expect(watch.catalog().snapshot?.function("longer")?.reach == .opaque)
        }
    }
}

extension CatalogSnapshot {
    fileprivate func relation(_ name: String) -> CatalogRelation? {
        relations(named: name, schema: nil).first
    }
    fileprivate func function(_ name: String) -> CatalogFunction? {
        functions(named: name, schema: nil).first
    }
}
