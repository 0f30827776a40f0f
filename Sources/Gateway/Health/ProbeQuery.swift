import GatewayRouting
import GatewayServers

/// What a probe asks, and how its answer is read. One row; every name is qualified and no operator is used
/// (F-WIRE-09). Readable by any role, but the WAL receiver's columns, which need pg_monitor.
enum ProbeQuery {
    static let sql = """
        SELECT pg_catalog.pg_is_in_recovery(),
            s.system_identifier, c.timeline_id, r.min_recovery_end_timeline,
            CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
                ELSE pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()) END,
            CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_lsn() END,
            pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn(),
            EXTRACT(epoch FROM pg_catalog.clock_timestamp()),
            EXTRACT(epoch FROM pg_catalog.pg_last_xact_replay_timestamp()),
            w.pid, w.status, EXTRACT(epoch FROM w.last_msg_receipt_time),
            pg_catalog.current_setting('cluster_name'), pg_catalog.current_setting('server_version_num'),
            pg_catalog.current_setting('default_transaction_read_only'), pg_catalog.pg_backend_pid(),
            pg_catalog.current_setting('max_connections'),
            (SELECT pg_catalog.sum(d.numbackends) FROM pg_catalog.pg_stat_database d)
        FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c,
            pg_catalog.pg_control_recovery() r LEFT JOIN pg_catalog.pg_stat_wal_receiver w ON true
        """

    /// A WAL receiver that heard nothing for longer is not taken for streaming. An idle primary speaks at least every
    /// half `wal_receiver_timeout` (60 s by default).
    static let longestSilence = Duration.seconds(65)

    private static let columns = 19

    /// Reads the row. Throws `unexpectedAnswer` for one that the query cannot have.
    static func report(
        _ rows: [[String?]], backendPID: Int32, spki: String?, address: ResolvedAddress, roundTrip: Duration
    ) throws(ServerFault) -> ProbeReport {
        guard let row = rows.first, rows.count == 1, row.count == columns else {
            throw .failure(.unexpectedAnswer("not one row of \(columns) columns"))
        }
        guard let recovering = row[0], recovering == "t" || recovering == "f",
            let identifier = row[1], identifier.utf8.count <= 20, UInt64(identifier) != nil
        else { throw .failure(.unexpectedAnswer("no recovery state or system_identifier")) }
        guard let version = row[14].flatMap({ Int($0) }), let pid = row[16].flatMap({ Int32($0) }),
            let clusterName = row[13]
        else { throw .failure(.unexpectedAnswer("no version, process id or cluster_name")) }
        let recovery = recovering == "t" ? RecoveryState.standby : .primary
        return ProbeReport(
            facts: AttestationFacts(
                recovery: recovery, systemIdentifier: identifier, clusterName: String(clusterName.prefix(64)),
                spki: spki, backendMatches: pid == backendPID),
            address: address, timeline: try timeline(row), serverVersion: version, readOnly: row[15] == "on",
            connectionsLeft: connectionsLeft(row), roundTrip: roundTrip,
            replication: replication(row))
    }

    /// A primary's is in the name of the WAL file it writes (its control file has the new one only after the first
    /// checkpoint); a standby's control file knows it by checkpoint or by the point up to which it must recover.
    private static func timeline(_ row: [String?]) throws(ServerFault) -> UInt32 {
        if let file = row[4] {
            guard let timeline = UInt32(file.prefix(8), radix: 16) else {
                throw .failure(.unexpectedAnswer("no timeline in the WAL file's name"))
            }
            return timeline
        }
        guard let checkpoint = row[2].flatMap({ UInt32($0) }) else {
            throw .failure(.unexpectedAnswer("no timeline in the control file"))
        }
        return max(checkpoint, row[3].flatMap { UInt32($0) } ?? 0)
    }

    private static func connectionsLeft(_ row: [String?]) -> Int? {
        guard let most = row[17].flatMap({ Int($0) }), let used = row[18].flatMap({ Int($0) }),
            (0...1_000_000).contains(most), (0...1_000_000).contains(used)
        else { return nil }
        return max(0, most - used)
    }

    private static func replication(_ row: [String?]) -> ReplicationFacts {
        let now = row[8].flatMap { Double($0) }
        return ReplicationFacts(
            written: lsn(row[5]), received: lsn(row[6]), replayed: lsn(row[7]),
            streaming: streaming(row, now: now), replayAge: age(row[9], now: now))
    }

    /// No row: no receiver. A row with nothing but its pid: the role may not see more.
    private static func streaming(_ row: [String?], now: Double?) -> Bool? {
        guard row[10] != nil else { return false }
        guard let status = row[11] else { return nil }
        guard status == "streaming", let silence = age(row[12], now: now) else { return false }
        return silence <= longestSilence
    }

    private static func age(_ text: String?, now: Double?) -> Duration? {
        guard let now, let time = text.flatMap({ Double($0) }), time.isFinite, now.isFinite else {
            return nil
        }
        return .nanoseconds(Int64(min(max(0, now - time), 1e9) * 1e9))
    }

    /// `16/B374D848`: two 32-bit halves in hexadecimal.
    static func lsn(_ text: String?) -> UInt64? {
        guard let halves = text?.split(separator: "/"), halves.count == 2,
            let high = UInt32(halves[0], radix: 16), let low = UInt32(halves[1], radix: 16)
        else { return nil }
        return UInt64(high) << 32 | UInt64(low)
    }
}
