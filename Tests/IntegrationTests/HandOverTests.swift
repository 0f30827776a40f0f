import Foundation
import Glibc
import Synchronization
import Testing

/// Restarts on a listening socket that another process keeps open, as systemd does for a service that has a socket.
@Suite(.serialized)
struct HandOverTests {
    private typealias Bytes = AbuseFrames

    private let testbed: Testbed
    init() throws { testbed = try Testbed() }

    /// Executors that log in, commit one row and leave, over and over.
    private final class Executors: Sendable {
        struct Tally {
            var committed: [String] = []
            var troubles: [String] = []
            /// Seconds from the connection to ReadyForQuery.
            var logins: [Double] = []
            var running = 0
        }

        let tally = Mutex(Tally())
        private let isOver = Atomic<Bool>(false)

        init(_ count: Int, _ testbed: Testbed, table: String) throws {
            let token = try testbed.token(.euWriter)
            tally.withLock { $0.running = count }
            for number in 0..<count {
                Foundation.Thread.detachNewThread { [self] in
                    var round = 0
                    while !isOver.load(ordering: .relaxed) {
                        once("\(number)-\(round)", testbed, token, table)
                        round += 1
                    }
                    tally.withLock { $0.running -= 1 }
                }
            }
        }

        private func once(_ row: String, _ testbed: Testbed, _ token: String, _ table: String) {
            var step = "connect"
            do {
                let begun = Date()
                let client = try RawClient(host: testbed.host, port: testbed.port)
                defer { client.close() }
                step = "log in"
                let greeting = try client.login(
                    testbed, parameters: [("user", "writer"), ("database", "orders")], token: token)
                guard greeting.last?.letter == "Z" else {
                    return note("\(row): \(step): \(greeting.last?.field("C") ?? "closed")")
                }
                tally.withLock { $0.logins.append(Date().timeIntervalSince(begun)) }
                for sql in ["begin", "insert into \(table) values ('\(row)')", "commit"] {
                    step = sql
                    try client.send(RawClient.query(sql))
                    let answer = try client.readFrames(until: "Z")
                    guard answer.map(\.letter) == ["C", "Z"] else {
                        let error = answer.first { $0.letter == "E" }
                        return note("\(row): \(sql): \(error?.field("C") ?? "closed")")
                    }
                }
                tally.withLock { $0.committed.append(row) }
                try? client.send(Bytes.frame("X"))
            } catch {
                note("\(row): \(step): \(error)")
            }
        }

        private func note(_ trouble: String) { tally.withLock { $0.troubles.append(trouble) } }

        /// Has them end, and waits for it.
        func end(_ testbed: Testbed) throws -> Tally {
            isOver.store(true, ordering: .relaxed)
            try testbed.eventually("the executors end", within: 30) { tally.withLock { $0.running } == 0 }
            return tally.withLock { $0 }
        }

        var logins: Int { tally.withLock { $0.logins.count } }
    }

