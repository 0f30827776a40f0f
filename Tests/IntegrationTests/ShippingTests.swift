import Foundation
import Glibc
import Testing

/// `audit.ship` to databases on the testbed's primary.
@Suite(.serialized)
struct ShippingTests {
    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// A database of the test's own, with the role that a gateway logs in as.
    private struct Destination {
        let testbed: Testbed
        let database = Testbed.unique("ship")
        let role = Testbed.unique("shipper")

        init(_ testbed: Testbed) throws {
            self.testbed = testbed
            try testbed.direct(.euA, "create role \(role) login password 'of \(role)' in role guests")
            try testbed.direct(.euA, "create database \(database)")
        }

        func remove() {
            _ = try? testbed.direct(.euA, "drop database \(database) with (force)")
            _ = try? testbed.direct(.euA, "drop role \(role)")
        }

        func run(_ sql: String) throws -> String { try testbed.direct(.euA, sql, database: database) }

        /// Runs what the documentation says, as a superuser.
        func makeTables() throws {
            let page = try String(contentsOfFile: "\(testbed.root)/docs/audit-log.md", encoding: .utf8)
            let start = try #require(page.range(of: "```sql\nCREATE SCHEMA domicile;"))
            let rest = page[start.lowerBound...].dropFirst("```sql\n".count)
            let end = try #require(rest.range(of: "```"))
            _ = try run(String(rest[..<end.lowerBound]).replacing("domicile_ship", with: role))
        }

        /// An entry of `audit.ship`.
        func entry(_ name: String, region: String, host: String = "127.0.0.1", more: String = "") throws
            -> String
        {
            "    - { name: \(name), region: \(region), host: \(host), "
                + "port: \(try Testbed.variable("DIRECT_PORT_EU_A")), dbname: \(database), user: \(role), "
                + "password: \"of \(role)\", sslrootcert: \(try Testbed.variable("DOMICILE_UPSTREAM_CA"))\(more) }\n"
        }
    }

    private func gateway(_ entries: [String], anchors: String = "[]") throws -> OwnGateway {
        let keys = "  key: audit.key\n  anchor: \(anchors)\n  ship:\n" + entries.joined()
        return try OwnGateway(testbed, edit: { $0.replacing("  key: audit.key\n", with: keys) })
    }

    private func origin(_ region: String) -> String { "testbed.example/audit/\(region)" }

    /// The lines of a log, as they stand in its segments.
    private func lines(_ own: OwnGateway, _ region: String) throws -> [String] {
        try own.testbed.log(region).records.map(\.line)
    }

    /// Waits until the destination has as many records as the log, and compares each of them.
    private func expectWhole(_ own: OwnGateway, _ destination: Destination, _ region: String) throws {
        let origin = origin(region)
        try testbed.eventually("the log of \(region) is there", within: 30) {
            let count = try destination.run(
                "select count(*) from domicile.records where origin = '\(origin)'")
            return try Int(count) == self.lines(own, region).count
        }
        let lines = try self.lines(own, region)
        let rows = try destination.run(
            "select record from domicile.records where origin = '\(origin)' order by seq"
        ).split(separator: "\n").map(String.init)
        #expect(rows.count == lines.count)
        #expect(zip(rows, lines).allSatisfy { $0 == $1 }, "a record differs")
        let wrong = try destination.run(
            """
            select count(*) from domicile.records where origin = '\(origin)' and (
                leaf <> sha256('\\x00'::bytea || convert_to(record, 'UTF8'))
                or seq <> (record::json->>'seq')::bigint or time <> (record::json->>'time')::timestamptz
                or type <> record::json->>'type' or session is distinct from record::json->>'session')
            """)
        #expect(wrong == "0")
    }

    private func metric(_ own: OwnGateway, _ name: String, _ destination: String) throws -> Double? {
        try own.testbed.metric(
            "domicile_audit_\(name){region=\"eu-west-1\",destination=\"\(destination)\"}")
    }

    private func check(_ own: OwnGateway) throws -> Command.Run {
        try Command.run(testbed.binary, ["check", "--config", own.testbed.configuration, "--connect"])
    }

