import Foundation
import Testing

/// The end of a token in a session that has begun: by `kill`, by `drain`, and not at all by `lifetime`.
@Suite(.serialized)
struct ExpiryTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private static let ended = "terminating session: the token has expired"
    private static let announced = "the token of this session expires soon"

    /// Sessions of writers, a gateway for them, and a table of theirs.
    private struct Scene {
        let ground: RevocationGround
        let table: String
        let token: String
        /// Unix seconds.
        let expires: Double

        init(_ testbed: Testbed, session: String, lives seconds: Int) throws {
            ground = try RevocationGround(
                testbed,
                edit: {
                    "leeway: 0\n" + $0.replacingOccurrences(of: "session:\n", with: "session:\n" + session)
                })
            table = Testbed.unique("expiry")
            try testbed.direct(.euA, "create table \(table) (n int); alter table \(table) owner to writer")
            token = try ground.token("exec-1", "eu-writer", "exp=+\(seconds)")
            expires = Double(try #require(try Testbed.claims(token)["exp"] as? Int))
        }

        func remove() {
            ground.remove()
            _ = try? ground.testbed.direct(.euA, "drop table if exists \(table)")
        }

        func session(_ application: String) throws -> RawClient {
            try ground.session(token, application: application)
        }

        var age: Double { Date().timeIntervalSince1970 - expires }

        func waitForExpiry() throws {
            try ground.testbed.eventually("the token has expired", within: 30) { age > 0.3 }
        }

        var rows: String {
            get throws { try ground.testbed.direct(.euA, "select array_agg(n order by n) from \(table)") }
        }
    }

    /// A FATAL error is the last thing that a client reads.
    private func expectEnd(_ frames: [RawClient.Frame], _ what: String, message: String = ExpiryTests.ended) {
        #expect(frames.last?.letter == "E", "\(what)")
        #expect(frames.last?.field("C") == "57P01", "\(what)")
        #expect(frames.last?.field("M") == message, "\(what)")
    }

    private func notices(_ frames: [RawClient.Frame]) -> [String?] {
        frames.filter { $0.letter == "N" }.map { $0.field("M") }
    }

    @Test(
        "F-ID-13: kill ends sessions with 57P01 when their token expires, whatever they do; a NOTICE came before, nothing of them stays",
        arguments: [
            [.largeResult, .idle, .transaction, .failedTransaction, .copyIn, .sleep, .preparedSleep],
            [.copyOut],
        ] as [[Activity]])
    func kill(_ activities: [Activity]) throws {
        let scene = try Scene(testbed, session: "  expiry: kill\n  expiry_notice: 2s\n", lives: 8)
        defer { scene.remove() }
        let other = try scene.ground.session(
            try scene.ground.token("exec-2", "eu-writer"), application: "other")
        defer { other.close() }
        let sessions = try activities.map { activity in
            let client = try scene.session(activity.rawValue)
            try activity.begin(client, table: scene.table)
            return (activity, client)
        }
        defer { for (_, client) in sessions { client.close() } }
        #expect(scene.age < -2.5, "the machine is too slow for this test")
        try testbed.eventually("the token has expired", within: 30) { scene.age > 0 }
        for (activity, client) in sessions {
            let rest = try client.readFrames(until: "E", within: 3)
            expectEnd(rest, activity.rawValue)
            #expect(try client.readFrame(within: 3) == nil)
            // Who reads nothing for so long is in the midst of a row, where nothing can be said.
            guard activity != .copyOut, activity != .largeResult else { continue }
            #expect(rest.map(\.letter) == ["N", "E"], "\(activity)")
            #expect(notices(rest) == [ExpiryTests.announced], "\(activity)")
        }
        #expect(scene.age < 3)
        try scene.ground.expectAlive(other)
        for activity in activities {
            let (log, ended) = try scene.ground.gateway.testbed.endedSessions(
                activity.rawValue, region: "eu-west-1")
            let end = try #require(log.records(of: ended, "session.end").first)
            #expect(end.sqlstate == "57P01" && end.keys["reason"] as? String == ExpiryTests.ended)
            #expect(end.keys["backend"] as? String == (activity == .idle ? nil : "gone"), "\(activity)")
        }
        #expect(try scene.rows == "")
        // The same token begins no other session (F-ID-14).
        try scene.ground.expectRefused(scene.token, "28P01")
    }

    @Test(
        "F-ID-13: drain ends an idle session at once; a transaction, a COPY, a large result and a statement come to their end whole, then 57P01"
    )
    func drain() throws {
        let scene = try Scene(testbed, session: "  expiry: drain\n  expiry_notice: 2s\n", lives: 8)
        defer { scene.remove() }
        let activities: [Activity] = [.idle, .transaction, .copyIn, .copyOut, .largeResult, .preparedSleep]
        let rows = 200_000
        let sessions = try activities.map { activity in
            let client = try scene.session(activity.rawValue)
            try activity.begin(client, table: scene.table, rows: rows, seconds: 10)
            return client
        }
        defer { for client in sessions { client.close() } }
        #expect(scene.age < -2.5, "the machine is too slow for this test")
        try scene.waitForExpiry()

        let idle = try sessions[0].readFrames(until: "!", within: 3)
        #expect(idle.map(\.letter) == ["N", "E"])
        expectEnd(idle, "idle")
        #expect(scene.age < 2)

        #expect(try sessions[1].readFrame()?.field("M") == ExpiryTests.announced)
        #expect(
            try scene.ground.run("insert into \(scene.table) values (3)", sessions[1]).map(\.letter) == [
                "C", "Z",
            ])
        try sessions[1].send(AbuseFrames.query("commit"))
        let committed = try sessions[1].readFrames(until: "!", within: 3)
        #expect(committed.map(\.letter) == ["C", "Z", "E"])
        expectEnd(committed, "transaction")

        #expect(try sessions[2].readFrame()?.field("M") == ExpiryTests.announced)
        try sessions[2].send(AbuseFrames.copyData("4\n") + AbuseFrames.frame("c"))
        let copied = try sessions[2].readFrames(until: "!", within: 3)
        #expect(copied.map(\.letter) == ["C", "Z", "E"])
        expectEnd(copied, "copyIn")
        #expect(try scene.rows == "{1,1,2,3,4}")

        for (client, row) in [(sessions[3], "d"), (sessions[4], "D")] {
            let rest = try client.readFrames(until: "!")
            // The first of the thousand that were read is the description.
            #expect(rest.filter { $0.letter == row }.count == rows - 999, "\(row)")
            let letters = rest.map(\.letter).filter { $0 != row && $0 != "N" }
            #expect(letters == (row == "d" ? ["c", "C", "Z", "E"] : ["C", "Z", "E"]))
            #expect(notices(rest) == [ExpiryTests.announced])
            expectEnd(rest, row)
        }
        let slept = try sessions[5].readFrames(until: "!", within: 15)
        #expect(slept.map(\.letter).filter { $0 != "N" } == ["1", "2", "D", "C", "Z", "E"])
        expectEnd(slept, "sleep")
    }

    @Test(
        "F-ID-13: drain waits drain_timeout and no longer: what is not at its end then is rolled back, 57P01")
    func drainTimeout() throws {
        let scene = try Scene(
            testbed, session: "  expiry: drain\n  expiry_notice: 0\n  drain_timeout: 2s\n", lives: 6)
        defer { scene.remove() }
        let activities: [Activity] = [.transaction, .failedTransaction, .copyIn, .sleep]
        let sessions = try activities.map { activity in
            let client = try scene.session(activity.rawValue)
            try activity.begin(client, table: scene.table)
            return (activity, client)
        }
        defer { for (_, client) in sessions { client.close() } }
        try scene.waitForExpiry()
        #expect(try scene.ground.run("select 1", sessions[0].1).map(\.letter) == ["T", "D", "C", "Z"])
        for (activity, client) in sessions {
            let rest = try client.readFrames(until: "!", within: 5)
            #expect(rest.map(\.letter) == ["E"], "\(activity)")
            expectEnd(rest, activity.rawValue)
            #expect(scene.age > 1.9 && scene.age < 4, "\(activity)")
        }
        try testbed.eventually("nothing of them is left", within: 2) {
            try testbed.direct(
                .euA, "select count(*) from pg_locks where relation = '\(scene.table)'::regclass")
                == "0"
        }
        #expect(try scene.rows == "")
    }

    @Test(
        "F-ID-13: lifetime: a session outlives its token without a word, is told before max_lifetime, and ends then; the token begins no other"
    )
    func lifetime() throws {
        let scene = try Scene(
            testbed, session: "  expiry: lifetime\n  expiry_notice: 2s\n  max_lifetime: 8s\n", lives: 4)
        defer { scene.remove() }
        let client = try scene.session("lifetime")
        let begun = Date()
        defer { client.close() }
        try scene.waitForExpiry()
        try scene.ground.expectAlive(client)
        try scene.ground.expectRefused(scene.token, "28P01")
        let rest = try client.readFrames(until: "!", within: 15)
        #expect(rest.map(\.letter) == ["N", "E"])
        #expect(notices(rest) == ["this session reaches its greatest age soon"])
        expectEnd(rest, "lifetime", message: "terminating session: it has reached its greatest age")
        let seconds = Date().timeIntervalSince(begun)
        #expect(seconds > 7.5 && seconds < 10, "\(seconds)")
    }

    @Test("F-ID-13: psql shows the NOTICE between two statements, and the end in the third")
    func psql() throws {
        let scene = try Scene(testbed, session: "  expiry: kill\n  expiry_notice: 3s\n", lives: 6)
        defer { scene.remove() }
        let begun = Date()
        let run = try Command.run(
            "psql",
            [
                "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-c",
                "select pg_sleep(4.5)",
                "-c", "select 42", "-c", "select pg_sleep(60)",
            ],
            environment: scene.ground.gateway.testbed.environment(
                user: "auto", database: "orders", token: scene.token))
        #expect(run.status == 2 || run.status == 1)
        #expect(run.output.contains("42"))
        #expect(run.error.contains("NOTICE:  01000: \(ExpiryTests.announced)"), "\(run.error)")
        #expect(run.error.contains("FATAL:  57P01: \(ExpiryTests.ended)"), "\(run.error)")
        #expect(run.error.contains("Get a fresh token and connect again."), "\(run.error)")
        #expect(Date().timeIntervalSince(begun) < 20)
    }
}
