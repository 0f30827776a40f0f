extension GatewaySnapshot {
    /// The text of `/metrics`. docs/operations.md lists every name.
    package func metrics(process: ProcessUsage) -> String {
        var text = MetricsText()
        text.add(
            "build_info", .gauge, "Version of this gateway and the region it runs in; always 1.",
            [.init(.count(1), ("version", Version.current), ("region", region))])
        text.add("ready", .gauge, "1 while /readyz says ready.", .flag(ready))
        text.add("draining", .gauge, "1 after the gateway was told to stop.", .flag(draining))
        addSessions(to: &text)
        addStatements(to: &text)
        addReplicas(to: &text)
        addIssuers(to: &text)
        addLogs(to: &text)
        addShipments(to: &text)
        addLogBudgets(to: &text)
        text.add(
            "certificate_expiry_timestamp_seconds", .gauge,
            "When the certificate ends, in Unix time: of listeners, of roles, and of CAs that sign roles' certificates.",
            certificates.map { .init(.count($0.end), ("file", $0.file)) })
        text.add(
            "config_reloads_total", .counter,
            "Configurations that were taken over by SIGHUP, an operator's call or a changed file.",
            .count(reloads))
        text.add(
            "config_reload_failed_total", .counter, "Configurations that were refused; the old one went on.",
            .count(reloadFailures))
        if let bytes = process.residentBytes {
            text.add("process_resident_memory_bytes", .gauge, "Memory of the process.", .count(bytes))
        }
        if let start = process.startTime {
            text.add(
                "process_start_time_seconds", .gauge, "When the process started, in Unix time.",
                .seconds(start))
        }
        return text.text
    }

    private func addSessions(to text: inout MetricsText) {
        text.add(
            "connections", .gauge, "Connections of executors now, those that are logging in included.",
            .count(connections))
        text.add(
            "connections_total", .counter, "Connections that were accepted.", .count(acceptedConnections))
        text.add(
            "sessions_started_total", .counter, "Sessions that were allowed and began.",
            .count(sessionsStarted))
        text.add("sessions_ended_total", .counter, "Sessions that ended.", .count(sessionsEnded))
        text.add(
            "sessions_revoked_total", .counter,
            "Sessions that a revocation ended, or their issuer's word that the token is not active.",
            .count(sessionsRevoked))
        text.add(
            "buffer_bytes", .gauge, "What the buffers of all sessions hold now.", .count(bufferBytes))
        if let bufferLimit {
            text.add(
                "buffer_limit_bytes", .gauge,
                "What they may hold; new connections are refused at three quarters.",
                .count(bufferLimit))
        }
        text.add(
            "buffer_shortages_total", .counter,
            "How often a session read into a small piece of memory, since buffers held what they may.",
            .count(bufferShortages))
        text.add("revocations", .gauge, "Revocations in force.", .count(revocations))
        text.add(
            "refusals_total", .counter, "Connections that were refused, by SQLSTATE.",
            refusals.sorted { $0.key < $1.key }.map { .init(.count($0.value), ("sqlstate", $0.key)) })
        text.add("statements_total", .counter, "Statements that were forwarded.", .count(statements))
        text.add("received_bytes_total", .counter, "Bytes that executors sent.", .count(bytesIn))
        text.add("sent_bytes_total", .counter, "Bytes that executors were sent.", .count(bytesOut))
        text.add(
            "cancels_forwarded_total", .counter, "Cancel requests that were forwarded to a replica.",
            .count(cancelsForwarded))
        text.add(
            "cancels_unknown_total", .counter, "Cancel requests with a key that no session has.",
            .count(cancelsUnknown))
        text.add(
            "protocol_violations_total", .counter,
            "Connections that were closed because they broke the protocol.",
            .count(protocolViolations))
    }

    private func addStatements(to text: inout MetricsText) {
        text.add(
            "statements_judged_total", .counter,
            "Statements that were judged because something is forbidden to their sessions.",
            .count(judgedStatements))
        text.add(
            "statements_refused_total", .counter,
            "Statements that were refused, by the class that is forbidden or by what else was wrong.",
            refusedStatements.sorted { $0.key < $1.key }.map { .init(.count($0.value), ("class", $0.key)) })
        text.add(
            "texts_unparsed_total", .counter,
            "Texts that were read and that the grammar does not take, or that are too much for it.",
            .count(unparsedTexts))
        text.add(
            "text_cache_hits_total", .counter, "Texts that a worker remembered.", .count(textHits))
        text.add("text_cache_misses_total", .counter, "Texts that were read anew.", .count(textMisses))
        text.add(
            "text_cache_evictions_total", .counter, "Remembered texts that went because others came.",
            .count(textEvictions))
        text.add(
            "text_cache_bytes", .gauge, "Memory that remembered texts take, an estimate.",
            .count(textBytes))
    }

    private func addLogBudgets(to text: inout MetricsText) {
        text.add(
            "log_budgets", .gauge, "Principals whose budgets of log bytes are remembered.", .count(logBudgets)
        )
        text.add(
            "log_budget_waits_total", .counter,
            "How often a session waited because its principal was over its budget of log bytes.",
            .count(budgetWaits))
        text.add(
            "log_budget_wait_seconds_total", .counter, "For how long, all of them together.",
            .seconds(budgetWaitTime))
        text.add(
            "refusals_summed_total", .counter,
            "Refused logins that are counted in a record and have none of their own.", .count(summedRefusals))
    }

    private func addReplicas(to text: inout MetricsText) {
        func samples(_ value: (Replica) -> MetricsText.Value?) -> [MetricsText.Sample] {
            replicas.compactMap { replica in
                value(replica).map {
                    .init(
                        $0, ("database", replica.database), ("replica", replica.name),
                        ("region", replica.region))
                }
            }
        }
        text.add("replica_up", .gauge, "1 while probes find the replica healthy.", samples { .flag($0.up) })
        text.add(
            "replica_attested", .gauge, "1 while the replica has proved to be the configured one.",
            samples { .flag($0.attested) })
        text.add(
            "replica_quarantined", .gauge,
            "1 while the replica is kept out of use because it is not what it was.",
            samples { .flag($0.quarantined) })
        text.add(
            "replica_lag_seconds", .gauge, "Replay lag; absent while it is unknown.",
            samples { $0.lag.map { .seconds($0) } })
        text.add(
            "replica_round_trip_seconds", .gauge,
            "Smoothed time of a probe's query; absent before the first.",
            samples { $0.roundTrip.map { .seconds($0) } })
        text.add(
            "replica_lag_bytes", .gauge, "WAL that is not replayed yet; absent while it is unknown.",
            samples { $0.lagBytes.map { .count($0) } })
        text.add(
            "replica_timeline", .gauge, "Timeline of the replica's WAL; grows with every promotion.",
            samples { $0.timeline.map { .count($0) } })
        text.add(
            "replica_read_only", .gauge, "1 where the server's default_transaction_read_only is on.",
            samples { $0.readOnly.map { .flag($0) } })
        text.add(
            "replica_connections_left", .gauge,
            "Connections that the server's max_connections leaves; absent while it is unknown.",
            samples { $0.connectionsLeft.map { .count($0) } })
        text.add(
            "replica_probe_failures_total", .counter, "Probes that failed, by why.",
            replicas.flatMap { replica in
                replica.probeFailures.sorted { $0.key < $1.key }.map {
                    .init(
                        .count($0.value), ("database", replica.database), ("replica", replica.name),
                        ("region", replica.region), ("failure", $0.key))
                }
            })
        text.add("replica_sessions", .gauge, "Sessions on the replica now.", samples { .count($0.sessions) })
        text.add(
            "replica_catalog_up", .gauge,
            "1 while there is a snapshot of the replica's catalogue; absent where none is needed.",
            samples { $0.catalog.map { .flag($0.age != nil) } })
        text.add(
            "replica_catalog_age_seconds", .gauge,
            "Time since the snapshot was last confirmed; absent without one.",
            samples { $0.catalog?.age.map { .seconds($0) } })
        text.add(
            "replica_catalog_number", .gauge,
            "Number of the snapshot; grows when the catalogue changed. 0: none yet.",
            samples { $0.catalog.map { .count($0.number) } })
    }

    private func addIssuers(to text: inout MetricsText) {
        func samples(_ value: (IssuerKeys) -> MetricsText.Value?) -> [MetricsText.Sample] {
            issuers.compactMap { keys in value(keys).map { .init($0, ("issuer", keys.issuer)) } }
        }
        text.add(
            "issuer_keys_usable", .gauge, "1 while tokens of the issuer can be verified.",
            samples { .flag($0.usable) })
        text.add("issuer_keys", .gauge, "Keys of the issuer that are known.", samples { .count($0.count) })
        text.add(
            "issuer_keys_age_seconds", .gauge,
            "Time since the keys were fetched; absent while there are none.",
            samples { keys in keys.ageSeconds.map { .count($0) } })
        text.add(
            "issuer_key_fetches_total", .counter, "Tries to fetch the keys.", samples { .count($0.fetches) })
        text.add(
            "issuer_key_fetch_failures_total", .counter, "Tries to fetch the keys that failed.",
            samples { .count($0.failures) })
        text.add(
            "remembered_tokens", .gauge, "Verified tokens that are remembered by their hash.",
            .count(rememberedTokens))
        text.add(
            "remembered_token_hits_total", .counter, "Verifications that were answered from memory.",
            .count(tokenMemoryHits))
        text.add(
            "remembered_token_misses_total", .counter, "Verifications that were made whole.",
            .count(tokenMemoryMisses))
    }

    private func anchors(_ value: (Anchor) -> MetricsText.Value) -> [MetricsText.Sample] {
        logs.flatMap { log in
            log.anchors.map { .init(value($0), ("region", log.region), ("anchor", $0.name)) }
        }
    }

    private func addLogs(to text: inout MetricsText) {
        func samples(_ value: (Log) -> MetricsText.Value) -> [MetricsText.Sample] {
            logs.map { .init(value($0), ("region", $0.region)) }
        }
        text.add(
            "audit_log_up", .gauge, "1 while the log takes records; nothing is forwarded while it is 0.",
            samples { .flag($0.takesRecords) })
        text.add(
            "audit_records_total", .counter, "Records that were written.", samples { .count($0.records) })
        text.add(
            "audit_bytes_total", .counter, "Bytes of records that were written.", samples { .count($0.bytes) }
        )
        text.add(
            "audit_segments_total", .counter, "Segments that were begun.", samples { .count($0.segments) })
        text.add("audit_syncs_total", .counter, "Syncs to the disk.", samples { .count($0.syncs) })
        text.add(
            "audit_sync_seconds_total", .counter, "Time that all syncs together took.",
            samples { .seconds($0.syncTime) })
        text.add(
            "audit_last_sync_seconds", .gauge, "Time that the last sync took.",
            samples { .seconds($0.lastSync) })
        text.add(
            "audit_unsynced_bytes", .gauge, "Bytes of records that wait for the disk.",
            samples { .count($0.unsyncedBytes) })
        text.add(
            "audit_failures_total", .counter, "Writes, syncs and checks of the log that failed.",
            samples { .count($0.failures) })
        text.add(
            "audit_refused_total", .counter, "Batches of records that the log could not take.",
            samples { .count($0.refused) })
        text.add(
            "audit_signed_records", .gauge, "Records that the newest signed checkpoint covers.",
            logs.compactMap { log in log.signed.map { .init(.count($0), ("region", log.region)) } })
        text.add(
            "audit_anchored_records", .gauge, "Records that the newest checkpoint at the anchor covers.",
            anchors { .count($0.anchored) })
        text.add(
            "audit_anchor_up", .gauge, "1 while the anchor takes checkpoints.",
            anchors { .flag($0.isWritten) })
        text.add(
            "audit_removed_records", .gauge,
            "Records that retention removed: the number of the first that is there.",
            logs.compactMap { log in log.removed.map { .init(.count($0), ("region", log.region)) } })
        text.add(
            "audit_retention_up", .gauge, "1 unless a segment is old and cannot be removed.",
            logs.compactMap { log in
                log.removed.map { _ in .init(.flag(log.isRetained), ("region", log.region)) }
            })
    }
}
