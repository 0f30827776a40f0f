import Foundation
import Seeded
import Testing

/// PostgreSQL as the judge: the same bytes, directly and through the gateway, are answered by the same bytes.
@Suite(.serialized)
struct WireComparisonTests {
    private let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test("F-WIRE-19: the gateway's answers are the server's, frame by frame", arguments: WireSequence.all)
    func sequence(_ sequence: WireSequence) throws {
        let direct = try exchange(RawClient.direct(), sequence)
        let relayed = try exchange(RawClient.through(testbed, application: ""), sequence)
        #expect(!direct.isEmpty)
        #expect(relayed == direct, "\(relayed.map(\.letter)) instead of \(direct.map(\.letter))")
    }

    @Test("F-WIRE-11: the login's ParameterStatus are the server's; the cancel key is not")
    func login() throws {
        let server = try RawClient(host: "127.0.0.1", port: Int(Testbed.variable("DIRECT_PORT_EU_A")) ?? 0)
        let direct = try server.loginDirect(user: "tester", database: "scratch")
        let (client, relayed) = try RawClient.greeted(testbed, application: "")
        #expect(relayed.map(\.letter) == direct.map(\.letter))
        for (ours, theirs) in zip(relayed, direct) where ours.letter != "K" { #expect(ours == theirs) }
        let key = try #require(relayed.last { $0.letter == "K" }?.body)
        #expect(key.count == 8)
        // Programs compare it with pg_backend_pid() and with who sent a notification.
        let processID = key[..<4].reduce(0) { $0 << 8 | Int($1) }
        #expect(try client.values("select pg_backend_pid()") == [String(processID)])
        client.close()
        server.close()
    }

    @Test("F-WIRE-24: random sequences are answered alike", arguments: 1...40)
    func random(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let atoms = WireComparisonTests.atoms
        let parts = (0..<Int.random(in: 2...14, using: &random)).map { _ in
            atoms[Int.random(in: 0..<atoms.count, using: &random)]
        }
        let sequence = WireSequence("seed \(seed)", parts.flatMap { $0 })
        // The server itself may answer in two ways where a Sync races with a COPY's error: up to three tries.
        for attempt in 1...3 {
            let direct = try exchange(RawClient.direct(), sequence)
            let relayed = try exchange(RawClient.through(testbed, application: ""), sequence)
            if relayed == direct { return }
            if attempt == 3 { #expect(relayed == direct, "\(parts)") }
        }
    }

    /// Writes the parts, then what ends a COPY and a transaction, and reads to its last answer or the end.
    private func exchange(_ client: RawClient, _ sequence: WireSequence) throws -> [RawClient.Frame] {
        defer { client.close() }
        let end =
            AbuseFrames.repeated(AbuseFrames.copyFail("end") + AbuseFrames.sync, 2)
            + AbuseFrames.query("rollback") + AbuseFrames.query("select 'the mark'")
        for part in sequence.parts { try client.send(part) }
        // The server may have closed by then.
        try? client.send(end)
        var frames: [RawClient.Frame] = []
        while let frame = try client.readFrame() {
            frames.append(WireComparisonTests.comparable(frame))
            if frame.letter == "D", frame.body.suffix(8) == Array("the mark".utf8) {
                return frames + (try client.readFrames(until: "Z"))
            }
        }
        return frames
    }

    /// Without what differs between any two sessions: the sender of a notification, OIDs and schema of temporary tables.
    static func comparable(_ frame: RawClient.Frame) -> RawClient.Frame {
        var body = frame.body
        if frame.letter == "E" || frame.letter == "N" {
            // Field `s` is the schema's name: pg_temp_5.
            let fields = body.split(separator: 0, omittingEmptySubsequences: false).map { field in
                field.starts(with: "spg_temp_".utf8) ? field.prefix(8) : field
            }
            body = Array(fields.joined(separator: [0]))
        }
        if frame.letter == "A" { body.replaceSubrange(0..<4, with: [0, 0, 0, 0]) }
        if frame.letter == "T" {
            var index = 2
            while let end = body[index...].firstIndex(of: 0), end + 19 <= body.count {
                body.replaceSubrange((end + 1)..<(end + 7), with: [0, 0, 0, 0, 0, 0])
                index = end + 19
            }
        }
        return RawClient.Frame(tag: frame.tag, body: body)
    }

    /// Executes name their portal: one of the unnamed that a failed Query left crashes PostgreSQL 15 itself.
    private static let atoms: [[UInt8]] = {
        typealias Bytes = AbuseFrames
        let queries = [
            "select 1", "select 1; select 2", "", "select 1/0", "begin", "commit", "rollback", "selec",
            "begin; select 1/0", "copy (select 1) to stdout", "deallocate all", "discard all", "savepoint a",
            "declare p cursor for select generate_series(1,9)", "prepare s as select 77",
            "select generate_series(1,200)", "create temp table if not exists t (a int); copy t from stdin",
        ].map(Bytes.query)
        let statements = [
            "select 1", "select generate_series(1,5)", "select 1/0", "selec", "", "begin", "commit",
            "rollback",
            "select $1::int", "select 1; select 2", "copy (select 1) to stdout",
        ]
        let parses = statements.map { Bytes.parse($0) } + statements.map { Bytes.parse($0, name: "s") }
        let others = [
            Bytes.bind(portal: "p"), Bytes.bind(portal: "p", statement: "s"),
            Bytes.bind(portal: "q", statement: "s"),
            Bytes.bind(portal: "p", [[49]]), Bytes.bind(portal: "q", [[120]]), Bytes.execute(portal: "p"),
            Bytes.execute(portal: "q"), Bytes.execute(portal: "p", rows: 1),
            Bytes.execute(portal: "q", rows: 2),
            Bytes.describe("S"), Bytes.describe("S", "s"), Bytes.describe("P", "p"), Bytes.close("S", "s"),
            Bytes.close("P", "p"), Bytes.flush, Bytes.copyData("1\n"), Bytes.copyData("x\n"), Bytes.copyDone,
            Bytes.copyFail("no"), Bytes.call(2854), Bytes.call(0), Bytes.frame("Q", [120]), Bytes.frame("B"),
            Bytes.frame("E", [0]), Bytes.frame("P", [97]), Bytes.frame("S", [97]), Bytes.frame("H", [97]),
        ]
        return queries + parses + others + Array(repeating: Bytes.sync, count: 12)
            + Array(
                repeating: Bytes.parse("select 5") + Bytes.bind(portal: "p") + Bytes.execute(portal: "p"),
                count: 4)
    }()
}
