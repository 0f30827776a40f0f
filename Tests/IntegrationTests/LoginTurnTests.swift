import Foundation
import Testing

/// Logins that are on their way, or wait for their turn, when what they were selected by changes.
@Suite(.serialized)
struct LoginTurnTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    /// A gateway that logs in at a replica once at a time, with patience.
    private func gateway(startupTimeout: String) throws -> OwnGateway {
        try OwnGateway(
            testbed,
            edit: { text in
                text.replacingOccurrences(of: "limits:\n", with: "limits:\n  logins_per_replica: 1\n")
                    .replacingOccurrences(
                        of: "session:\n", with: "session:\n  startup_timeout: \(startupTimeout)\n")
            })
    }

    /// Two executors that gave their tokens and hear nothing: one is being connected, the other waits for its turn.
    private func twoOnTheirWay(_ own: OwnGateway, _ database: String) throws -> [RawClient] {
        let clients = try (0..<2).map { _ in
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            try client.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
            try client.startup([("user", "analyst"), ("database", database)])
            #expect(try client.readFrame()?.letter == "R")
            try client.password(testbed.token(.euAnalyst))
            return client
        }
        try testbed.eventually("both are on their way") {
            let output = try own.domicile("sessions", "--json").output
            let report = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
            let sessions = report?["sessions"] as? [[String: Any]] ?? []
            return sessions.filter { $0["state"] as? String == "connecting" }.count == 2
        }
        return clients
    }

    @Test("A reload has logins that are under way, and those that wait, begin anew by the new configuration")
    func reload() throws {
        let own = try gateway(startupTimeout: "60s")
        defer { own.remove() }
        try testbed.freezing([.euA]) {
            let clients = try twoOnTheirWay(own, "orders")
            defer { for client in clients { client.close() } }
            let began = Date()
            try own.reload {
                $0.replacingOccurrences(
                    of: "{ name: orders-eu-a,", with: "{ name: orders-eu-a, maintenance: true,")
            }
            for client in clients {
                #expect(try client.readFrames(until: "Z", within: 10).last?.letter == "Z")
                try client.send(try RawClient.query("show cluster_name"))
                let row = try client.readFrames(until: "Z").first { $0.letter == "D" }
                #expect(
                    row.map { String(decoding: $0.body, as: UTF8.self) }?.hasSuffix("orders-eu-b") == true)
            }
            // A quarter of startup_timeout is 15 s.
            #expect(Date().timeIntervalSince(began) < 10)
        }
    }

    @Test("Whose turn comes when the replica is down is not sent there")
    func downMeanwhile() throws {
        let own = try gateway(startupTimeout: "20s")
        defer { own.remove() }
        try testbed.freezing([.euA], whole: true) {
            let clients = try twoOnTheirWay(own, "orders@eu-west-1")
            defer { for client in clients { client.close() } }
            // The first has had its quarter, in which probes found the server down; the second hears of that at once.
            let first = try client(clients[0])
            #expect(first.field("D")?.contains("orders-eu-a: no answer in time") == true)
            let second = try client(clients[1])
            #expect(
                second.field("D")?.contains("orders-eu-a: unhealthy: ") == true, "\(second.field("D") ?? "")")
        }
    }

    /// The error that a login ends with.
    private func client(_ client: RawClient) throws -> RawClient.Frame {
        let error = try #require(try client.readFrames(until: "!", within: 9).first)
        #expect(error.field("C") == "08001")
        return error
    }
}