    @Test(
        "F-AUD-22: records go to their own region, hashes to another; F-AUD-13: a huge statement goes too; check says what is missing"
    )
    func copied() throws {
        let (home, far) = (try Destination(testbed), try Destination(testbed))
        defer {
            home.remove()
            far.remove()
        }
        // The same server by another name: what the configuration says of it is believed, as its networks allow.
        let own = try gateway(
            [
                home.entry("home", region: "eu-west-1"),
                far.entry("far", region: "us-east-1", host: "localhost"),
            ], anchors: "[{ destination: far }]")
        defer { own.remove() }
        let bare = try check(own)
        #expect(
            bare.status == 1 && bare.output.contains(#"there is no table "domicile"."records""#), "\(bare)")
        #expect(bare.output.contains(#"there is no table "domicile"."hashes""#), "\(bare)")
        #expect(bare.output.contains(#"there is no table "domicile"."checkpoints""#), "\(bare)")
        #expect(try metric(own, "ship_up", "home") == 0)
        try home.makeTables()
        try far.makeTables()
        _ = try far.run("revoke select (origin, seq, leaf) on domicile.hashes from \(far.role)")
        let lacking = try check(own)
        let grant = #"GRANT SELECT (origin, seq, leaf) ON "domicile"."hashes" TO "\#(far.role)";"#
        #expect(lacking.status == 1 && lacking.output.contains(grant), "\(lacking)")
        _ = try far.run(grant)
        let good = try check(own)
        #expect(good.status == 0 && good.output.contains("2 destinations, 0 with failures"), "\(good)")

        let application = Testbed.unique("shipped")
        let huge = "select length('\(String(repeating: "kestrel\\", count: 300_000))')"
        try huge.write(toFile: "\(own.folder)/huge.sql", atomically: true, encoding: .utf8)
        var environment = try own.testbed.environment(
            user: "analyst", database: "orders", token: testbed.token(.euAnalyst))
        environment["PGAPPNAME"] = application
        let run = try Command.run(
            "psql", ["-X", "-A", "-t", "-f", "\(own.folder)/huge.sql"], environment: environment)
        #expect(run.text == "2400000", "\(run)")
        _ = try own.testbed.psqlCommands(
            ["select 'osprey'"], token: testbed.token(.usAnalyst), application: application)
        _ = try own.testbed.endedSessions(application, region: "eu-west-1")
        _ = try own.testbed.endedSessions(application, region: "us-east-1")
        try expectWhole(own, home, "eu-west-1")
        try expectWhole(own, far, "us-east-1")
        try expectHashes(home, far)
        let subject = try #require(try Testbed.claims(testbed.token(.euAnalyst))["sub"] as? String)
        for text in ["kestrel", subject] {
            #expect(try home.run("select count(*) > 0 from domicile.records where record ~ '\(text)'") == "t")
            for table in ["records", "hashes"] {
                #expect(
                    try far.run("select count(*) from domicile.\(table) t where t::text ~ '\(text)'") == "0")
            }
        }
        #expect(try metric(own, "ship_up", "home") == 1)
        #expect(try metric(own, "ship_behind_records", "home") == 0)
        #expect(try metric(own, "shipped_records_total", "home") == Double(lines(own, "eu-west-1").count))
        try expectAnchor(own, far)
        try expectStop(own, home, far)
    }

    /// Those of another region's log are the very hashes of its records.
    private func expectHashes(_ home: Destination, _ far: Destination) throws {
        let query =
            "select seq, time, leaf from domicile.%@ where origin = '\(origin("eu-west-1"))' order by seq"
        let hashes = try home.run(query.replacing("%@", with: "records"))
        #expect(!hashes.isEmpty)
        try testbed.eventually("the hashes are there") {
            try far.run(query.replacing("%@", with: "hashes")) == hashes
        }
        #expect(try home.run("select count(*) from domicile.records where origin !~ 'eu-west-1'") == "0")
        #expect(try far.run("select count(*) from domicile.records where origin !~ 'us-east-1'") == "0")
    }

