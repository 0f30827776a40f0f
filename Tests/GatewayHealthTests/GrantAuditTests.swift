import Foundation
import GatewayConfiguration
import GatewayHealth
import GatewayRouting
import GatewayServers
import Testing

/// `check --connect` against real servers: who is let in, and what handed-out roles may do.
@Suite(.serialized)
struct GrantAuditTests {
    private func examine(
        _ server: PostgresServer, _ roles: [ReplicaExamination.Role], user: String = "probe",
        target: ReplicaTarget? = nil
    ) -> ReplicaExamination {
        let timing = HealthMachine.Settings(
            interval: .seconds(1), timeout: .seconds(2), fall: 2, rise: 1)
        let settings = ProbeSettings(timing: timing, user: user, password: Secret(PostgresServer.password))
        var found = ReplicaExamination(
            target ?? server.target(kind: .primary), settings: settings, roles: roles)
        found.logIn(as: roles, settings: settings)
        return found
    }

    private func role(
        _ name: String, readsOnly: Bool = true, _ credential: ReplicaExamination.Credential = .trust
    ) -> ReplicaExamination.Role {
        ReplicaExamination.Role(name: name, readsOnly: readsOnly, credential: credential)
    }

    @Test(
        "A replica that is what it should be is attested, each role is let in or not with the reason, no secret shown"
    )
    func logins() throws {
        let server = try SharedServer.get()
        let good = ReplicaExamination.Credential.password(Secret(PostgresServer.password))
        let found = examine(
            server,
            [
                role("unprivileged", good), role("probe", .password(Secret("wrong"))), role("trusted"),
                role("md5", good), role("nobody", good), role("a", .unusable("it has no credential")),
            ])
        #expect(found.problem == nil)
        #expect(found.address?.text == "127.0.0.1")
        #expect(found.tls == "TLSv1.3")
        #expect(found.report?.facts.recovery == .primary)
        #expect(found.lacking == [])
        #expect(found.logins.map(\.role) == ["unprivileged", "probe", "trusted", "md5", "nobody", "a"])
        let weak = "the server asks for a weaker login than SCRAM with channel binding"
        #expect(
            found.logins.map(\.problem) == [
                nil, "the login is refused (28P01)", nil, weak, "the login is refused (28P01)",
                "it has no credential",
            ])
        #expect(!found.isGood)
        #expect(!"\(found)".contains(PostgresServer.password))
    }

    @Test("What the health role lacks is said with the GRANT, and what a replica is not, with the difference")
    func lacking() throws {
        let server = try SharedServer.get()
        let poor = examine(server, [], user: "unprivileged")
        #expect(
            poor.lacking == [
                #"pg_signal_backend, to end sessions: GRANT pg_signal_backend TO "unprivileged";"#,
                #"pg_read_all_stats, to see replication: GRANT pg_monitor TO "unprivileged";"#,
            ])
        #expect(!poor.isGood)
        let other = examine(
            server, [], target: server.target(kind: .primary, attest: Attestation(clusterName: "elsewhere")))
        #expect(other.problem == #"cluster_name is "", not "elsewhere""#)
        let standby = examine(server, [], target: server.target(kind: .standby))
        #expect(standby.problem == "configured as standby, found as primary")
        let nowhere = examine(server, [], target: server.target(port: try PostgresServer.freePort()))
        #expect(nowhere.problem == "connection refused")
        #expect(nowhere.logins.isEmpty)
    }

    /// A database in which `reader` may do all that a reader should not.
    private func openDatabase(_ server: PostgresServer) throws {
        try server.psql(
            #"""
            CREATE ROLE "Odd ""role""" NOLOGIN; CREATE ROLE reader LOGIN CREATEDB; CREATE ROLE writer LOGIN;
            CREATE ROLE owner_role NOLOGIN;
            GRANT "Odd ""role""" TO reader; GRANT pg_read_server_files TO "Odd ""role""";
            GRANT pg_write_all_data, pg_signal_backend TO reader;
            CREATE SCHEMA "My ""schema"""; GRANT CREATE ON SCHEMA "My ""schema""" TO "Odd ""role""";
            GRANT CREATE ON DATABASE postgres TO PUBLIC;
            CREATE TABLE "My ""schema"""."T;x" (a int, "b c" int);
            GRANT SELECT, INSERT, DELETE ON "My ""schema"""."T;x" TO "Odd ""role""", writer;
            CREATE TABLE public.cols (a int, "b c" int); GRANT UPDATE ("b c"), INSERT (a) ON public.cols TO PUBLIC;
            CREATE TABLE public.mine (a int); ALTER TABLE public.mine OWNER TO reader;
            CREATE TABLE public.plain (a int); GRANT SELECT ON public.plain TO reader;
            CREATE EXTENSION postgres_fdw; CREATE SERVER "far;away" FOREIGN DATA WRAPPER postgres_fdw;
            GRANT USAGE ON FOREIGN SERVER "far;away" TO reader;
            GRANT USAGE ON FOREIGN DATA WRAPPER postgres_fdw TO reader;
            CREATE FOREIGN TABLE public.far (a int) SERVER "far;away"; GRANT SELECT ON public.far TO reader;
            CREATE FUNCTION public."De finer"(x int, text) RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
            CREATE PROCEDURE public.proc() LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
            CREATE FUNCTION public.harmless() RETURNS int LANGUAGE sql AS 'SELECT 1';
            GRANT EXECUTE ON FUNCTION pg_read_file(text) TO reader;
            """#)
    }

    @Test(
        "Each thing that a reader may do and should not is found, and its statement, run as it stands, ends it"
    )
    func closes() throws {
        let server = try PostgresServer()
        try openDatabase(server)
        let found = examine(server, [role("reader"), role("writer", readsOnly: false), role("absent")])
        #expect(found.problem == nil)
        let statements = Set(found.grants.compactMap(\.statement))
        for expected in [
            #"ALTER ROLE "reader" NOCREATEDB;"#, #"REVOKE "pg_read_server_files" FROM "Odd ""role""";"#,
            #"REVOKE "pg_write_all_data" FROM "reader";"#, #"REVOKE "pg_signal_backend" FROM "reader";"#,
            #"REVOKE CREATE ON SCHEMA "My ""schema""" FROM "Odd ""role""";"#,
            #"REVOKE CREATE ON DATABASE "postgres" FROM PUBLIC;"#,
            #"REVOKE DELETE, INSERT ON TABLE "My ""schema"""."T;x" FROM "Odd ""role""";"#,
            #"REVOKE INSERT ("a") ON TABLE "public"."cols" FROM PUBLIC;"#,
            #"REVOKE UPDATE ("b c") ON TABLE "public"."cols" FROM PUBLIC;"#,
            #"ALTER TABLE "public"."mine" OWNER TO CURRENT_USER;"#,
            #"REVOKE USAGE ON FOREIGN SERVER "far;away" FROM "reader";"#,
            #"REVOKE USAGE ON FOREIGN DATA WRAPPER "postgres_fdw" FROM "reader";"#,
            #"REVOKE ALL ON TABLE "public"."far" FROM "reader";"#,
            #"REVOKE EXECUTE ON ROUTINE "public"."De finer"(x integer, text) FROM PUBLIC;"#,
            #"REVOKE EXECUTE ON ROUTINE "public"."proc"() FROM PUBLIC;"#,
            #"REVOKE EXECUTE ON ROUTINE "pg_catalog"."pg_read_file"(text) FROM "reader";"#,
        ] { #expect(statements.contains(expected), "\(expected) is not among \(statements.sorted())") }
        #expect(statements.contains { $0.contains("postgres_fdw_handler") })
        #expect(!statements.contains { $0.contains("harmless") || $0.contains("\"plain\"") })
        // What a writer may write is no finding; what PUBLIC may call is one of both.
        #expect(!found.grants.contains { $0.kind == .writes && $0.roles.contains("writer") })
        let definer = try #require(found.grants.first { $0.statement?.contains("De finer") == true })
        #expect(definer.roles == ["reader", "writer"])
        #expect(definer.what == "may call public.De finer which runs as postgres as PUBLIC")

        for statement in found.grants.compactMap(\.statement) { try server.psql(statement) }
        #expect(examine(server, [role("reader"), role("writer", readsOnly: false)]).grants == [])
    }

    @Test("A superuser is one finding: nothing that is revoked from him changes what he may do")
    func superuser() throws {
        let found = examine(try SharedServer.get(), [role("postgres")])
        #expect(found.grants.map(\.statement) == [#"ALTER ROLE "postgres" NOSUPERUSER;"#])
    }

    @Test("Names are always in quotes, and quotes in them doubled")
    func quoting() {
        #expect(SQLIdentifier.quoted("select") == #""select""#)
        #expect(SQLIdentifier.quoted(#"a"b"#, "C d") == #""a""b"."C d""#)
    }
}
