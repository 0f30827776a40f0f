import Foundation
import Testing

/// Everybody at once.
@Suite(.serialized)
struct HerdTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    @Test(
        "F-POL-11: 2,000 executors that come back at once all get in, a few at a time, and no server is filled"
    )
    func herd() throws {
        let own = try OwnGateway(
            testbed,
            edit: { text in
                text.replacingOccurrences(of: "limits:\n", with: "limits:\n  logins_per_replica: 4\n")
                    .replacingOccurrences(of: "session:\n", with: "session:\n  startup_timeout: 120s\n")
            })
        defer { own.remove() }
        let token = try testbed.token(.euAnalyst)
        let application = Testbed.unique("herd")
        // All stand before the gateway with their tokens in hand.
        let clients = try (0..<2_000).map { _ in
            let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
            try client.beginTLS(authority: own.testbed.authority, host: own.testbed.host)
            try client.startup([
                ("user", "analyst"), ("database", "orders"), ("application_name", application),
            ])
            #expect(try client.readFrame()?.letter == "R")
            return client
        }
        defer { for client in clients { client.close() } }
        for client in clients { try client.password(token) }
        var refused: [String: Int] = [:]
        for client in clients {
            let last = try client.readFrames(until: "Z", within: 60).last
            if last?.letter != "Z" { refused[last?.field("C") ?? "closed", default: 0] += 1 }
            client.close()
        }
        #expect(refused.isEmpty, "\(refused)")
        #expect(try own.testbed.metric("domicile_sessions_started_total") == 2_000)
    }
}
