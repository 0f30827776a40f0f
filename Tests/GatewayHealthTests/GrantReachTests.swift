import Foundation
import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import Testing

/// What a role may through others, and a reading that does not come to its end.
@Suite(.serialized)
struct GrantReachTests {
    private func examine(
        _ server: PostgresServer, _ role: String, timeout: Duration = .seconds(2)
    ) -> ReplicaExamination {
        let timing = HealthMachine.Settings(interval: .seconds(1), timeout: timeout, fall: 2, rise: 1)
        let settings = ProbeSettings(
            timing: timing, user: "probe", password: Secret(PostgresServer.password))
        let roles = [ReplicaExamination.Role(name: role, readsOnly: true, credential: .trust)]
        var found = ReplicaExamination(server.target(kind: .primary), settings: settings, roles: roles)
        found.logIn(as: roles, settings: settings)
        return found
    }

    private func lines(_ found: ReplicaExamination) -> [String] {
        found.grants.map { "\($0.kind.rawValue): \($0.what): \($0.statement ?? "none")" }
    }

    @Test(
        "Membership in a superuser or a role with a powerful attribute is found, its REVOKE ends it, and nothing is told of what a superuser may"
    )
    func memberships() throws {
        let server = try PostgresServer()
        try server.psql(
            #"""
            CREATE ROLE boss SUPERUSER; CREATE ROLE "Maker x" CREATEROLE; CREATE ROLE repl REPLICATION;
            CREATE ROLE bypass BYPASSRLS CREATEROLE; CREATE ROLE middle; CREATE ROLE harmless CREATEDB;
            CREATE ROLE subscriber; GRANT pg_read_server_files TO boss;
            CREATE TABLE public.bosses (a int); ALTER TABLE public.bosses OWNER TO boss;
            GRANT boss, "Maker x" TO middle; GRANT middle, repl, bypass, harmless, subscriber TO trusted;
            SET allow_system_table_mods = on;
            UPDATE pg_authid SET rolname = 'pg_create_subscription' WHERE rolname = 'subscriber';
            """#)
        let found = examine(server, "trusted")
        #expect(found.isGood)
        #expect(
            lines(found) == [
                #"attribute: is a member of Maker x, which has CREATEROLE, by middle: REVOKE "Maker x" FROM "middle";"#,
                #"attribute: is a member of boss, a superuser, by middle: REVOKE "boss" FROM "middle";"#,
                #"attribute: is a member of bypass, which has CREATEROLE, BYPASSRLS: REVOKE "bypass" FROM "trusted";"#,
                #"egress: is a member of pg_create_subscription: REVOKE "pg_create_subscription" FROM "trusted";"#,
                #"attribute: is a member of repl, which has REPLICATION: REVOKE "repl" FROM "trusted";"#,
            ])
        for statement in found.grants.compactMap(\.statement) { try server.psql(statement) }
        #expect(examine(server, "trusted").grants == [])
    }

    @Test(
        "What a group owns is ended by leaving the group, by whichever membership leads there; its owner stays"
    )
    func ownership() throws {
        let server = try PostgresServer()
        try server.psql(
            """
            CREATE ROLE owners; CREATE ROLE one; CREATE ROLE two;
            CREATE TABLE public.theirs (a int); ALTER TABLE public.theirs OWNER TO owners;
            CREATE SCHEMA place AUTHORIZATION owners;
            GRANT owners TO one, two; GRANT one, two TO trusted;
            CREATE TABLE public.mine (a int); ALTER TABLE public.mine OWNER TO trusted;
            """)
        let found = examine(server, "trusted")
        #expect(
            lines(found) == [
                #"writes: owns public.mine: ALTER TABLE "public"."mine" OWNER TO CURRENT_USER;"#,
                #"writes: owns public.theirs by owners: REVOKE "owners" FROM "one";"#,
                #"writes: owns public.theirs by owners: REVOKE "owners" FROM "two";"#,
                #"writes: owns schema place by owners: REVOKE "owners" FROM "one";"#,
                #"writes: owns schema place by owners: REVOKE "owners" FROM "two";"#,
            ])
        for statement in Set(found.grants.compactMap(\.statement)) { try server.psql(statement) }
        #expect(examine(server, "trusted").grants == [])
        #expect(
            try server.psql("SELECT tableowner FROM pg_tables WHERE tablename = 'theirs'") == "owners")
    }

    @Test(
        "Foreign data by views, partitions and columns, and what somebody else granted: found, and its statement ends it"
    )
    func foreignData() throws {
        let server = try PostgresServer()
        try server.psql(
            """
            CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
            CREATE FOREIGN TABLE public.far (a int, b int) SERVER far;
            CREATE FOREIGN TABLE public.secret (a int) SERVER far;
            CREATE VIEW public.near AS SELECT a FROM public.far; CREATE VIEW public.nearer AS SELECT * FROM public.near;
            CREATE VIEW public.plain AS SELECT 1 AS a; CREATE MATERIALIZED VIEW public.kept AS SELECT a FROM public.far
                WITH NO DATA;
            CREATE TABLE public.events (a int) PARTITION BY RANGE (a);
            CREATE FOREIGN TABLE public.events_far PARTITION OF public.events FOR VALUES FROM (0) TO (9) SERVER far;
            GRANT SELECT ON public.nearer, public.plain, public.kept, public.events TO trusted;
            GRANT SELECT (a) ON public.near TO PUBLIC; GRANT SELECT (b), UPDATE (b) ON public.far TO trusted;
            CREATE ROLE middle; CREATE ROLE other; CREATE TABLE public.t (a int);
            GRANT INSERT ON public.t TO middle WITH GRANT OPTION; GRANT SELECT ON public.secret TO middle WITH GRANT OPTION;
            SET ROLE middle; GRANT INSERT ON public.t TO trusted WITH GRANT OPTION; GRANT SELECT ON public.secret TO trusted;
            SET ROLE trusted; GRANT INSERT ON public.t TO other;
            """)
        let found = examine(server, "trusted")
        #expect(found.isGood)
        #expect(
            Set(lines(found)) == [
                #"egress: may use foreign table public.secret of server far: SET ROLE "middle"; REVOKE ALL ON TABLE "public"."secret" FROM "trusted"; RESET ROLE;"#,
                #"egress: may SELECT, UPDATE public.far.b, of a foreign table: REVOKE SELECT ("b"), UPDATE ("b") ON TABLE "public"."far" FROM "trusted";"#,
                #"egress: may read public.events, which leads to the foreign table public.events_far: REVOKE SELECT ON TABLE "public"."events" FROM "trusted";"#,
                #"egress: may read public.nearer, which leads to the foreign table public.far: REVOKE SELECT ON TABLE "public"."nearer" FROM "trusted";"#,
                #"egress: may SELECT public.near.a, which leads to the foreign table public.far as PUBLIC: REVOKE SELECT ("a") ON TABLE "public"."near" FROM PUBLIC;"#,
                #"egress: may call public.postgres_fdw_disconnect of extension postgres_fdw as PUBLIC: REVOKE EXECUTE ON ROUTINE "public"."postgres_fdw_disconnect"(text) FROM PUBLIC;"#,
                #"egress: may call public.postgres_fdw_disconnect_all of extension postgres_fdw as PUBLIC: REVOKE EXECUTE ON ROUTINE "public"."postgres_fdw_disconnect_all"() FROM PUBLIC;"#,
                #"egress: may call public.postgres_fdw_get_connections of extension postgres_fdw as PUBLIC: REVOKE EXECUTE ON ROUTINE "public"."postgres_fdw_get_connections"(OUT server_name text, OUT valid boolean) FROM PUBLIC;"#,
                #"egress: may call public.postgres_fdw_handler of extension postgres_fdw as PUBLIC: REVOKE EXECUTE ON ROUTINE "public"."postgres_fdw_handler"() FROM PUBLIC;"#,
                #"egress: may call public.postgres_fdw_validator of extension postgres_fdw as PUBLIC: REVOKE EXECUTE ON ROUTINE "public"."postgres_fdw_validator"(text[], oid) FROM PUBLIC;"#,
                #"writes: may UPDATE public.far.b: REVOKE UPDATE ("b") ON TABLE "public"."far" FROM "trusted";"#,
                #"writes: may INSERT public.t: SET ROLE "middle"; REVOKE INSERT ON TABLE "public"."t" FROM "trusted" CASCADE; RESET ROLE;"#,
            ])
        for statement in found.grants.compactMap(\.statement) { try server.psql(statement) }
        #expect(examine(server, "trusted").grants == [])
    }

    @Test("An argument's name that would end the statement is found, on a real server, without a statement")
    func argumentName() throws {
        let server = try PostgresServer()
        try server.psql(
            #"""
            CREATE FUNCTION public.f("x) FROM PUBLIC; DROP TABLE t; --" int) RETURNS int
            LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'
            """#)
        #expect(
            lines(examine(server, "trusted")) == [
                "code: may call public.f which runs as postgres as PUBLIC: none"
            ])
    }

    @Test("Grants that are not all read in time are a problem of their own: attested, what was found is kept")
    func timeout() throws {
        let server = try PostgresServer(settings: ["max_prepared_transactions = 1"])
        try server.psql("GRANT pg_signal_backend TO trusted")
        // Held without a session; the reading waits for it as long as lock_timeout lets it.
        try server.psql(
            """
            BEGIN; LOCK TABLE pg_catalog.pg_foreign_server IN ACCESS EXCLUSIVE MODE; PREPARE TRANSACTION 'held';
            """)
        let found = examine(server, "trusted", timeout: .milliseconds(400))
        #expect(found.problem == nil)
        #expect(found.unread == ["some of the grants: the server answered 55P03"])
        #expect(found.grants.map(\.what) == ["is a member of pg_signal_backend"])
        #expect(found.logins.map(\.problem) == [nil])
        #expect(!found.isGood)
        try server.psql("ROLLBACK PREPARED 'held'")
        #expect(examine(server, "trusted").unread == [])
    }
}
