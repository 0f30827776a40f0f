import Foundation
import Glibc
import Testing

/// What a record says of a statement during which the gateway was killed.
@Suite(.serialized)
struct KilledGatewayTests {
    private let testbed: Testbed
    init() throws { testbed = try Testbed() }

    /// Seconds for which each sync of the log is held up.
    private static let hold = 10

    @Test(
        "F-AUD-24: killed between a record and its sync: `strict` has forwarded nothing, and verify counts a statement without an outcome; `acknowledged` has recorded what came of it and told nobody",
        arguments: [("strict", "0"), ("acknowledged", "1")])
    func killed(durability: String, executed: String) throws {
        let table = Testbed.unique("killed")
        try testbed.direct(.euA, "create table \(table) (n int); grant all on \(table) to writer")
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        let own = try OwnGateway(
            testbed,
            edit: {
                $0.replacingOccurrences(of: "durability: acknowledged", with: "durability: \(durability)")
            })
        defer { own.remove() }
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { client.close() }
        let answer = try client.login(
            own.testbed, parameters: [("user", "writer"), ("database", "orders")],
            token: testbed.token(.euWriter))
        try #require(answer.last?.letter == "Z")
        try client.send(try RawClient.query("insert into \(table) values (1)"))
        try #require(try client.readFrames(until: "Z").map(\.letter) == ["C", "Z"])

        // From here on the log's syncs take their time.
        let tracer = try Command.start(
            "strace",
            [
                "-f", "-p", String(own.process.processID), "-e", "trace=fdatasync",
                "-e", "inject=fdatasync:delay_enter=\(KilledGatewayTests.hold * 1_000_000)",
            ])
        defer {
            tracer.signal(SIGKILL)
            _ = tracer.wait(timeout: 5)
        }
        try testbed.eventually("strace is attached") { tracer.read("error").contains("attached") }
        let statement = "insert into \(table) values (2)"
        try client.send(try RawClient.query(statement))
        try testbed.eventually("the record is written") {
            try own.testbed.log("eu-west-1").records.contains { $0.sql == statement }
        }
        let seen = "select count(*) from \(table) where n = 2"
        if executed == "1" {
            try testbed.eventually("the statement is executed") { try testbed.direct(.euA, seen) == "1" }
            try testbed.eventually("the outcome is written") {
                try own.testbed.log("eu-west-1").records.count { $0.type == "outcome" } == 2
            }
        }
        own.process.signal(SIGKILL)
        // What it traces is gone when it is.
        tracer.signal(SIGKILL)
        try own.restart(SIGKILL)
        // The executor was told nothing.
        #expect(try client.readToEnd().isEmpty)
        #expect(try testbed.direct(.euA, seen) == executed)
        #expect(try testbed.direct(.euA, "select count(*) from \(table) where n = 1") == "1")

        own.process.signal(SIGTERM)
        _ = own.process.wait(timeout: 20)
        let log = try own.testbed.log("eu-west-1")
        #expect(log.isGapFree)
        let records = log.records.filter { $0.sql?.contains(" into \(table) ") == true }
        #expect(records.compactMap(\.sql) == ["insert into \(table) values (1)", statement])
        let session = Set(records.map(\.session))
        #expect(session.count == 1)
        let answered = log.records(of: session, "outcome").compactMap(\.of)
        #expect(records.map { answered.contains($0.message ?? -1) } == [true, executed == "1"])
        let verified = try Command.run(
            testbed.binary,
            ["audit", "verify", "\(own.testbed.audit)/eu-west-1", "--config", own.testbed.configuration])
        #expect(verified.status == 0, "\(verified)")
        let counted = verified.output.contains("; 1 statements without an outcome")
        #expect(counted == (executed == "0"), "\(verified)")
    }
}
