import GatewayConfiguration
import GatewayPolicy
import GatewayRouting
import Testing

struct ReplicaSelectionTests {
    private static let configuration = """
        region: eu-west-1
        listen: [{ address: "127.0.0.1:6432", tls: { certificate: /dev/null, key: /dev/null } }]
        issuers: [{ issuer: "https://id.example.com", audience: [domicile], claims: { subject: sub, groups: groups } }]
        regions:
          eu-west-1: { jurisdiction: EU, audit: audit/eu-west-1, networks: [127.0.0.0/8] }
          eu-central-1: { jurisdiction: EU, audit: audit/eu-central-1 }
          us-east-1: { jurisdiction: US, audit: audit/us-east-1 }
        databases:
          orders:
            replicas:
              - { name: eu-a, region: eu-west-1, kind: auto, host: 127.0.0.1, port: 5501 }
              - { name: eu-b, region: eu-central-1, kind: auto, host: 127.0.0.1, port: 5502, max_lag: 10s }
              - { name: us-a, region: us-east-1, kind: auto, host: 127.0.0.1, port: 5503 }
            upstream: { sslmode: verify-full, sslrootcert: /dev/null, roles: { r: { password: p } } }
        health: { interval: 2s, timeout: 1s, user: h, password: p }
        rules:
          - { name: eu-read, who: { groups: [readers] }, databases: [orders], regions: [EU], roles: [r], access: read_only }
          - { name: eu-write, who: { groups: [writers] }, databases: [orders], regions: [EU], roles: [r], access: read_write, replicates: allow }
        """

    private func configuration() throws -> Configuration {
        let reading = ConfigurationFile.read(
            Array(ReplicaSelectionTests.configuration.utf8), file: "/tmp/domicile.yaml", environment: [:])
        switch reading {
        case .valid(let configuration, _): return configuration
        case .mistaken(let findings):
            Issue.record("\(findings)")
            throw PolicyRefusal.noRule
        }
    }

    private func selection(
        of group: String, asking regions: [String] = [], _ statuses: [String: ReplicaStatus]
    ) throws -> ReplicaSelection {
        let configuration = try configuration()
        let principal = Principal(
            issuer: "https://id.example.com", subject: "s", planner: nil, task: nil, tokenID: nil,
            claims: ["groups": .array([.string(group)])], mapped: ["groups": ["groups"]])
        let decision = try Policy(configuration).decide(
            AccessRequest(principal: principal, database: "orders", regionsAsked: regions))
        return ReplicaSelection.select(
            decision: decision, configuration: configuration,
            statuses: Dictionary(uniqueKeysWithValues: statuses.map { (id($0.key), $0.value) }))
    }

    private var standby: ReplicaStatus { healthy(report(.standby, replication: level())) }

    @Test("A reader gets the gateway's own region first, never one outside the decision")
    func reader() throws {
        let selection = try selection(
            of: "readers", ["eu-a": healthy(report()), "eu-b": standby, "us-a": standby])
        #expect(selection.candidates.map(\.id.replica) == ["eu-a", "eu-b"])
        #expect(selection.passedOver.map(\.why) == [.regionNotAllowed("us-east-1")])
        let first = try #require(selection.candidates.first)
        #expect(first.address == home)
        #expect(first.systemIdentifier == "7001")
        #expect(first.recovery == .primary)
        #expect(first.target.sslmode == .verifyFull)
        #expect(first.target.networks == [Network(address: [127, 0, 0, 0], prefix: 8)])
        #expect(first.expectation.systemIdentifier == "7001")
        #expect(first.expectation.kind == .auto)
    }

    @Test("A writer gets the primary only, and the connection must prove to be one")
    func writer() throws {
        let selection = try selection(
            of: "writers", ["eu-a": standby, "eu-b": healthy(report()), "us-a": standby])
        #expect(selection.candidates.map(\.id.replica) == ["eu-b"])
        #expect(selection.candidates.first?.expectation.kind == .primary)
        #expect(selection.passedOver.map(\.why) == [.notPrimary, .regionNotAllowed("us-east-1")])
    }

    @Test("A promoted server in another region takes no writes of this one (F-POL-02)")
    func promotedElsewhere() throws {
        let dead = status { machine in
            _ = machine.good(report())
            _ = machine.bad()
            _ = machine.bad()
        }
        let selection = try selection(
            of: "writers", ["eu-a": dead, "eu-b": standby, "us-a": healthy(report(timeline: 2))])
        #expect(selection.candidates.isEmpty)
        #expect(
            selection.detail == "eu-a: unhealthy: connection refused; "
                + "eu-b: read_write needs a primary, this is a standby")
    }

    @Test("What was asked for narrows, even to nothing healthy (08001, not another region)")
    func asked() throws {
        let down = status { machine in
            _ = machine.bad(.connectTimeout)
            _ = machine.bad(.connectTimeout)
        }
        let selection = try selection(
            of: "readers", asking: ["eu-central-1"],
            ["eu-a": healthy(report()), "eu-b": down, "us-a": standby])
        #expect(selection.candidates.isEmpty)
        #expect(selection.detail == "eu-b: unhealthy: nothing took the connection within the timeout")
    }

    @Test("A replica that was never probed is not used")
    func unprobed() throws {
        let selection = try selection(of: "readers", [:])
        #expect(selection.candidates.isEmpty)
        #expect(
            selection.detail == "eu-a: unhealthy: not probed yet; eu-b: unhealthy: not probed yet")
    }

    @Test("A probe's address that a new configuration's networks do not hold is not connected to (F-POL-01)")
    func address() throws {
        let abroad = ResolvedAddress(bytes: [10, 0, 0, 1], text: "10.0.0.1")
        let selection = try selection(
            of: "readers", ["eu-a": healthy(report(address: abroad)), "eu-b": standby])
        #expect(selection.candidates.map(\.id.replica) == ["eu-b"])
        #expect(
            selection.passedOver.first?.why
                == .notAttested(.networks(address: "10.0.0.1", region: "eu-west-1")))
    }
}
