import Console
import PGWire
import Testing

/// The extended protocol, as drivers use it.
@Suite struct ExtendedTests {
    @Test("Parse, Bind, Describe, Execute, Sync: types by the tables' columns, text and binary")
    func plain() throws {
        let ground = try ConsoleGround()
        let answer = ground.send([
            try ConsoleGround.parse(
                "SELECT seq, type, count(*) AS n FROM records WHERE seq = $1 AND type = $2 LIMIT $3"),
            try ConsoleGround.describe(.statement),
            try ConsoleGround.bind(
                [Array("3".utf8), Array("parse".utf8), [0, 0, 0, 0, 0, 0, 0, 5]], formats: .each([0, 0, 1])),
            try ConsoleGround.describe(.portal), try ConsoleGround.execute(), ConsoleGround.sync,
        ])
        #expect(answer.messages == "1tT2TDCZ")
        #expect(answer.parameters == [20, 25, 20])
        #expect(answer.types == [20, 25, 20])
        #expect(answer.rows == [["3", "parse", "1"]])
        #expect(answer.tags == ["SELECT 1"])
        #expect(answer.accesses.map(\.parameters) == [[.integer(3), .text("parse"), .integer(5)]])
        let binary = ground.send([
            try ConsoleGround.parse("SELECT 258 AS a, 2.0 AS b, attested FROM replicas ORDER BY replica"),
            try ConsoleGround.bind(results: .all(1)), try ConsoleGround.execute(rows: 1), ConsoleGround.sync,
        ])
        #expect(binary.messages == "12DsZ")
        #expect(binary.rows.first?.map { $0.map { Array($0.utf8).count } } == [8, 8, 1])
    }

    @Test("A portal is read in parts, and ends with the transaction")
    func portals() throws {
        let ground = try ConsoleGround()
        let answer = ground.send([
            try ConsoleGround.parse("SELECT seq FROM records ORDER BY seq LIMIT 5", name: "s"),
            try ConsoleGround.bind(statement: "s", portal: "p"), try ConsoleGround.execute("p", rows: 2),
            try ConsoleGround.execute("p", rows: 2), try ConsoleGround.execute("p", rows: 2),
            try ConsoleGround.execute("p"), ConsoleGround.sync, try ConsoleGround.execute("p"),
            ConsoleGround.sync,
        ])
        #expect(answer.messages == "12DDsDDsDCCZEZ")
        #expect(answer.rows.map { $0[0] } == ["0", "1", "2", "3", "4"])
        #expect(answer.tags == ["SELECT 1", "SELECT 0"])
        #expect(answer.error?.sqlstate == "34000")
        #expect(answer.accesses.map(\.message) == [3])
    }

    @Test("After an error everything is passed over up to the Sync")
    func skipping() throws {
        let ground = try ConsoleGround()
        let answer = ground.send([
            try ConsoleGround.parse("SELECT missing"), try ConsoleGround.bind(), try ConsoleGround.execute(),
            ConsoleGround.sync, try ConsoleGround.parse("SELECT 1"), try ConsoleGround.bind(),
            try ConsoleGround.execute(), ConsoleGround.sync,
        ])
        #expect(answer.messages == "EZ12DCZ")
        #expect(answer.error?.position == "8")
        #expect(answer.statuses == ["I", "I"])
        let unknown = ground.send([
            try ConsoleGround.bind(statement: "no"), ConsoleGround.sync,
            try ConsoleGround.describe(.portal, "no"),
            ConsoleGround.sync, try ConsoleGround.bind([Array("x".utf8)]), ConsoleGround.sync,
        ])
        #expect(unknown.messages == "EZEZEZ")
    }

    @Test("Values that do not fit their types are refused")
    func values() throws {
        let ground = try ConsoleGround()
        func state(_ sql: String, _ value: [UInt8], type: UInt32, format: Int16) throws -> String? {
            ground.send([
                try ConsoleGround.parse(sql, types: [type]),
                try ConsoleGround.bind([value], formats: .all(format)),
                try ConsoleGround.execute(), ConsoleGround.sync,
            ]).error?.sqlstate
        }
        #expect(try state("SELECT $1", Array("x".utf8), type: 20, format: 0) == "22P02")
        #expect(try state("SELECT $1", [1, 2, 3], type: 20, format: 1) == "22P03")
        #expect(try state("SELECT $1", [0xff], type: 25, format: 0) == "22P02")
        #expect(try state("SELECT $1", [1], type: 16, format: 1) == nil)
        #expect(try state("SELECT $1", [1], type: 25, format: 2) == "22023")
        let time = ground.send([
            try ConsoleGround.parse("SELECT $1, $2, $3", types: [1184, 1184, 17]),
            try ConsoleGround.bind(
                [
                    Array("2026-11-27 15:58:05.1+01:00".utf8), [0, 0, 0, 0, 0, 0, 0, 0],
                    Array("\\x00ff".utf8),
                ],
                formats: .each([0, 1, 0])), try ConsoleGround.execute(), ConsoleGround.sync,
        ])
        #expect(time.rows == [["2026-11-27T14:58:05.100000Z", "2000-01-01T00:00:00.000000Z", "\\x00ff"]])
    }

    @Test("Commands, settings, COPY and empty texts go through the extended protocol, too")
    func commands() throws {
        let ground = try ConsoleGround()
        func run(_ sql: String) throws -> ConsoleGround.Answer {
            ground.send([
                try ConsoleGround.parse(sql), try ConsoleGround.bind(), try ConsoleGround.describe(.portal),
                try ConsoleGround.execute(), ConsoleGround.sync,
            ])
        }
        #expect(try run("").messages == "12nIZ")
        #expect(try run("BEGIN").messages == "12nCZ")
        #expect(try run("SHOW server_version").messages == "12TDCZ")
        #expect(try run("COMMIT").statuses == ["I"])
        #expect(try run("KILL 's1'").messages == "12nNCZ")
        #expect(try run("COPY (SELECT 1) TO STDOUT").messages == "12nHdcCZ")
        #expect(try run("SELECT 1; SELECT 2").error?.sqlstate == "42601")
    }

    @Test("A row of another type than its column is an error, and what cannot be read ends the session")
    func mismatches() throws {
        let ground = try ConsoleGround()
        let mixed = ground.query("SELECT column1 FROM (VALUES (1), ('x'))")
        #expect(mixed.error?.sqlstate == "42804")
        #expect(ground.query("SELECT CAST(column1 AS TEXT) FROM (VALUES (1), ('x'))").rows == [["1"], ["x"]])
        #expect(
            ground.send([ConsoleFrame(tag: .bind, body: [1])]).end == .violation("Message 'B' is malformed."))
        #expect(try ConsoleGround().send([ConsoleFrame(tag: .terminate, body: [])]).end == .terminated)
    }

    @Test("A cancelled statement ends with 57014, and the next one runs")
    func cancels() throws {
        let ground = try ConsoleGround(records: 400)
        let first = ground.session.turn([
            ConsoleFrame(tag: .query, body: Array("SELECT a.record FROM records a, records b".utf8) + [0])
        ])
        #expect(first.hasMore)
        ground.session.watch.cancel()
        let answer = ground.send([])
        #expect(answer.error?.sqlstate == "57014")
        #expect(answer.statuses == ["I"])
        #expect(ground.query("SELECT 1").rows == [["1"]])
    }
}
