import Foundation
import Testing

/// `domicile replay`, and the captures of real clients played through the gateway.
@Suite(.serialized)
struct ReplayTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private var captures: String { testbed.root + "/Tests/Fixtures/captures" }

    private func replay(_ arguments: String...) throws -> Command.Run {
        try Command.run(testbed.binary, ["replay"] + arguments)
    }

    @Test("replay prints a capture's trace, as JSON an object a line, and never a password")
    func prints() throws {
        for name in ["psql-login-password", "libpq-pipeline", "psql-lossy", "wrong-http"] {
            let run = try replay("\(captures)/\(name)/capture.pcap")
            #expect(run.status == 0, "\(run.error)")
            #expect(
                try run.output
                    == String(contentsOfFile: "\(captures)/\(name)/expected.trace", encoding: .utf8))
            let json = try replay("--json", "\(captures)/\(name)/capture.pcap")
            #expect(json.status == 0)
            let objects = try json.text.split(separator: "\n").map {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
            let messages = run.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(objects.filter { $0?["type"] != nil }.count == messages.count)
            #expect(!(run.output + json.output).contains("synthetic-password"))
        }
    }

    @Test("replay --records prints a capture's audit records, and says why where they end or are none")
    func records() throws {
        for name in ["libpq-pipeline", "psql-cancel", "psql-lossy", "psql-tls", "wrong-frame"] {
            let run = try replay("--records", "\(captures)/\(name)/capture.pcap")
            #expect(run.status == 0, "\(run.error)")
            #expect(
                try run.output
                    == String(contentsOfFile: "\(captures)/\(name)/expected.records.jsonl", encoding: .utf8))
            let isWhole = !["psql-lossy", "psql-tls", "wrong-frame"].contains(name)
            #expect(run.error.contains("no records from here on") != isWhole, "\(name): \(run.error)")
        }
        let file = "\(captures)/psql-simple/capture.pcap"
        #expect(try replay("--records", "--timestamps", file).status == 64)
        #expect(try replay("--records", "--against", "host=127.0.0.1", file).status == 64)
    }

    @Test("a file that is broken or not there ends with status 1, a wrong DSN with 64")
    func statuses() throws {
        let run = try replay("\(captures)/psql-simple/README.md")
        #expect(run.status == 1)
        #expect(run.error.contains("neither a pcap nor a pcapng file"))
        #expect(try replay("\(captures)/nowhere.pcap").status == 1)
        let file = "\(captures)/psql-simple/capture.pcap"
        for dsn in ["port=x", "sslmode=allow", "colour=red", "host='open", "sslmode=verify-full", "host"] {
            #expect(try replay("--against", dsn, file).status == 64, "\(dsn)")
        }
    }

    /// Their answers cannot be the same at the testbed, whatever stands between.
    static let others: [String: String] = [
        "asyncpg-prepared": "asks whether JIT is on",
        "asyncpg-scram": "asks for the role's name",
        "pg_dumpall-roles": "asks for all roles",
        "pg_recvlogical-stream": "replication, which the rule does not allow",
        "pg_restore-table": "names a role that is not there",
        "pgbench-simple": "two updates of one row: which waits for the other is chance",
        "psql-describe": "asks for a table's OID, and by that OID",
        "psql-login-md5": "asks for the role's name",
        "psql-login-password": "asks for the role's name",
        "psql-login-scram": "asks for the role's name",
        "psql-replication": "replication, which the rule does not allow",
    ]

    @Test(
        "real clients' sessions, played through the gateway, get the answers that PostgreSQL itself gave them"
    )
    func through() throws {
        let direct = try Testbed.variable("DIRECT_DSN_EU_A").replacingOccurrences(
            of: "dbname=orders", with: "dbname=scratch")
        let dsn =
            "host=\(testbed.host) port=\(testbed.port) user=tester dbname=scratch sslmode=verify-full "
            + "sslrootcert=\(testbed.authority)"
        var environment = ProcessInfo.processInfo.environment
        environment["PGPASSWORD"] = try testbed.token(.conformance)
        func clear() throws {
            let drop = "drop table if exists items; drop function if exists greet"
            let run = try Command.run("psql", [direct, "-Xq", "-c", drop])
            guard run.status == 0 else { throw CommandFailure(run) }
        }
        defer { try? clear() }
        var same = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: captures).sorted() {
            let file = "\(captures)/\(name)/capture.pcap"
            guard FileManager.default.fileExists(atPath: file), Self.others[name] == nil else { continue }
            try clear()
            let schema = try Command.run(
                "psql",
                [
                    direct, "-Xq", "-v", "ON_ERROR_STOP=1", "-f",
                    "\(testbed.root)/script/capture-parts/schema.sql",
                    "-c", "alter table items owner to tester",
                ])
            try #require(schema.status == 0, "\(schema.error)")
            let run = try Command.run(
                testbed.binary, ["replay", "--against", dsn, file], environment: environment)
            if run.status == 0 { same += 1 }
            // Some have nothing to play: no login that ended well, or TLS.
            #expect(run.status == 0 || !run.output.contains("differ"), "\(name):\n\(run.output)\(run.error)")
        }
        #expect(same >= 60)
    }
}