    /// Every checkpoint stands in the table, and shows that nothing was cut.
    private func expectAnchor(_ own: OwnGateway, _ far: Destination) throws {
        let log = "\(own.testbed.audit)/eu-west-1"
        let count = try lines(own, "eu-west-1").count
        try testbed.eventually("the newest checkpoint is there") {
            try far.run(
                "select max(size) from domicile.checkpoints where origin = '\(origin("eu-west-1"))'")
                == "\(count)"
        }
        #expect(
            try own.testbed.metric("domicile_audit_anchor_up{region=\"eu-west-1\",anchor=\"far\"}") == 1)
        // As psql prints it, each note is followed by an empty line.
        let notes = try far.run("select note from domicile.checkpoints order by origin, size") + "\n\n"
        try notes.write(toFile: "\(own.folder)/kept", atomically: true, encoding: .utf8)
        let signed = try String(contentsOfFile: "\(log)/checkpoints.log", encoding: .utf8)
        let checkpoints = { (text: String) in
            text.split(separator: "\n").count { $0 == origin("eu-west-1") }
        }
        #expect(checkpoints(notes) == checkpoints(signed))
        let keys = try Command.run(testbed.binary, ["audit", "key", "--config", own.testbed.configuration])
        let key = try #require(
            keys.output.split(separator: "\n").first { $0.hasPrefix(origin("eu-west-1") + "+") })
        let run = try Command.run(
            testbed.binary,
            ["audit", "verify", log, "--key", String(key), "--against", "\(own.folder)/kept"])
        #expect(run.status == 0, "\(run)")
    }

    /// At the end everything is sent; where another record stands than the log's, nothing any more.
    private func expectStop(_ own: OwnGateway, _ home: Destination, _ far: Destination) throws {
        own.process.signal(SIGTERM)
        #expect(own.process.wait(timeout: 20).status == 0)
        let count = try home.run("select count(*) from domicile.records")
        #expect(try Int(count) == lines(own, "eu-west-1").count)
        _ = try home.run(
            "update domicile.records set leaf = '\\x00' where seq = (select max(seq) from domicile.records)")
        _ = try far.run("update domicile.checkpoints set note = replace(note, E'\\n\\n', E'\\nx\\n\\n')")
        try own.restart(SIGTERM)
        try testbed.eventually("the anchor has another history") {
            try own.testbed.metric("domicile_audit_anchor_up{region=\"eu-west-1\",anchor=\"far\"}") == 0
        }
        #expect(own.process.read("error").contains("records is there: another history"))
        try testbed.eventually("shipping has stopped for a row that is no hash") {
            try own.testbed.metric(
                "domicile_audit_ship_failures_total{region=\"eu-west-1\",destination=\"home\",failure=\"newest\"}"
            )
                ?? 0 > 0
        }
        _ = try home.run(
            "update domicile.records set leaf = sha256('another') where length(leaf) = 1")
        try testbed.eventually("shipping has stopped for another history") {
            try metric(own, "ship_stopped", "home") == 1
        }
        #expect(own.process.read("error").contains("another history is there"))
        #expect(try home.run("select count(*) from domicile.records") == count)
    }

    /// The process at the primary that takes the records.
    private func backend(_ destination: Destination) throws -> Int32? {
        Int32(
            try testbed.direct(
                .euA,
                "select pid from pg_stat_activity where application_name = 'domicile ship' "
                    + "and datname = '\(destination.database)'"))
    }

    private func rate(_ run: Command.Run) throws -> Double {
        #expect(run.status == 0 && run.output.contains("number of failed transactions: 0 "), "\(run)")
        let line = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("tps = ") })
        return try #require(line.split(separator: " ").dropFirst(2).first.flatMap { Double($0) })
    }

    @Test(
        "Each record arrives once, whatever is cut: backends ended, a locked table, kill -9, restarts; F-AUD-03: a destination that stands still slows nobody"
    )
    func once() throws {
        let home = try Destination(testbed)
        defer { home.remove() }
        try home.makeTables()
        let own = try gateway([home.entry("home", region: "eu-west-1", more: ", logs: [eu-west-1]")])
        defer { own.remove() }
        let usual = try rate(own.testbed.pgbench(["-S", "-c", "2", "-T", "1"]))
        try testbed.eventually("records arrive") {
            try metric(own, "shipped_records_total", "home") ?? 0 > 0
        }
        let frozen = try #require(try backend(home))
        kill(frozen, SIGSTOP)
        let slowed = try rate(own.testbed.pgbench(["-S", "-c", "2", "-T", "1"]))
        // What is not signed yet, for a second at most, is not behind.
        try testbed.eventually("it is behind") { try metric(own, "ship_behind_records", "home") ?? 0 > 0 }
        kill(frozen, SIGCONT)
        // A second on a machine that does other things: what would wait for the destination would be at nothing.
        #expect(slowed > usual / 10, "\(slowed) transactions a second instead of \(usual)")

        let load = try Command.start(
            "pgbench", ["-n", "-S", "-c", "2", "-T", "3"],
            environment: own.testbed.environment(
                user: "analyst", database: "orders", token: testbed.token(.euAnalyst)))
        for _ in 0..<3 {
            try testbed.eventually("it is connected") { try backend(home) != nil }
            _ = try home.run(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                    + "where application_name = 'domicile ship' and datname = current_database()")
        }
        _ = try home.run(
            "begin; lock table domicile.records in access exclusive mode; select pg_sleep(1.5); commit")
        #expect(load.wait(timeout: 30).status == 0)
        let cut = try Command.start(
            "pgbench", ["-n", "-S", "-c", "2", "-T", "20"],
            environment: own.testbed.environment(
                user: "analyst", database: "orders", token: testbed.token(.euAnalyst)))
        usleep(1_000_000)
        try own.restart(SIGKILL)
        _ = cut.wait(timeout: 20)
        _ = try rate(own.testbed.pgbench(["-S", "-c", "2", "-T", "1"]))
        try own.restart(SIGTERM)
        try expectWhole(own, home, "eu-west-1")
        #expect(
            try home.run("select count(*) = max(seq) + 1 and min(seq) = 0 from domicile.records") == "t")
        #expect(try own.testbed.log("eu-west-1").isGapFree)
    }
}
