import GatewayConfiguration
import GatewayPolicy
import GatewayRouting

/// Milliseconds of monotonic time, in nanoseconds.
func at(_ milliseconds: Int64) -> Int64 { milliseconds * 1_000_000 }

let home = ResolvedAddress(bytes: [127, 0, 0, 1], text: "127.0.0.1")

func id(_ name: String) -> ReplicaID { ReplicaID(database: "orders", replica: name) }

/// A report of a primary that nothing speaks against, with differences.
func report(
    _ recovery: RecoveryState = .primary, identifier: String = "7001", clusterName: String = "",
    spki: String? = nil,
    backendMatches: Bool = true, timeline: UInt32 = 1, roundTrip: Duration = .microseconds(400),
    address: ResolvedAddress = home, replication: ReplicationFacts = ReplicationFacts()
) -> ProbeReport {
    ProbeReport(
        facts: AttestationFacts(
            recovery: recovery, systemIdentifier: identifier, clusterName: clusterName, spki: spki,
            backendMatches: backendMatches),
        address: address, timeline: timeline, serverVersion: 150_018, readOnly: false, connectionsLeft: 90,
        roundTrip: roundTrip, replication: replication)
}

/// A standby's positions: level with what it received, streaming.
func level(_ lsn: UInt64 = 100) -> ReplicationFacts {
    ReplicationFacts(received: lsn, replayed: lsn, streaming: true, replayAge: .seconds(3600))
}

extension HealthMachine {
    /// Interval 2 s, timeout 1 s.
    init(
        kind: ReplicaKind = .auto, attest: Attestation = Attestation(), fall: Int = 2, rise: Int = 1
    ) {
        self.init(
            expectation: AttestationExpectation(kind: kind, attest: attest),
            settings: Settings(interval: .seconds(2), timeout: .seconds(1), fall: fall, rise: rise))
    }

    mutating func good(
        _ report: ProbeReport, cluster: String? = nil, trail: PrimaryTrail = PrimaryTrail(),
        now: Int64 = at(0)
    ) -> [HealthTransition] {
        probeSucceeded(report, cluster: cluster, trail: trail, startedAt: now, now: now, jitter: 0)
            .transitions
    }

    mutating func bad(_ failure: ProbeFailure = .connectionRefused, now: Int64 = at(0)) -> [HealthTransition]
    {
        probeFailed(failure, startedAt: now, now: now, jitter: 0).transitions
    }
}

/// The status after probes.
func status(kind: ReplicaKind = .auto, _ probes: (inout HealthMachine) -> Void) -> ReplicaStatus {
    var machine = HealthMachine(kind: kind)
    probes(&machine)
    return machine.status
}

/// The status of a replica whose newest probe said so.
func healthy(_ report: ProbeReport, kind: ReplicaKind = .auto) -> ReplicaStatus {
    status(kind: kind) { _ = $0.good(report) }
}
