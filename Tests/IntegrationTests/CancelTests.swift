import Foundation
import Testing

/// Ctrl-C in psql.
@Suite(.serialized)
struct CancelTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// Runs psql on a terminal of its own: types a statement, Ctrl-C once the file `go` is there, then another
    /// statement; prints what the terminal showed.
    private static let terminal = #"""
        import os, pty, select, sys, time
        go, sleep = sys.argv[1:3]
        child, terminal = pty.fork()
        if child == 0:
            os.execvp("psql", ["psql", "-X", "-P", "pager=off", "-A", "-t"])
        shown = b""
        def wait_for(text):
            global shown
            deadline = time.monotonic() + 30
            while text not in shown:
                if time.monotonic() > deadline:
                    sys.exit("no %r in %r" % (text, shown))
                if select.select([terminal], [], [], 0.1)[0]:
                    shown += os.read(terminal, 65536)
        wait_for(b"orders=>")
        os.write(terminal, sleep.encode() + b";\n")
        while not os.path.exists(go):
            time.sleep(0.02)
        os.write(terminal, b"\x03")
        wait_for(b"canceling statement due to user request")
        os.write(terminal, b"select 6 * 7 as answer;\n")
        wait_for(b"\n42")
        os.write(terminal, b"\\q\n")
        _, status = os.waitpid(child, 0)
        print(shown.decode(errors="replace"))
        sys.exit(os.waitstatus_to_exitcode(status))
        """#

    @Test("Ctrl-C in psql cancels the statement on the server, is recorded, and the session goes on")
    func interrupt() throws {
        let application = Testbed.unique("cancel")
        let go = FileManager.default.temporaryDirectory.appendingPathComponent(application).path
        defer { try? FileManager.default.removeItem(atPath: go) }
        let sql = "select pg_sleep(60), '\(application)'"
        let before = try testbed.metric("domicile_cancels_forwarded_total") ?? -1
        var environment = try testbed.environment(
            user: "analyst", database: "orders", token: testbed.token(.euAnalyst))
        environment["PGAPPNAME"] = application
        environment["TERM"] = "dumb"
        let psql = try Command.start(
            "/usr/bin/python3", ["-c", Self.terminal, go, sql], environment: environment)
        let backend = try testbed.backend(
            at: .euA, running: (sql + ";").replacingOccurrences(of: "'", with: "''"))
        let begun = Date()
        _ = FileManager.default.createFile(atPath: go, contents: nil)
        let run = psql.wait(timeout: 40)
        #expect(run.status == 0, "\(run)")
        #expect(run.output.contains("ERROR:  canceling statement due to user request"), "\(run)")
        #expect(Date().timeIntervalSince(begun) < 20)
        #expect(
            try testbed.direct(
                .euA,
                "select count(*) from pg_stat_activity where pid = \(backend) and query like '%pg_sleep%'")
                == "0")

        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        #expect(sessions.count == 1)
        let queries = log.records(of: sessions, "query")
        #expect(queries.map(\.sql) == [sql + ";", "select 6 * 7 as answer;"])
        let outcomes = log.records(of: sessions, "outcome")
        #expect(outcomes.map(\.of) == queries.map(\.message))
        #expect(outcomes.map(\.sqlstate) == ["57014", nil])
        #expect(outcomes.map(\.tag) == [nil, "SELECT 1"])
        let cancels = log.records.filter {
            $0.type == "cancel" && sessions.contains($0.keys["target"] as? String ?? "")
        }
        #expect(cancels.count == 1)
        #expect(cancels.first?.keys["verdict"] as? String == "forwarded")
        if let cancel = cancels.first, queries.count == 2 {
            #expect(cancel.seq > queries[0].seq && cancel.seq < queries[1].seq)
        }
        #expect(try testbed.metric("domicile_cancels_forwarded_total") == before + 1)
        #expect(log.isGapFree)
    }
}
