import Foundation
import Testing

/// Replicas that break the protocol, at login and in a session: the executor hears a clear error, its transaction is rolled
/// back, and nobody else notices.
@Suite(.serialized)
struct AbuseReplicaTests {
    private let testbed: Testbed
    private let replica: HostileReplica
    private let own: OwnGateway

    init() throws {
        testbed = try Testbed()
        replica = try HostileReplica(testbed)
        own = try replica.gateway(testbed)
    }

    private func finish() {
        own.remove()
        replica.end()
    }

    /// Logs in until the plan was played: after a failed login the replica may be out of use until it is probed.
    private func login(_ plan: HostileReplica.Plan) throws -> (client: RawClient, end: RawClient.Frame?) {
        let deadline = Date().addingTimeInterval(10)
        let before = replica.played()[plan.application] ?? 0
        while true {
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            let end = try client.login(
                own.testbed, parameters: AbuseCase.named + [("application_name", plan.application)],
                token: testbed.token(.conformance)
            ).last
            let isPlayed = replica.played()[plan.application] ?? 0 > before
            if isPlayed || end?.letter == "Z" || Date() > deadline { return (client, end) }
            client.close()
            usleep(20_000)
        }
    }

    @Test(
        "F-WIRE-02, F-WIRE-03: a replica that breaks its login's protocol is passed over, 08001 in words of ours"
    )
    func atLogin() throws {
        defer { finish() }
        let witness = try AbuseWitness(own.testbed)
        for (index, plan) in AbuseCase.replicaAtLogin.enumerated() {
            let (client, end) = try login(plan)
            #expect(end?.field("C") == "08001", "\(plan.application)")
            #expect(
                end?.field("M")?.hasPrefix("no healthy replica of \"scratch\"") == true, "\(plan.application)"
            )
            #expect(try client.readFrame() == nil)
            client.close()
            if index % 16 == 0 { try witness.expectNeighbourAnswers() }
        }
        #expect(Set(AbuseCase.replicaAtLogin.map(\.application)).subtracting(replica.played().keys).isEmpty)
        #expect(try witness.growth() < 8 * 1024)
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test(
        "F-WIRE-27: a replica that breaks a session's protocol ends that session, 08006, and nothing is committed"
    )
    func inSession() throws {
        defer { finish() }
        let table = Testbed.unique("hostile")
        try testbed.direct(.euA, "create table \(table) (a int)", database: "scratch")
        try testbed.direct(.euA, "grant all on \(table) to public", database: "scratch")
        defer { _ = try? testbed.direct(.euA, "drop table \(table)", database: "scratch") }
        let witness = try AbuseWitness(own.testbed)
        for (index, plan) in AbuseCase.replicaInSession.enumerated() {
            let (client, greeting) = try login(plan)
            #expect(greeting?.letter == "Z", "\(plan.application)")
            _ = try client.values("begin; insert into \(table) values (\(index))")
            try client.send(AbuseFrames.query(HostileReplica.mark))
            // A DataRow that has begun leaves no place for an error.
            let isCut = plan.end != .stall && plan.bytes.count >= 5
            #expect(try end(client) == (isCut ? nil : "08006"), "\(plan.application)")
            if index % 16 == 0 { try witness.expectNeighbourAnswers() }
        }
        #expect(replica.played().count == Set(AbuseCase.replicaInSession.map(\.application)).count)
        #expect(try witness.growth() < 8 * 1024)
        try testbed.eventually("no backend of theirs is left", within: 5) {
            try testbed.direct(
                .euA, "select count(*) from pg_stat_activity where application_name like 'hostile:%'") == "0"
        }
        #expect(try testbed.direct(.euA, "select count(*) from \(table)", database: "scratch") == "0")
        try witness.expectUnharmed(ownGateway: true)
    }

    /// The SQLSTATE of the last error before the end; nil where the stream was cut.
    private func end(_ client: RawClient) throws -> String? {
        defer { client.close() }
        var sqlstate: String?
        do {
            while let frame = try client.readFrame() {
                if frame.letter == "E" { sqlstate = frame.field("C") }
            }
        } catch let failure as RawClient.Failure where failure.description.contains("inside a frame") {
            return nil
        }
        return sqlstate
    }

    @Test(
        "a replica that says nothing at login costs its executor startup_timeout at most, and nobody else anything"
    )
    func silentAtLogin() throws {
        defer { finish() }
        let witness = try AbuseWitness(own.testbed)
        for count in [0, 1, 2, 5] {
            let began = Date()
            let (client, end) = try login(HostileReplica.Plan(.login, after: count, [], .stall))
            #expect(end?.letter == "E", "\(count)")
            #expect(Date().timeIntervalSince(began) < 5)
            client.close()
            try witness.expectNeighbourAnswers()
        }
        try witness.expectUnharmed(ownGateway: true)
    }

    @Test("a replica whose login and answers come a byte at a time is as good as any")
    func byteByByte() throws {
        defer { finish() }
        let (client, end) = try login(HostileReplica.Plan(.login, after: 0, [], .drip))
        #expect(end?.letter == "Z")
        #expect(try client.values("select generate_series(1,50)") == (1...50).map(String.init))
        client.close()
    }

    @Test(
        "F-WIRE-08: a row of 768 MB announced by a replica that then says nothing costs the gateway no memory"
    )
    func announcedRow() throws {
        defer { finish() }
        let witness = try AbuseWitness(own.testbed)
        let plan = HostileReplica.Plan(
            .session, after: 0, AbuseFrames.header("D", length: 0x3000_0000) + [1, 2, 3], .stall)
        let clients = try (0..<10).map { _ in
            let (client, _) = try login(plan)
            try client.send(AbuseFrames.query(HostileReplica.mark))
            return client
        }
        try testbed.eventually("all have been answered so") { replica.played()[plan.application] == 10 }
        #expect(try witness.growth() < 10 * 400)
        for client in clients { client.close() }
        try witness.expectUnharmed(ownGateway: true)
    }
}
