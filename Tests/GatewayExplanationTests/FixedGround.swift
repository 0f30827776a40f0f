import Gateway
import GatewayCatalog
import GatewayConfiguration
import GatewayExplanation
import GatewayPolicy
import GatewayRouting

/// A configuration, replicas and a catalogue that do not change.
struct FixedGround: ExplanationGround {
    let configuration: Configuration
    var statuses: [ReplicaID: ReplicaStatus] = [
        id("eu-a"): FixedGround.healthy(.primary), id("eu-b"): FixedGround.healthy(.standby),
        id("us-a"): FixedGround.healthy(.standby),
    ]
    var catalog: CatalogSnapshot? = FixedGround.snapshot

    var policy: Policy { Policy(configuration) }
    var source: ExplanationReport.Source {
        ExplanationReport.Source(kind: .probes, gateway: "gw-1", reason: "--from-file")
    }

    /// `edit` changes the text of the configuration.
    init(_ edit: (String) -> String = { $0 }) throws {
        let reading = ConfigurationFile.read(
            Array(edit(FixedGround.text).utf8), file: "/etc/domicile.yaml", environment: [:], hostName: "host"
        )
        guard let configuration = reading.configuration else {
            throw Mistakes(description: reading.findings.map { "\($0)" }.joined(separator: "\n"))
        }
        self.configuration = configuration
    }

    struct Mistakes: Error, CustomStringConvertible { let description: String }

    static func id(_ name: String) -> ReplicaID { ReplicaID(database: "orders", replica: name) }

    func principal(ofToken token: [UInt8]) async throws(ExplanationFailure) -> Principal {
        guard token == Array("good".utf8) else {
            throw .refused(.token(.signature), cause: "token refused: the cause")
        }
        return Principal(
            issuer: "https://id.example.com", subject: "exec-1", planner: "planner-1", task: nil,
            tokenID: nil, claims: ["groups": .array([.string("eu-analysts")])], mapped: [:])
    }

    func replicas(
        of database: Database
    ) async -> (statuses: [ReplicaID: ReplicaStatus], sessions: [ReplicaID: Int]) {
        (statuses, [FixedGround.id("eu-a"): 3])
    }

    func catalog(of replica: ReplicaID) async -> ExplainedCatalog {
        guard let catalog else { return ExplainedCatalog(replica: replica, failure: "not read yet") }
        return ExplainedCatalog(
            replica: replica, published: PublishedCatalog(number: 7, snapshot: catalog), age: .seconds(2))
    }

    static func healthy(_ recovery: RecoveryState) -> ReplicaStatus {
        var machine = HealthMachine(
            expectation: AttestationExpectation(kind: .auto, attest: Attestation()),
            settings: .init(interval: .seconds(2), timeout: .seconds(1), fall: 1, rise: 1))
        let lag =
            recovery == .primary
            ? ReplicationFacts(written: 100)
            : ReplicationFacts(received: 100, replayed: 100, streaming: true, replayAge: .seconds(1))
        _ = machine.probeSucceeded(
            ProbeReport(
                facts: AttestationFacts(
                    recovery: recovery, systemIdentifier: "7001", clusterName: "", spki: nil,
                    backendMatches: true),
                address: ResolvedAddress(bytes: [127, 0, 0, 1], text: "127.0.0.1"), timeline: 1,
                serverVersion: 150_018, readOnly: false, connectionsLeft: 90, roundTrip: .microseconds(412),
                replication: lag), cluster: nil, trail: PrimaryTrail(), startedAt: 0, now: 0, jitter: 0)
        return machine.status
    }

    static func down(_ failure: ProbeFailure) -> ReplicaStatus {
        var machine = HealthMachine(
            expectation: AttestationExpectation(kind: .auto, attest: Attestation()),
            settings: .init(interval: .seconds(2), timeout: .seconds(1), fall: 1, rise: 1))
        _ = machine.probeFailed(failure, startedAt: 0, now: 0, jitter: 0)
        return machine.status
    }

    static let snapshot = CatalogSnapshot(
        serverVersion: 150_018,
        relations: [
            CatalogRelation(schema: "public", name: "customers", kind: .table),
            CatalogRelation(
                schema: "public", name: "far", kind: .foreignTable, read: .egress, readOnly: .egress,
                write: .egress, reasons: [CatalogReason(reach: .egress, text: "is a foreign table")]),
            CatalogRelation(schema: "pg_catalog", name: "pg_stat_activity", kind: .view),
        ], known: KnownNames(operators: ["=", "+"], types: ["int4", "text"]))

    static let text = """
        region: eu-west-1
        gateway: gw-1
        listen:
          - unix: run/.s.PGSQL.6432
        issuers:
          - issuer: https://id.example.com
            audience: [domicile]
            claims: { subject: sub, groups: groups }
        regions:
          eu-west-1: { jurisdiction: EU }
          eu-central-1: { jurisdiction: EU }
          us-east-1: { jurisdiction: US }
        databases:
          orders:
            replicas:
              - { name: eu-a, region: eu-west-1, kind: auto, host: 127.0.0.1, port: 5501 }
              - { name: eu-b, region: eu-central-1, kind: auto, host: 127.0.0.1, port: 5502 }
              - { name: us-a, region: us-east-1, kind: auto, host: 127.0.0.1, port: 5503 }
            upstream:
              sslmode: disable
              roles:
                analyst: { password: x }
                writer: { password: x }
        health: { password: x }
        limits: { statement: 64KiB }
        rules:
          - name: analysts
            who: { groups: [eu-analysts] }
            databases: [orders]
            regions: [EU]
            roles: [analyst]
            forbid: [egress, ddl]
          - name: writers
            who: { groups: [eu-writers] }
            databases: [orders]
            regions: [EU]
            roles: [writer]
            access: read_write
            replicates: allow
            replication: allow

        """
}