    @Test(
        "F-OPS-05: while one process drains and the next waits for its end, no login under load is refused and no transaction is cut; the log is one"
    )
    func underLoad() throws {
        let table = Testbed.unique("handover")
        try testbed.direct(.euA, "create table \(table) (row text); grant all on \(table) to writer")
        defer { _ = try? testbed.direct(.euA, "drop table if exists \(table)") }
        let own = try OwnGateway(testbed, keepsListener: true)
        defer { own.remove() }
        let (held, key) = try session(own.testbed, "held")
        defer { held.close() }
        let idle = try session(own.testbed, "idle").client
        defer { idle.close() }
        #expect(try run("begin", held) == ["C", "Z"])
        let executors = try Executors(6, own.testbed, table: table)
        try own.testbed.eventually("logins before") { executors.logins > 20 }

        // The next one starts first: it finds the log taken.
        let old = try own.follow()
        usleep(300_000)
        #expect(own.process.read("error").contains("waiting for the last gateway to end"))
        old.signal(SIGTERM)
        #expect(try idle.readFrames(until: "!", within: 5).first?.field("C") == "57P01")
        usleep(1_500_000)
        #expect(try run("insert into \(table) values ('held')", held) == ["C", "Z"])
        try held.send(RawClient.query("commit"))
        #expect(try held.readFrames(until: "!").map(\.letter) == ["C", "Z", "E"])
        #expect(old.wait(timeout: 10).status == 0)
        try own.testbed.waitUntilWhole()
        let after = executors.logins
        try own.testbed.eventually("logins after") { executors.logins > after + 20 }

        // A key of the process that has gone: no answer, no harm, and counted.
        let canceller = try RawClient(host: own.testbed.host, port: own.testbed.port)
        try canceller.send(Bytes.cancelRequest(key))
        #expect(try canceller.readToEnd().isEmpty)
        canceller.close()
        #expect(try own.testbed.metric("domicile_cancels_unknown_total") == 1)

        // As `systemctl restart` does it: the next one starts when the last is gone.
        try own.restart(SIGTERM)
        let again = executors.logins
        try own.testbed.eventually("logins after the second") { executors.logins > again + 20 }
        let tally = try executors.end(own.testbed)
        #expect(tally.troubles == [], "of \(tally.logins.count) logins")
        let longest = tally.logins.max() ?? 0
        #expect(longest < 9, "\(longest) s for a login")
        print("hand-over: \(tally.logins.count) logins, the longest \(longest) s")
        let rows = Set(
            try testbed.direct(.euA, "select row from \(table)").split(separator: "\n").map(String.init))
        #expect(rows == Set(tally.committed + ["held"]))
        try expectOneLog(own)
    }

    private func expectOneLog(_ own: OwnGateway) throws {
        own.process.signal(SIGTERM)
        #expect(own.process.wait(timeout: 20).status == 0)
        let log = try own.testbed.log("eu-west-1")
        #expect(log.isGapFree)
        #expect(!log.records.contains { $0.type == "log.recovered" })
        let started = log.records.filter { $0.type == "session.start" }.count
        #expect(log.records.filter { $0.type == "session.end" }.count == started)
        let verified = try Command.run(
            testbed.binary,
            ["audit", "verify", "\(own.testbed.audit)/eu-west-1", "--config", own.testbed.configuration])
        #expect(verified.status == 0, "\(verified)")
    }

    @Test("A socket that the configuration does not have is refused at the start, and the process says which")
    func unknownSocket() throws {
        let own = try OwnGateway(testbed, keepsListener: true)
        defer { own.remove() }
        own.process.signal(SIGTERM)
        #expect(own.process.wait(timeout: 10).status == 0)
        let other = try OwnGateway.freePort()
        let text = try String(contentsOfFile: own.testbed.configuration, encoding: .utf8)
        try text.replacingOccurrences(of: ":\(own.testbed.port)\"", with: ":\(other)\"")
            .write(toFile: own.testbed.configuration, atomically: true, encoding: .utf8)
        _ = try own.follow()
        let run = own.process.wait(timeout: 10)
        #expect(run.status == 78)
        #expect(
            run.error.contains("inherited socket 127.0.0.1:\(own.testbed.port), which is not under `listen`"),
            "\(run.error)")
    }

    private func session(
        _ testbed: Testbed, _ application: String
    ) throws -> (client: RawClient, key: [UInt8]) {
        let client = try RawClient(host: testbed.host, port: testbed.port)
        let frames = try client.login(
            testbed,
            parameters: [("user", "writer"), ("database", "orders"), ("application_name", application)],
            token: self.testbed.token(.euWriter))
        try #require(frames.last?.letter == "Z")
        return (client, try #require(frames.first { $0.letter == "K" }?.body))
    }

    private func run(_ sql: String, _ client: RawClient) throws -> [String] {
        try client.send(RawClient.query(sql))
        return try client.readFrames(until: "Z").map(\.letter)
    }
}
