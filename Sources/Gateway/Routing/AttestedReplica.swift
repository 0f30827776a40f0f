/// A replica that a session may be connected to: in an allowed region, healthy, attested, fresh enough. Only
/// `ReplicaSelection.select` makes one, and there is no other way to an upstream.
package struct AttestedReplica: Sendable, Hashable {
    /// Where to connect, with the networks and TLS settings that hold there.
    package let target: ReplicaTarget
    /// The address that the probe attested. Connect to this one, or to one that `target.admits` (F-POL-01).
    package let address: ResolvedAddress
    package let systemIdentifier: String
    package let timeline: UInt32
    /// What the probe found it to be; for `read_write` always `primary`.
    package let recovery: RecoveryState
    package let serverVersion: Int?

    package var id: ReplicaID { target.id }
    package var region: String { target.region }

    /// What the server must prove again on the session's own connection, before the executor hears AuthenticationOk:
    /// the probe's findings hold for the probe's connection only (F-POL-08).
    package let expectation: AttestationExpectation

    init?(target: ReplicaTarget, status: ReplicaStatus, writes: Bool) {
        guard status.attested, let address = status.address, let systemIdentifier = status.systemIdentifier,
            let timeline = status.timeline, let recovery = status.recovery
        else { return nil }
        self.target = target
        self.address = address
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
        self.recovery = recovery
        self.serverVersion = status.serverVersion
        var expectation = AttestationExpectation(
            kind: writes ? .primary : target.kind, attest: target.attest)
        expectation.systemIdentifier = systemIdentifier
        self.expectation = expectation
    }
}
