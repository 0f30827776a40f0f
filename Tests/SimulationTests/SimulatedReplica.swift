import GatewayRouting

/// A PostgreSQL server of one region: what it says of itself, and whether it answers.
final class SimulatedReplica {
    let id: ReplicaID
    let region: String
    let port: Int
    let isPrimary: Bool
    /// Somebody put another server in its place: it says so when it is asked (F-POL-01's kind).
    var isAnother = false
    /// It accepts and says nothing.
    var isSilent = false
    /// It refuses connections.
    var isDown = false

    init(_ name: String, region: String, port: Int, isPrimary: Bool) {
        id = ReplicaID(database: "orders", replica: name)
        self.region = region
        self.port = port
        self.isPrimary = isPrimary
    }

    var clusterName: String { isAnother ? "elsewhere" : id.replica }

    var report: ProbeReport? {
        guard !isDown, !isSilent else { return nil }
        return ProbeReport(
            facts: AttestationFacts(
                recovery: isPrimary ? .primary : .standby, systemIdentifier: "7000", clusterName: clusterName,
                spki: nil, backendMatches: true),
            address: ResolvedAddress(bytes: [127, 0, 0, 1], text: "127.0.0.1"), timeline: 1,
            serverVersion: 150_020, readOnly: false, connectionsLeft: 90, roundTrip: .microseconds(port),
            replication: isPrimary
                ? ReplicationFacts(written: 100)
                : ReplicationFacts(received: 100, replayed: 100, streaming: true, replayAge: .seconds(1)))
    }
}
