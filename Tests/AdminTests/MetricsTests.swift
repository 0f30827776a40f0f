import Admin
import Testing

@Suite struct MetricsTests {
    private static var snapshot: GatewaySnapshot {
        var snapshot = GatewaySnapshot(region: "eu-west-1")
        snapshot.ready = true
        snapshot.connections = 3
        snapshot.acceptedConnections = 1_000
        snapshot.sessionsStarted = 900
        snapshot.sessionsEnded = 897
        snapshot.sessionsRevoked = 11
        snapshot.revocations = 12
        snapshot.bufferBytes = 131_072
        snapshot.bufferLimit = 67_108_864
        snapshot.bufferShortages = 21
        snapshot.logBudgets = 4
        snapshot.budgetWaits = 17
        snapshot.budgetWaitTime = .milliseconds(2_500)
        snapshot.summedRefusals = 250
        snapshot.refusals = ["42501": 7, "28P01": 93]
        snapshot.statements = 123_456_789_012
        snapshot.bytesIn = 4_096
        snapshot.bytesOut = 8_192
        snapshot.cancelsForwarded = 2
        snapshot.cancelsUnknown = 1
        snapshot.protocolViolations = 4
        snapshot.judgedStatements = 40
        snapshot.refusedStatements = ["egress": 3, "ddl": 2, "too_long": 1]
        snapshot.unparsedTexts = 5
        snapshot.textHits = 30
        snapshot.textMisses = 20
        snapshot.textEvictions = 10
        snapshot.textBytes = 65_536
        snapshot.reloads = 5
        snapshot.reloadFailures = 6
        snapshot.replicas = [
            .init(
                database: "orders", name: "orders-eu-a", region: "eu-west-1", up: true, attested: true,
                quarantined: false, lag: .zero, roundTrip: .microseconds(412), sessions: 3,
                catalog: .init(number: 7, age: .milliseconds(1_500))),
            .init(
                database: "orders", name: "orders-us-a", region: "us-east-1", up: false, attested: false,
                quarantined: true, lag: nil, roundTrip: nil, sessions: 0, catalog: .init(number: 0, age: nil)
            ),
        ]
        snapshot.replicas[0].lagBytes = 16
        snapshot.replicas[0].timeline = 4
        snapshot.replicas[0].readOnly = false
        snapshot.replicas[0].connectionsLeft = 90
        snapshot.replicas[1].probeFailures = ["query_timeout": 1, "login_timeout": 7]
        snapshot.issuers = [
            .init(
                issuer: "https://id.example.com", usable: true, count: 2, ageSeconds: 61, fetches: 9,
                failures: 1),
            .init(
                issuer: "https://other.example", usable: false, count: 0, ageSeconds: nil, fetches: 3,
                failures: 3),
        ]
        snapshot.rememberedTokens = 12
        snapshot.tokenMemoryHits = 880
        snapshot.tokenMemoryMisses = 120
        snapshot.logs = [
            .init(
                region: "eu-west-1", takesRecords: true, records: 10, bytes: 5_000, segments: 1, syncs: 8,
                syncTime: .milliseconds(12_500), lastSync: .microseconds(1_500), failures: 0, refused: 0,
                unsyncedBytes: 128)
        ]
        snapshot.logs[0].signed = 9
        snapshot.logs[0].removed = 4
        snapshot.logs[0].anchors = [
            .init(name: "/mnt/kept", anchored: 8, isWritten: true),
            .init(name: "https://kept.example/eu", anchored: 5, isWritten: false),
        ]
        snapshot.certificates = [
            .init(file: "/etc/domicile/gateway.crt", end: 1_790_000_000),
            .init(file: "/etc/domicile/role-ca.crt", end: 1_800_000_000),
        ]
        return snapshot
    }

