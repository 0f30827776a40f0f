/// Whether a server is in recovery (`pg_is_in_recovery()`): a standby is, a primary is not.
package enum RecoveryState: String, Sendable, Hashable, CaseIterable { case primary, standby }

/// What `fall` and `rise` made of the probes so far.
package enum ReplicaHealth: String, Sendable, Hashable, CaseIterable { case unknown, up, down }

/// What the newest probes say of one replica. What was learnt stays when later probes fail.
package struct ReplicaStatus: Sendable, Hashable {
    package internal(set) var health: ReplicaHealth = .unknown
    /// Why the newest probe failed; nil after one that did not.
    package internal(set) var failure: ProbeFailure? = .neverProbed
    /// The newest successful probe proved the replica to be the configured one, and nothing spoke against it since.
    package internal(set) var attested = false
    /// What speaks against it now.
    package internal(set) var difference: AttestationFailure?
    /// What took it out of use until an operator clears it or the configuration is loaded again.
    package internal(set) var quarantined: AttestationFailure?
    package internal(set) var recovery: RecoveryState?
    /// At most this old is what a query there sees; zero on a primary; nil: unknown.
    package internal(set) var lag: Duration?
    /// WAL not replayed yet, measured against the primary if seen; nil: unknown.
    package internal(set) var lagBytes: UInt64?
    /// Smoothed time of the probe's query; nil before the first.
    package internal(set) var roundTrip: Duration?
    package internal(set) var systemIdentifier: String?
    package internal(set) var timeline: UInt32?
    /// `server_version_num`.
    package internal(set) var serverVersion: Int?
    /// The server's `default_transaction_read_only`.
    package internal(set) var readOnly: Bool?
    /// Connections that `max_connections` leaves, those reserved included; nil: unknown.
    package internal(set) var connectionsLeft: Int?
    /// Where the newest successful probe was connected to.
    package internal(set) var address: ResolvedAddress?
    /// Monotonic time in nanoseconds of the newest probe's end; nil before the first.
    package internal(set) var probedAt: Int64?
    package internal(set) var failuresInARow = 0

    /// A replica that was never probed.
    package init() {}
}
