import Foundation
import PGWire
import Testing

/// What every rule refuses stays refused where nothing else is forbidden, however a text is written (architecture.md, rule 6).
@Suite(.serialized)
struct EveryRuleTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func session() throws -> RawClient {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        _ = try client.login(
            testbed, parameters: [("user", "tester"), ("database", "scratch")],
            token: try testbed.mint("conformance", forbidding: []))
        return client
    }

    private func ask(_ client: RawClient, _ sql: String) throws -> [RawClient.Frame] {
        try client.send(try RawClient.query(sql))
        return try client.readFrames(until: "Z", within: 60)
    }

    private func sqlstate(_ frames: [RawClient.Frame]) -> String? {
        frames.first { $0.letter == "E" }?.field("C")
    }

    /// More than is read of a text.
    private static let padding = String(repeating: "x", count: 4_300_000)

    @Test(
        "F-GRD-13: a text that is too long to be read does nothing of it either",
        arguments: [
            "SET domicile.subject = 'forged' /* \(padding) */",
            "SELECT pg_catalog.set_config('domicile.subject', 'forged', false), length('\(padding)')",
            "/* \(padding) */ SELECT pg_cancel_backend(1)",
            "ALTER ROLE writer CONNECTION LIMIT 9 -- \(padding)",
            "DO $$ BEGIN PERFORM set_config('domicile.subject', 'forged', false); END $$ /* \(padding) */",
        ])
    func padded(_ sql: String) throws {
        let client = try session()
        defer { client.close() }
        #expect(sqlstate(try ask(client, sql)) == "54001")
        let answer = try ask(
            client, "SELECT current_setting('domicile.subject', true) IS NOT DISTINCT FROM 'forged'")
        #expect(answer.map(\.letter) == ["T", "D", "C", "Z"])
        #expect(answer.first { $0.letter == "D" }?.body.last == UInt8(ascii: "f"))
    }

    @Test("Data of any length may hold the words of what every rule refuses")
    func data() throws {
        let client = try session()
        defer { client.close() }
        let words = "SET domicile.subject TO x; DROP ROLE writer; COMMIT PREPARED; set_config "
        let sql = "SELECT length('\(words)\(Self.padding)')"
        #expect(try ask(client, sql).map(\.letter) == ["T", "D", "C", "Z"])
    }

    @Test(
        "F-GRD-10: in an encoding whose characters may end in an ASCII byte no text forges who asked",
        arguments: [
            ("SJIS", #"SELECT E'"#, [0x95, 0x5c] as [UInt8], "'; SET domicile.subject TO forged --'"),
            ("GBK", #"SELECT E'"#, [0xbf, 0x5c] as [UInt8], "', pg_cancel_backend(1) --'"),
        ])
    func encodings(_ encoding: String, before: String, character: [UInt8], behind: String) throws {
        let client = try session()
        defer { client.close() }
        #expect(sqlstate(try ask(client, "SET client_encoding = '\(encoding)'")) == nil)
        var frame: [UInt8] = []
        try Query.encode(sql: Array(before.utf8) + character + Array(behind.utf8), into: &frame)
        try client.send(frame)
        #expect(sqlstate(try client.readFrames(until: "Z", within: 10)) == "42501")
        // What has none of those words is the executor's own business.
        frame = []
        try Query.encode(sql: Array("SELECT length(E'".utf8) + character + Array("x')".utf8), into: &frame)
        try client.send(frame)
        _ = try client.readFrames(until: "Z", within: 10)
    }

    @Test("A two-phase transaction is nobody's by its name being sent: another's is not ended")
    func preparedTransactions() throws {
        let gid = Testbed.unique("gid")
        let client = try session()
        defer { client.close() }
        for sql in ["BEGIN", "CREATE TEMP TABLE never (a int)", "PREPARE TRANSACTION '\(gid)'", "ROLLBACK"] {
            _ = try ask(client, sql)
        }
        // A temporary table cannot be prepared: the name is not the session's.
        let answer = try ask(client, "ROLLBACK PREPARED '\(gid)'")
        #expect(sqlstate(answer) == "42501")
        // Sent behind it, and before the answer.
        var frames = try RawClient.query("PREPARE TRANSACTION '\(gid)'")
        frames += try RawClient.query("ROLLBACK PREPARED '\(gid)'")
        try client.send(frames)
        _ = try client.readFrames(until: "Z", within: 10)
        #expect(sqlstate(try client.readFrames(until: "Z", within: 10)) == "42501")
        // A Parse prepares nothing.
        frames = []
        try Parse.encode(
            name: Array("p".utf8), sql: Array("PREPARE TRANSACTION '\(gid)'".utf8), into: &frames)
        PGWire.Sync.encode(into: &frames)
        try client.send(frames)
        _ = try client.readFrames(until: "Z", within: 10)
        #expect(sqlstate(try ask(client, "ROLLBACK PREPARED '\(gid)'")) == "42501")
    }

    @Test("Its own two-phase transaction a session ends, once, and sent in one go with its making, too")
    func ownTransactions() throws {
        let gid = Testbed.unique("gid")
        let client = try session()
        defer { client.close() }
        for sql in ["BEGIN", "SELECT 1", "PREPARE TRANSACTION '\(gid)'", "COMMIT PREPARED '\(gid)'"] {
            #expect(sqlstate(try ask(client, sql)) == nil, "\(sql)")
        }
        #expect(sqlstate(try ask(client, "COMMIT PREPARED '\(gid)'")) == "42501")
        let texts = ["BEGIN", "SELECT 1", "PREPARE TRANSACTION '\(gid)'", "ROLLBACK PREPARED '\(gid)'"]
        try client.send(try texts.flatMap { try RawClient.query($0) })
        for sql in texts {
            #expect(sqlstate(try client.readFrames(until: "Z", within: 10)) == nil, "\(sql)")
        }
        let other = try session()
        defer { other.close() }
        for sql in ["BEGIN", "SELECT 1", "PREPARE TRANSACTION '\(gid)'"] { _ = try ask(client, sql) }
        #expect(sqlstate(try ask(other, "COMMIT PREPARED '\(gid)'")) == nil, "the same principal's")
    }
}