    private static let expected = """
        # HELP domicile_build_info Version of this gateway and the region it runs in; always 1.
        # TYPE domicile_build_info gauge
        domicile_build_info{version="0.1.0",region="eu-west-1"} 1
        # HELP domicile_ready 1 while /readyz says ready.
        # TYPE domicile_ready gauge
        domicile_ready 1
        # HELP domicile_draining 1 after the gateway was told to stop.
        # TYPE domicile_draining gauge
        domicile_draining 0
        # HELP domicile_connections Connections of executors now, those that are logging in included.
        # TYPE domicile_connections gauge
        domicile_connections 3
        # HELP domicile_connections_total Connections that were accepted.
        # TYPE domicile_connections_total counter
        domicile_connections_total 1000
        # HELP domicile_sessions_started_total Sessions that were allowed and began.
        # TYPE domicile_sessions_started_total counter
        domicile_sessions_started_total 900
        # HELP domicile_sessions_ended_total Sessions that ended.
        # TYPE domicile_sessions_ended_total counter
        domicile_sessions_ended_total 897
        # HELP domicile_sessions_revoked_total Sessions that a revocation ended, or their issuer's word that the token is not active.
        # TYPE domicile_sessions_revoked_total counter
        domicile_sessions_revoked_total 11
        # HELP domicile_buffer_bytes What the buffers of all sessions hold now.
        # TYPE domicile_buffer_bytes gauge
        domicile_buffer_bytes 131072
        # HELP domicile_buffer_limit_bytes What they may hold; new connections are refused at three quarters.
        # TYPE domicile_buffer_limit_bytes gauge
        domicile_buffer_limit_bytes 67108864
        # HELP domicile_buffer_shortages_total How often a session read into a small piece of memory, since buffers held what they may.
        # TYPE domicile_buffer_shortages_total counter
        domicile_buffer_shortages_total 21
        # HELP domicile_revocations Revocations in force.
        # TYPE domicile_revocations gauge
        domicile_revocations 12
        # HELP domicile_refusals_total Connections that were refused, by SQLSTATE.
        # TYPE domicile_refusals_total counter
        domicile_refusals_total{sqlstate="28P01"} 93
        domicile_refusals_total{sqlstate="42501"} 7
        # HELP domicile_statements_total Statements that were forwarded.
        # TYPE domicile_statements_total counter
        domicile_statements_total 123456789012
        # HELP domicile_received_bytes_total Bytes that executors sent.
        # TYPE domicile_received_bytes_total counter
        domicile_received_bytes_total 4096
        # HELP domicile_sent_bytes_total Bytes that executors were sent.
        # TYPE domicile_sent_bytes_total counter
        domicile_sent_bytes_total 8192
        # HELP domicile_cancels_forwarded_total Cancel requests that were forwarded to a replica.
        # TYPE domicile_cancels_forwarded_total counter
        domicile_cancels_forwarded_total 2
        # HELP domicile_cancels_unknown_total Cancel requests with a key that no session has.
        # TYPE domicile_cancels_unknown_total counter
        domicile_cancels_unknown_total 1
        # HELP domicile_protocol_violations_total Connections that were closed because they broke the protocol.
        # TYPE domicile_protocol_violations_total counter
        domicile_protocol_violations_total 4
        # HELP domicile_statements_judged_total Statements that were judged because something is forbidden to their sessions.
        # TYPE domicile_statements_judged_total counter
        domicile_statements_judged_total 40
        # HELP domicile_statements_refused_total Statements that were refused, by the class that is forbidden or by what else was wrong.
        # TYPE domicile_statements_refused_total counter
        domicile_statements_refused_total{class="ddl"} 2
        domicile_statements_refused_total{class="egress"} 3
        domicile_statements_refused_total{class="too_long"} 1
        # HELP domicile_texts_unparsed_total Texts that were read and that the grammar does not take, or that are too much for it.
        # TYPE domicile_texts_unparsed_total counter
        domicile_texts_unparsed_total 5
        # HELP domicile_text_cache_hits_total Texts that a worker remembered.
        # TYPE domicile_text_cache_hits_total counter
        domicile_text_cache_hits_total 30
        # HELP domicile_text_cache_misses_total Texts that were read anew.
        # TYPE domicile_text_cache_misses_total counter
        domicile_text_cache_misses_total 20
        # HELP domicile_text_cache_evictions_total Remembered texts that went because others came.
        # TYPE domicile_text_cache_evictions_total counter
        domicile_text_cache_evictions_total 10
        # HELP domicile_text_cache_bytes Memory that remembered texts take, an estimate.
        # TYPE domicile_text_cache_bytes gauge
        domicile_text_cache_bytes 65536
        # HELP domicile_replica_up 1 while probes find the replica healthy.
        # TYPE domicile_replica_up gauge
        domicile_replica_up{database="orders",replica="orders-eu-a",region="eu-west-1"} 1
        domicile_replica_up{database="orders",replica="orders-us-a",region="us-east-1"} 0
        # HELP domicile_replica_attested 1 while the replica has proved to be the configured one.
        # TYPE domicile_replica_attested gauge
        domicile_replica_attested{database="orders",replica="orders-eu-a",region="eu-west-1"} 1
        domicile_replica_attested{database="orders",replica="orders-us-a",region="us-east-1"} 0
        # HELP domicile_replica_quarantined 1 while the replica is kept out of use because it is not what it was.
        # TYPE domicile_replica_quarantined gauge
        domicile_replica_quarantined{database="orders",replica="orders-eu-a",region="eu-west-1"} 0
        domicile_replica_quarantined{database="orders",replica="orders-us-a",region="us-east-1"} 1
        # HELP domicile_replica_lag_seconds Replay lag; absent while it is unknown.
        # TYPE domicile_replica_lag_seconds gauge
        domicile_replica_lag_seconds{database="orders",replica="orders-eu-a",region="eu-west-1"} 0
        # HELP domicile_replica_round_trip_seconds Smoothed time of a probe's query; absent before the first.
        # TYPE domicile_replica_round_trip_seconds gauge
        domicile_replica_round_trip_seconds{database="orders",replica="orders-eu-a",region="eu-west-1"} 0.000412
        # HELP domicile_replica_lag_bytes WAL that is not replayed yet; absent while it is unknown.
        # TYPE domicile_replica_lag_bytes gauge
        domicile_replica_lag_bytes{database="orders",replica="orders-eu-a",region="eu-west-1"} 16
        # HELP domicile_replica_timeline Timeline of the replica's WAL; grows with every promotion.
        # TYPE domicile_replica_timeline gauge
        domicile_replica_timeline{database="orders",replica="orders-eu-a",region="eu-west-1"} 4
        # HELP domicile_replica_read_only 1 where the server's default_transaction_read_only is on.
        # TYPE domicile_replica_read_only gauge
        domicile_replica_read_only{database="orders",replica="orders-eu-a",region="eu-west-1"} 0
        # HELP domicile_replica_connections_left Connections that the server's max_connections leaves; absent while it is unknown.
        # TYPE domicile_replica_connections_left gauge
        domicile_replica_connections_left{database="orders",replica="orders-eu-a",region="eu-west-1"} 90
        # HELP domicile_replica_probe_failures_total Probes that failed, by why.
        # TYPE domicile_replica_probe_failures_total counter
        domicile_replica_probe_failures_total{database="orders",replica="orders-us-a",region="us-east-1",failure="login_timeout"} 7
        domicile_replica_probe_failures_total{database="orders",replica="orders-us-a",region="us-east-1",failure="query_timeout"} 1
        # HELP domicile_replica_sessions Sessions on the replica now.
        # TYPE domicile_replica_sessions gauge
        domicile_replica_sessions{database="orders",replica="orders-eu-a",region="eu-west-1"} 3
        domicile_replica_sessions{database="orders",replica="orders-us-a",region="us-east-1"} 0
        # HELP domicile_replica_catalog_up 1 while there is a snapshot of the replica's catalogue; absent where none is needed.
        # TYPE domicile_replica_catalog_up gauge
        domicile_replica_catalog_up{database="orders",replica="orders-eu-a",region="eu-west-1"} 1
        domicile_replica_catalog_up{database="orders",replica="orders-us-a",region="us-east-1"} 0
        # HELP domicile_replica_catalog_age_seconds Time since the snapshot was last confirmed; absent without one.
        # TYPE domicile_replica_catalog_age_seconds gauge
        domicile_replica_catalog_age_seconds{database="orders",replica="orders-eu-a",region="eu-west-1"} 1.5
        # HELP domicile_replica_catalog_number Number of the snapshot; grows when the catalogue changed. 0: none yet.
        # TYPE domicile_replica_catalog_number gauge
        domicile_replica_catalog_number{database="orders",replica="orders-eu-a",region="eu-west-1"} 7
        domicile_replica_catalog_number{database="orders",replica="orders-us-a",region="us-east-1"} 0
        # HELP domicile_issuer_keys_usable 1 while tokens of the issuer can be verified.
        # TYPE domicile_issuer_keys_usable gauge
        domicile_issuer_keys_usable{issuer="https://id.example.com"} 1
        domicile_issuer_keys_usable{issuer="https://other.example"} 0
        # HELP domicile_issuer_keys Keys of the issuer that are known.
        # TYPE domicile_issuer_keys gauge
        domicile_issuer_keys{issuer="https://id.example.com"} 2
        domicile_issuer_keys{issuer="https://other.example"} 0
        # HELP domicile_issuer_keys_age_seconds Time since the keys were fetched; absent while there are none.
        # TYPE domicile_issuer_keys_age_seconds gauge
        domicile_issuer_keys_age_seconds{issuer="https://id.example.com"} 61
        # HELP domicile_issuer_key_fetches_total Tries to fetch the keys.
        # TYPE domicile_issuer_key_fetches_total counter
        domicile_issuer_key_fetches_total{issuer="https://id.example.com"} 9
        domicile_issuer_key_fetches_total{issuer="https://other.example"} 3
        # HELP domicile_issuer_key_fetch_failures_total Tries to fetch the keys that failed.
        # TYPE domicile_issuer_key_fetch_failures_total counter
        domicile_issuer_key_fetch_failures_total{issuer="https://id.example.com"} 1
        domicile_issuer_key_fetch_failures_total{issuer="https://other.example"} 3
        # HELP domicile_remembered_tokens Verified tokens that are remembered by their hash.
        # TYPE domicile_remembered_tokens gauge
        domicile_remembered_tokens 12
        # HELP domicile_remembered_token_hits_total Verifications that were answered from memory.
        # TYPE domicile_remembered_token_hits_total counter
        domicile_remembered_token_hits_total 880
        # HELP domicile_remembered_token_misses_total Verifications that were made whole.
        # TYPE domicile_remembered_token_misses_total counter
        domicile_remembered_token_misses_total 120
        # HELP domicile_audit_log_up 1 while the log takes records; nothing is forwarded while it is 0.
        # TYPE domicile_audit_log_up gauge
        domicile_audit_log_up{region="eu-west-1"} 1
        # HELP domicile_audit_records_total Records that were written.
        # TYPE domicile_audit_records_total counter
        domicile_audit_records_total{region="eu-west-1"} 10
        # HELP domicile_audit_bytes_total Bytes of records that were written.
        # TYPE domicile_audit_bytes_total counter
        domicile_audit_bytes_total{region="eu-west-1"} 5000
        # HELP domicile_audit_segments_total Segments that were begun.
        # TYPE domicile_audit_segments_total counter
        domicile_audit_segments_total{region="eu-west-1"} 1
        # HELP domicile_audit_syncs_total Syncs to the disk.
        # TYPE domicile_audit_syncs_total counter
        domicile_audit_syncs_total{region="eu-west-1"} 8
        # HELP domicile_audit_sync_seconds_total Time that all syncs together took.
        # TYPE domicile_audit_sync_seconds_total counter
        domicile_audit_sync_seconds_total{region="eu-west-1"} 12.5
        # HELP domicile_audit_last_sync_seconds Time that the last sync took.
        # TYPE domicile_audit_last_sync_seconds gauge
        domicile_audit_last_sync_seconds{region="eu-west-1"} 0.0015
        # HELP domicile_audit_unsynced_bytes Bytes of records that wait for the disk.
        # TYPE domicile_audit_unsynced_bytes gauge
        domicile_audit_unsynced_bytes{region="eu-west-1"} 128
        # HELP domicile_audit_failures_total Writes, syncs and checks of the log that failed.
        # TYPE domicile_audit_failures_total counter
        domicile_audit_failures_total{region="eu-west-1"} 0
        # HELP domicile_audit_refused_total Batches of records that the log could not take.
        # TYPE domicile_audit_refused_total counter
        domicile_audit_refused_total{region="eu-west-1"} 0
        # HELP domicile_audit_signed_records Records that the newest signed checkpoint covers.
        # TYPE domicile_audit_signed_records gauge
        domicile_audit_signed_records{region="eu-west-1"} 9
        # HELP domicile_audit_anchored_records Records that the newest checkpoint at the anchor covers.
        # TYPE domicile_audit_anchored_records gauge
        domicile_audit_anchored_records{region="eu-west-1",anchor="/mnt/kept"} 8
        domicile_audit_anchored_records{region="eu-west-1",anchor="https://kept.example/eu"} 5
        # HELP domicile_audit_anchor_up 1 while the anchor takes checkpoints.
        # TYPE domicile_audit_anchor_up gauge
        domicile_audit_anchor_up{region="eu-west-1",anchor="/mnt/kept"} 1
        domicile_audit_anchor_up{region="eu-west-1",anchor="https://kept.example/eu"} 0
        # HELP domicile_audit_removed_records Records that retention removed: the number of the first that is there.
        # TYPE domicile_audit_removed_records gauge
        domicile_audit_removed_records{region="eu-west-1"} 4
        # HELP domicile_audit_retention_up 1 unless a segment is old and cannot be removed.
        # TYPE domicile_audit_retention_up gauge
        domicile_audit_retention_up{region="eu-west-1"} 1
        # HELP domicile_log_budgets Principals whose budgets of log bytes are remembered.
        # TYPE domicile_log_budgets gauge
        domicile_log_budgets 4
        # HELP domicile_log_budget_waits_total How often a session waited because its principal was over its budget of log bytes.
        # TYPE domicile_log_budget_waits_total counter
        domicile_log_budget_waits_total 17
        # HELP domicile_log_budget_wait_seconds_total For how long, all of them together.
        # TYPE domicile_log_budget_wait_seconds_total counter
        domicile_log_budget_wait_seconds_total 2.5
        # HELP domicile_refusals_summed_total Refused logins that are counted in a record and have none of their own.
        # TYPE domicile_refusals_summed_total counter
        domicile_refusals_summed_total 250
        # HELP domicile_certificate_expiry_timestamp_seconds When the certificate ends, in Unix time: of listeners, of roles, and of CAs that sign roles' certificates.
        # TYPE domicile_certificate_expiry_timestamp_seconds gauge
        domicile_certificate_expiry_timestamp_seconds{file="/etc/domicile/gateway.crt"} 1790000000
        domicile_certificate_expiry_timestamp_seconds{file="/etc/domicile/role-ca.crt"} 1800000000
        # HELP domicile_config_reloads_total Configurations that were taken over by SIGHUP, an operator's call or a changed file.
        # TYPE domicile_config_reloads_total counter
        domicile_config_reloads_total 5
        # HELP domicile_config_reload_failed_total Configurations that were refused; the old one went on.
        # TYPE domicile_config_reload_failed_total counter
        domicile_config_reload_failed_total 6
        # HELP domicile_process_resident_memory_bytes Memory of the process.
        # TYPE domicile_process_resident_memory_bytes gauge
        domicile_process_resident_memory_bytes 52428800
        # HELP domicile_process_start_time_seconds When the process started, in Unix time.
        # TYPE domicile_process_start_time_seconds gauge
        domicile_process_start_time_seconds 1767225600.25

        """

