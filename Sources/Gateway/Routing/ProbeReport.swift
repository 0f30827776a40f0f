/// What one successful probe found: login, query and answer within the timeout.
package struct ProbeReport: Sendable, Hashable {
    package var facts: AttestationFacts
    package var address: ResolvedAddress
    package var timeline: UInt32
    package var serverVersion: Int
    package var readOnly: Bool
    package var connectionsLeft: Int?
    /// How long the probe's query took.
    package var roundTrip: Duration
    package var replication: ReplicationFacts

    package init(
        facts: AttestationFacts, address: ResolvedAddress, timeline: UInt32, serverVersion: Int,
        readOnly: Bool, connectionsLeft: Int?, roundTrip: Duration, replication: ReplicationFacts
    ) {
        self.facts = facts
        self.address = address
        self.timeline = timeline
        self.serverVersion = serverVersion
        self.readOnly = readOnly
        self.connectionsLeft = connectionsLeft
        self.roundTrip = roundTrip
        self.replication = replication
    }
}

/// Positions in the write-ahead log that one probe read. LSNs are byte positions.
package struct ReplicationFacts: Sendable, Hashable {
    /// `pg_current_wal_lsn()` of a primary.
    package var written: UInt64?
    /// `pg_last_wal_receive_lsn()` and `pg_last_wal_replay_lsn()` of a standby.
    package var received: UInt64?
    package var replayed: UInt64?
    /// The WAL receiver says `streaming` and heard of its primary recently; nil: the health role may not see it
    /// (it lacks pg_monitor).
    package var streaming: Bool?
    /// Time since the commit that was replayed last, by the server's clock.
    package var replayAge: Duration?

    package init(
        written: UInt64? = nil, received: UInt64? = nil, replayed: UInt64? = nil, streaming: Bool? = nil,
        replayAge: Duration? = nil
    ) {
        self.written = written
        self.received = received
        self.replayed = replayed
        self.streaming = streaming
        self.replayAge = replayAge
    }
}
