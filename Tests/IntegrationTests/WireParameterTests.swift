import Foundation
import Testing

/// Startup parameters: what reaches the server, what is refused, what leaves its trace in the log.
@Suite(.serialized)
struct WireParameterTests {
    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let acceptedParameters: [[(String, String)]] = [
        [("extra_float_digits", "2")], [("options", "-c extra_float_digits=1")],
        [("options", #"-c application_name=b\ c"#)], [("options", "--application-name=x")],
        [("options", #"-capplication_name=a\\b"#)], [("options", "-c work_mem=1MB -c work_mem=2MB")],
        [("options", "  -c   work_mem=3MB  ")], [("options", "-c\twork_mem=7MB\n")],
        [("work_mem", "1MB"), ("work_mem", "2MB")], [("options", "-c work_mem=1MB"), ("work_mem", "5MB")],
        [("work_mem", "5MB"), ("options", "-c work_mem=1MB")],
        [("options", "-c work_mem=1MB"), ("options", "-c work_mem=6MB")], [("nope.x", "1")],
        [("options", "")],
        [("options", "-S 4096")], [("options", "-e -fs -tpa")], [("options", "--")],
        [("options", #"-c search_path=a\,\ b"#)], [("DateStyle", "German, DMY")], [("TIMEZONE", "UTC")],
        [("client_encoding", "LATIN1")], [("client_encoding", "'UTF8'")], [("search_path", "evil")],
        [("default_transaction_isolation", "serializable")], [("intervalstyle", "iso_8601")],
        [("bytea_output", "escape")], [("standard_conforming_strings", "off")],
        [("options", "-c geqo=off -c jit=on --enable-seqscan=off")], [("options", "-c a.b=1 -c a.c=2")],
        [("application_name", "quote\" newline\n tab\t bell\u{7} \\ é")],
        [("application_name", String(repeating: "x", count: 8_000))],
    ]

    private static let settings =
        "select name || '=' || setting from pg_settings where name not like 'domicile.%'"

    @Test(
        "F-WIRE-10: startup parameters and options mean what they mean at the server",
        arguments: acceptedParameters.indices)
    func accepted(_ index: Int) throws {
        let parameters = WireParameterTests.acceptedParameters[index]
        let direct = try RawClient.direct(parameters: [("application_name", "wire")] + parameters)
        let relayed = try RawClient.through(testbed, parameters: parameters)
        #expect(
            try relayed.values(WireParameterTests.settings) == direct.values(WireParameterTests.settings),
            "\(parameters)")
        direct.close()
        relayed.close()
    }

    /// The error of a login with these parameters.
    private func refusal(
        _ parameters: [(String, String)], user: String = "analyst", database: String = "orders",
        token: Testbed.Token = .euAnalyst
    ) throws -> RawClient.Frame? {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        try client.beginTLS(authority: testbed.authority, host: testbed.host)
        try client.send(AbuseFrames.startup([("user", user), ("database", database)] + parameters))
        let first = try client.readFrame()
        if first?.letter == "E" { return first }
        try client.send(AbuseFrames.password(try testbed.token(token)))
        return try client.readFrames(until: "Z").first { $0.letter == "E" }
    }

    private static let forbiddenParameters: [(String, String)] = [
        ("default_transaction_read_only", "off"), ("DEFAULT_transaction_read_only", "on"), ("role", "writer"),
        ("Role", "none"), ("session_authorization", "writer"), ("transaction_read_only", "off"),
        ("DOMICILE.Subject", "x"), ("domicile.session", "x"), ("domicile.domicile.region", "EU"),
        ("options", "-c default_transaction_read_only=off"),
        ("options", "--Default-Transaction-Read-Only=off"), ("options", "-c role=writer"),
        ("options", #"-crole\=writer"#), ("options", "-c DOMICILE.foo=x"),
        ("options", "-c work_mem=1MB -c domicile.subject=x"), ("replication", "true"),
        ("replication", "TRUE"),
        ("replication", "t"), ("replication", "on"), ("replication", "1"), ("replication", "database"),
    ]

    @Test(
        "F-WIRE-10, F-WIRE-28: parameters that would widen what policy allows are 42501",
        arguments: forbiddenParameters.indices)
    func forbidden(_ index: Int) throws {
        let parameter = WireParameterTests.forbiddenParameters[index]
        #expect(try refusal([parameter])?.field("C") == "42501", "\(parameter)")
    }

    private static let wrongParameters: [(String, String)] = [
        ("options", "-c nope=1"), ("nope", "1"), ("DateStyle", "bogus"), ("client_encoding", "bogus"),
        ("options", "-c work_mem="), ("options", "-c shared_buffers=1"), ("lc_monetary", "xx"),
        ("options", "-c"), ("options", "-c work_mem"), ("options", "-x"), ("replication", "2"),
    ]

    @Test(
        "F-WIRE-10: a parameter that the server refuses is refused with the server's SQLSTATE",
        arguments: wrongParameters.indices)
    func wrong(_ index: Int) throws {
        let parameter = WireParameterTests.wrongParameters[index]
        let server = try RawClient(host: "127.0.0.1", port: Int(Testbed.variable("DIRECT_PORT_EU_A")) ?? 0)
        let direct = try server.loginDirect(user: "tester", database: "scratch", parameters: [parameter])
        server.close()
        let expected = try #require(direct.last { $0.letter == "E" }?.field("C"))
        let refused = try refusal([parameter], user: "tester", database: "scratch", token: .conformance)
        // The value of `replication` is the gateway's own to refuse.
        #expect(refused?.field("C") == (parameter.0 == "replication" ? "08P01" : expected), "\(parameter)")
    }

    @Test("F-WIRE-09: functions planted in the executor's search_path change no attestation")
    func plantedFunctions() throws {
        let schema = Testbed.unique("evil")
        try testbed.direct(
            .euA,
            """
            create schema \(schema); grant all on schema \(schema) to public;
            create function \(schema).pg_is_in_recovery() returns bool language sql as 'select true';
            create function \(schema).pg_backend_pid() returns int language sql as 'select 7';
            create function \(schema).current_setting(text) returns text language sql as $$select 'evil'$$
            """, database: "scratch")
        defer { _ = try? testbed.direct(.euA, "drop schema \(schema) cascade", database: "scratch") }
        for parameter in [
            ("search_path", "\(schema),pg_catalog"), ("options", "-c search_path=\(schema),pg_catalog"),
        ] {
            let client = try RawClient.through(testbed, parameters: [parameter])
            #expect(try client.values("select current_setting('x')") == ["evil"])
            client.close()
        }
    }

    @Test("F-WIRE-36: application names and SQL of any bytes leave records that are JSON and say what came")
    func hostileText() throws {
        let application = Testbed.unique("text") + "\"\n\t\u{1}\\é"
        let client = try RawClient.through(
            testbed, application: application, parameters: [("client_encoding", "LATIN1")])
        let latin: [UInt8] = Array("select '".utf8) + [0xe4, 39]
        try client.send(AbuseFrames.frame("Q", latin + [0]))
        #expect(try client.readFrames(until: "Z").map(\.letter) == ["T", "D", "C", "Z"])
        _ = try client.values("set client_encoding = UTF8")
        let invalid: [UInt8] = Array("select '".utf8) + [0xff, 0xfe, 39]
        try client.send(AbuseFrames.frame("Q", invalid + [0]))
        #expect(try client.readFrames(until: "Z").first?.field("C") == "22021")
        let odd = "select '\u{1}\u{1f}\u{7f}\"\\\n\u{2028}'"
        _ = try client.values(odd)
        client.close()
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let queries = log.records(of: sessions, "query")
        #expect(queries.count == 4)
        #expect(queries[0].keys["sql_base64"] as? String == Data(latin).base64EncodedString())
        #expect(queries[0].keys["client_encoding"] as? String == "LATIN1")
        #expect(queries[2].keys["sql_base64"] as? String == Data(invalid).base64EncodedString())
        #expect(queries[3].sql == odd)
        #expect(log.isGapFree)
    }
}