    @Test(
        "F-OPS-19: The metrics of a fixed status, ends of certificates included, are this text, character for character"
    )
    func exactText() {
        let process = ProcessUsage(residentBytes: 52_428_800, startTime: .milliseconds(1_767_225_600_250))
        let text = MetricsTests.snapshot.metrics(process: process)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let expected = MetricsTests.expected.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, wanted) in zip(lines, expected) { #expect(line == wanted) }
        #expect(lines.count == expected.count)
    }

    @Test("A label's quotes, backslashes and line ends are escaped, so that a name cannot add a series")
    func labelsAreEscaped() {
        var snapshot = GatewaySnapshot(region: "a\"b\\c\nd")
        snapshot.ready = true
        let text = snapshot.metrics(process: ProcessUsage(residentBytes: nil, startTime: nil))
        #expect(text.contains(#"region="a\"b\\c\nd"} 1"#))
    }

    @Test("A metric without samples is left out with its HELP and TYPE")
    func emptyFamilies() {
        let text = GatewaySnapshot(region: "r").metrics(
            process: ProcessUsage(residentBytes: nil, startTime: nil))
        for name in [
            "replica_up", "issuer_keys", "audit_log_up", "refusals_total", "statements_refused_total",
            "process_start_time_seconds",
        ] {
            #expect(!text.contains("domicile_\(name)"))
        }
    }

    @Test(
        "The process' own memory and start time are plausible: more than a megabyte, in the past, after 2020")
    func ownProcess() throws {
        let start = try #require(ProcessUsage.readStartTime())
        let usage = ProcessUsage.now(startTime: start)
        #expect(try #require(usage.residentBytes) > 1_000_000)
        #expect(start > .seconds(1_577_836_800))
    }
}
