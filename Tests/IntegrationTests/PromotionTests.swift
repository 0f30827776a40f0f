import Foundation
import Glibc
import Testing

/// Servers that become primary or standby while sessions live. Which of them may be written to says the policy, not the
/// server.
@Suite(.serialized)
struct PromotionTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func login(
        _ own: OwnGateway, user: String, database: String, _ token: Testbed.Token, application: String
    ) throws -> (client: RawClient, last: RawClient.Frame?) {
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        let frames = try client.login(
            own.testbed,
            parameters: [("user", user), ("database", database), ("application_name", application)],
            token: testbed.token(token))
        return (client, frames.last)
    }

    /// The replicas of `scratch` are what their recovery state says.
    private static func automatic(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.contains("name: scratch-") else { return String(line) }
            return String(line).replacing(#/kind: (primary|standby)/#, with: "kind: auto")
        }.joined(separator: "\n")
    }

    /// The primary runs, and that standby streams from it again.
    private func restore(_ standby: Testbed.Server) {
        do {
            try testbed.control("replica", "start", Testbed.Server.euA.name)
            try testbed.control("replica", "rebuild", standby.name)
            kill(testbed.processID, SIGHUP)
            try testbed.waitUntilWhole()
        } catch {
            Issue.record("\(standby.name) is not a standby again: \(error)")
        }
    }

    @Test(
        "F-POL-02: the US standby is promoted and the primary dies: EU writers get 08001, by `kind: auto` too, and no byte reaches it"
    )
    func promotedElsewhere() throws {
        let own = try OwnGateway(testbed, edit: Self.automatic)
        defer { own.remove() }
        defer { restore(.usA) }
        let application = Testbed.unique("elsewhere")
        let connections = try testbed.connections(to: .usA) {
            try testbed.control("replica", "promote", Testbed.Server.usA.name)
            try testbed.control("replica", "stop", Testbed.Server.euA.name, "--mode", "immediate")
            try testbed.eventually("the promotion and the death are known") {
                let gone =
                    #"domicile_replica_up{database="scratch",replica="scratch-eu-a",region="eu-west-1"}"#
                let other =
                    #"domicile_replica_attested{database="orders",replica="orders-us-a",region="us-east-1"}"#
                return try own.testbed.metric(gone) == 0 && own.testbed.metric(other) == 0
            }
            for database in ["orders", "scratch", "orders@EU", "scratch@eu-west-1"] {
                let (client, last) = try login(
                    own, user: "writer", database: database, .euWriter, application: application)
                client.close()
                #expect(last?.letter == "E" && last?.field("C") == "08001", "\(database)")
                let detail = last?.field("D") ?? ""
                #expect(detail.contains("us-a: region us-east-1 is not allowed here"), "\(detail)")
            }
            #expect(try testbed.direct(.usA, "SELECT pg_is_in_recovery()") == "f")
        }
        #expect(connections == 0)
        #expect(try own.testbed.regionsThatMention(application) == ["eu-west-1"])
    }

    @Test(
        "F-POL-03: a session on a standby that is promoted ends with 57P01 by what the server says, without a probe"
    )
    func promotedUnderASession() throws {
        let own = try OwnGateway(
            testbed, edit: { $0.replacingOccurrences(of: "interval: 500ms", with: "interval: 60s") })
        defer { own.remove() }
        let application = Testbed.unique("under")
        let (client, last) = try login(
            own, user: "analyst", database: "orders@eu-central-1", .euAnalyst, application: application)
        defer { client.close() }
        #expect(last?.letter == "Z", "\(last?.field("D") ?? "")")
        try client.send(AbuseFrames.query("show in_hot_standby"))
        #expect(
            try client.readFrames(until: "Z").contains {
                $0.letter == "D" && $0.body.suffix(2) == Array("on".utf8)
            })
        defer { restore(.euB) }
        try testbed.control("replica", "promote", Testbed.Server.euB.name)
        try client.send(AbuseFrames.query("select 1"))
        let end = try client.readFrames(until: "!").last
        #expect(end?.letter == "E" && end?.field("C") == "57P01", "\(end?.letter ?? "closed")")
        let (log, sessions) = try own.testbed.endedSessions(application, region: "eu-central-1")
        #expect(log.records(of: sessions, "session.end").map(\.sqlstate) == ["57P01"])
    }

    @Test(
        "F-POL-03: a read_write session ends with 57P01, idle as it is, when its replica's address is a standby's"
    )
    func demoted() throws {
        let exchange = try ExchangedReplica(testbed)
        defer { exchange.remove() }
        // Nothing but the recovery state tells the two servers apart here.
        let own = try exchange.gateway { text in
            Self.automatic(text).replacingOccurrences(of: "interval: 60s", with: "interval: 500ms")
                .replacing(#/, attest: \{ tls_spki: [^}]*\}/#, with: "")
        }
        defer { own.remove() }
        let (client, last) = try login(
            own, user: "writer", database: "scratch", .euWriter, application: Testbed.unique("demoted"))
        defer { client.close() }
        #expect(last?.letter == "Z", "\(last?.field("D") ?? "")")
        let standby = try #require(Int(try Testbed.variable("DIRECT_PORT_EU_B")))
        try exchange.become(.port(standby))
        let end = try client.readFrames(until: "!").last
        #expect(end?.letter == "E" && end?.field("C") == "57P01", "\(end?.letter ?? "closed")")
        let refused = try login(
            own, user: "writer", database: "scratch", .euWriter, application: Testbed.unique("demoted"))
        refused.client.close()
        #expect(refused.last?.field("C") == "08001")
        let detail = refused.last?.field("D") ?? ""
        #expect(detail.contains("scratch-eu-a: read_write needs a primary, this is a standby"), "\(detail)")
    }

    @Test(
        "F-POL-14: a copy of the same cluster in another region is refused by its marker, and its replica's sessions end with 57P01"
    )
    func copyElsewhere() throws {
        let identifier = "SELECT system_identifier FROM pg_control_system()"
        #expect(try testbed.direct(.euA, identifier) == testbed.direct(.usA, identifier))
        let exchange = try ExchangedReplica(testbed)
        defer { exchange.remove() }
        // Without a pin: its certificate is as good as the right one, so that cluster_name alone tells it apart.
        let own = try exchange.gateway { text in
            Self.automatic(text).replacing(#/tls_spki: "[^"]*", /#, with: "")
        }
        defer { own.remove() }
        let live = try login(
            own, user: "tester", database: "scratch", .conformance, application: Testbed.unique("live"))
        defer { live.client.close() }
        #expect(live.last?.letter == "Z", "\(live.last?.field("D") ?? "")")
        let copy = try #require(Int(try Testbed.variable("DIRECT_PORT_US_A")))
        try exchange.become(.port(copy))
        let application = Testbed.unique("copy")
        for reason in [#"cluster_name is "orders-us-a", not "orders-eu-a""#, "quarantined: cluster_name"] {
            let refused = try login(
                own, user: "tester", database: "scratch", .conformance, application: application)
            refused.client.close()
            #expect(refused.last?.letter == "E" && refused.last?.field("C") == "08001")
            let detail = refused.last?.field("D") ?? ""
            #expect(detail.contains("scratch-eu-a: ") && detail.contains(reason), "\(detail)")
        }
        let end = try live.client.readFrames(until: "!").last
        #expect(end?.letter == "E" && end?.field("C") == "57P01", "\(end?.letter ?? "closed")")
        #expect(try own.testbed.regionsThatMention(application) == ["eu-west-1"])
    }
}
