import GatewayCatalog

/// What the server's own functions reach, by name: those of PostgreSQL 15, each looked at. F-GRD-11.
package enum BuiltInFunctions {
    /// What a function does by itself; empty for a harmless one, nil for a name that the review does not have.
    package static func deeds(of name: String) -> FunctionDeeds? {
        if let deeds = harmful[name] { return deeds }
        if name.hasPrefix("binary_upgrade_") { return .changesSchema }
        return names.contains(name) ? [] : nil
    }

    /// For the catalogue's closure: names that the review does not have are of the server all the same, so unknown.
    package static let reach: BuiltInReach = { name in
        if name == "set_config" { return .settings }
        guard let deeds = deeds(of: name) else { return .opaque }
        return deeds.reach
    }

    static let names: Set<String> = Set(
        BuiltInFunctionNames.text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))

    /// Those that do something.
    package static var harmfulNames: Set<String> { Set(harmful.keys) }

    private static let harmful: [String: FunctionDeeds] = {
        var table: [String: FunctionDeeds] = [:]
        for (deeds, list) in reviewed {
            for name in list.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                table[String(name), default: []].formUnion(deeds)
            }
        }
        return table
    }()

    private static let reviewed: [(FunctionDeeds, String)] = [
        // Files and folders of the server, and what is in them.
        (
            .leavesServer,
            """
            pg_read_file pg_read_file_old pg_read_binary_file pg_stat_file pg_ls_dir pg_ls_logdir pg_ls_waldir
            pg_ls_archive_statusdir pg_ls_tmpdir pg_ls_logicalsnapdir pg_ls_logicalmapdir pg_ls_replslotdir
            pg_current_logfile pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings lo_import lo_export
            pg_import_system_collations pg_tablespace_databases
            """
        ),
        // Replication: what is decoded or kept for somebody else, and where it comes from.
        (
            .leavesServer,
            """
            pg_create_logical_replication_slot pg_create_physical_replication_slot pg_drop_replication_slot
            pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_replication_slot_advance
            pg_logical_slot_get_changes pg_logical_slot_get_binary_changes pg_logical_slot_peek_changes
            pg_logical_slot_peek_binary_changes pg_logical_emit_message pg_replication_origin_advance
            pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_session_reset
            pg_replication_origin_session_setup pg_replication_origin_xact_reset pg_replication_origin_xact_setup
            """
        ),
        // The server itself.
        (
            .leavesServer,
            """
            pg_backup_start pg_backup_stop pg_create_restore_point pg_promote pg_reload_conf pg_rotate_logfile
            pg_rotate_logfile_old pg_switch_wal pg_wal_replay_pause pg_wal_replay_resume
            """
        ),
        // SQL in an argument, or a relation named in one.
        (
            .runsText,
            """
            query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema table_to_xml
            table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema schema_to_xml_and_xmlschema
            database_to_xml database_to_xmlschema database_to_xml_and_xmlschema ts_stat ts_rewrite
            """
        ),
        // An index named in an argument: its expressions are computed.
        (
            .runsText,
            """
            brin_summarize_new_values brin_summarize_range brin_desummarize_range gin_clean_pending_list
            """
        ),
        // A partitioned table's operator class hashes, a function's body is analysed and its constants are computed, an
        // access method's handler runs.
        (
            .runsText,
            """
            satisfies_hash_partition fmgr_c_validator fmgr_internal_validator fmgr_sql_validator plpgsql_validator
            amvalidate
            """
        ),
        (.comparesPartitions, PartitionKeys.function),
        // A type named by its OID in an argument: its input function runs, and a domain's checks.
        (
            .runsText,
            """
            domain_in domain_recv array_in array_recv record_in record_recv range_in range_recv multirange_in
            multirange_recv
            """
        ),
        (.signals, "pg_terminate_backend pg_cancel_backend"),
        (
            .showsPeers,
            """
            pg_log_backend_memory_contexts
            pg_stat_get_activity pg_stat_get_backend_activity pg_stat_get_backend_activity_start
            pg_stat_get_backend_client_addr pg_stat_get_backend_client_port pg_stat_get_backend_dbid
            pg_stat_get_backend_idset pg_stat_get_backend_pid pg_stat_get_backend_start pg_stat_get_backend_userid
            pg_stat_get_backend_wait_event pg_stat_get_backend_wait_event_type pg_stat_get_backend_xact_start
            pg_stat_get_progress_info pg_stat_get_wal_senders pg_stat_get_wal_receiver pg_stat_get_subscription
            pg_lock_status pg_prepared_xact pg_blocking_pids pg_safe_snapshot_blocking_pids
            pg_isolation_test_session_is_blocked pg_get_replication_slots pg_show_replication_origin_status
            pg_stat_reset pg_stat_reset_shared pg_stat_reset_single_function_counters
            pg_stat_reset_single_table_counters pg_stat_reset_slru pg_stat_reset_replication_slot
            pg_stat_reset_subscription_stats
            """
        ),
        // PostgreSQL lets these write in a read-only transaction.
        (
            .writesInReadOnly,
            """
            lo_creat lo_create lo_from_bytea lo_put lo_truncate lo_truncate64 lo_unlink lowrite lo_import lo_export
            pg_logical_emit_message pg_import_system_collations
            pg_create_logical_replication_slot pg_create_physical_replication_slot pg_drop_replication_slot
            pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_replication_slot_advance
            pg_logical_slot_get_changes pg_logical_slot_get_binary_changes pg_replication_origin_advance
            pg_replication_origin_create pg_replication_origin_drop pg_promote pg_wal_replay_pause
            pg_wal_replay_resume pg_switch_wal pg_create_restore_point pg_reload_conf pg_rotate_logfile
            pg_rotate_logfile_old
            """
        ),
        (.changesSchema, "pg_import_system_collations pg_nextoid pg_stop_making_pinned_objects"),
        (.changesSchema, "pg_extension_config_dump"),
    ]
}

/// What a function does by itself.
package struct FunctionDeeds: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let leavesServer = FunctionDeeds(rawValue: 1)
    /// Runs SQL that stands in an argument: it may do anything.
    package static let runsText = FunctionDeeds(rawValue: 2)
    /// Ends or interrupts another backend; refused in every session.
    package static let signals = FunctionDeeds(rawValue: 4)
    package static let showsPeers = FunctionDeeds(rawValue: 8)
    package static let writesInReadOnly = FunctionDeeds(rawValue: 16)
    package static let changesSchema = FunctionDeeds(rawValue: 32)
    /// Compares the bounds of a partition: what operator classes of partition keys reach.
    package static let comparesPartitions = FunctionDeeds(rawValue: 64)

    package var reach: CatalogReach {
        var reach: CatalogReach = []
        if contains(.leavesServer) { reach.insert(.egress) }
        if contains(.runsText) { reach.insert(.opaque) }
        if contains(.signals) || contains(.showsPeers) { reach.insert(.peers) }
        // A body that calls one leaves read_only as surely as one that sets the parameter.
        if contains(.writesInReadOnly) || contains(.changesSchema) { reach.insert(.settings) }
        return reach
    }
}
