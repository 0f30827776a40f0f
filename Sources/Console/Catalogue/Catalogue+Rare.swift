extension Catalogue {
    /// As `common`: what psql's rarer commands, drivers' metadata and tools ask for.
    static let rare: [(String, String)] = [
        (
            "pg_amop",
            "oid:i amopfamily:i amoplefttype:i amoprighttype:i amopstrategy:i amoppurpose amopopr:i "
                + "amopmethod:i amopsortfamily:i"
        ),
        ("pg_amproc", "oid:i amprocfamily:i amproclefttype:i amprocrighttype:i amprocnum:i amproc:i"),
        ("pg_available_extensions", "name default_version installed_version comment"),
        ("pg_cursors", "name statement is_holdable:b is_binary:b is_scrollable:b creation_time"),
        ("pg_group", "groname grosysid:i grolist"),
        (
            "pg_opclass",
            "oid:i opcmethod:i opcname opcnamespace:i opcowner:i opcfamily:i opcintype:i opcdefault:b "
                + "opckeytype:i"
        ),
        ("pg_opfamily", "oid:i opfmethod:i opfname opfnamespace:i opfowner:i"),
        ("pg_parameter_acl", "oid:i parname paracl"),
        ("pg_policies", "schemaname tablename policyname permissive roles cmd qual with_check"),
        ("pg_prepared_xacts", "transaction:i gid prepared owner database"),
        ("pg_publication_tables", "pubname schemaname tablename attnames rowfilter"),
        (
            "pg_replication_slots",
            "slot_name plugin slot_type datoid:i database temporary:b active:b active_pid:i xmin:i "
                + "catalog_xmin:i restart_lsn confirmed_flush_lsn wal_status safe_wal_size:i two_phase:b"
        ),
        ("pg_rules", "schemaname tablename rulename definition"),
        ("pg_seclabel", "objoid:i classoid:i objsubid:i provider label"),
        ("pg_seclabels", "objoid:i classoid:i objsubid:i objtype objnamespace:i objname provider label"),
        (
            "pg_sequences",
            "schemaname sequencename sequenceowner data_type start_value:i min_value:i max_value:i "
                + "increment_by:i cycle:b cache_size:i last_value:i"
        ),
        ("pg_shdepend", "dbid:i classid:i objid:i objsubid:i refclassid:i refobjid:i deptype"),
        ("pg_shseclabel", "objoid:i classoid:i provider label"),
        (
            "pg_stat_all_tables",
            "relid:i schemaname relname seq_scan:i seq_tup_read:i idx_scan:i idx_tup_fetch:i n_tup_ins:i "
                + "n_tup_upd:i n_tup_del:i n_tup_hot_upd:i n_live_tup:i n_dead_tup:i n_mod_since_analyze:i "
                + "n_ins_since_vacuum:i last_vacuum last_autovacuum last_analyze last_autoanalyze vacuum_count:i "
                + "autovacuum_count:i analyze_count:i autoanalyze_count:i"
        ),
        (
            "pg_stat_database",
            "datid:i datname numbackends:i xact_commit:i xact_rollback:i blks_read:i blks_hit:i "
                + "tup_returned:i tup_fetched:i tup_inserted:i tup_updated:i tup_deleted:i conflicts:i temp_files:i "
                + "temp_bytes:i deadlocks:i checksum_failures:i checksum_last_failure blk_read_time blk_write_time "
                + "session_time active_time idle_in_transaction_time sessions:i sessions_abandoned:i "
                + "sessions_fatal:i sessions_killed:i stats_reset"
        ),
        (
            "pg_stat_replication",
            "pid:i usesysid:i usename application_name client_addr client_hostname client_port:i "
                + "backend_start backend_xmin:i state sent_lsn write_lsn flush_lsn replay_lsn write_lag flush_lag "
                + "replay_lag sync_priority:i sync_state reply_time"
        ),
        (
            "pg_stat_user_tables",
            "relid:i schemaname relname seq_scan:i seq_tup_read:i idx_scan:i idx_tup_fetch:i n_tup_ins:i "
                + "n_tup_upd:i n_tup_del:i n_tup_hot_upd:i n_live_tup:i n_dead_tup:i n_mod_since_analyze:i "
                + "n_ins_since_vacuum:i last_vacuum last_autovacuum last_analyze last_autoanalyze vacuum_count:i "
                + "autovacuum_count:i analyze_count:i autoanalyze_count:i"
        ),
        (
            "pg_statio_user_tables",
            "relid:i schemaname relname heap_blks_read:i heap_blks_hit:i idx_blks_read:i idx_blks_hit:i "
                + "toast_blks_read:i toast_blks_hit:i tidx_blks_read:i tidx_blks_hit:i"
        ),
        (
            "pg_statistic",
            "starelid:i staattnum:i stainherit:b stanullfrac stawidth:i stadistinct stakind1:i stakind2:i "
                + "stakind3:i stakind4:i stakind5:i staop1:i staop2:i staop3:i staop4:i staop5:i stacoll1:i "
                + "stacoll2:i stacoll3:i stacoll4:i stacoll5:i stanumbers1 stanumbers2 stanumbers3 stanumbers4 "
                + "stanumbers5 stavalues1 stavalues2 stavalues3 stavalues4 stavalues5"
        ),
        (
            "pg_stats",
            "schemaname tablename attname inherited:b null_frac avg_width:i n_distinct most_common_vals "
                + "most_common_freqs histogram_bounds correlation most_common_elems most_common_elem_freqs "
                + "elem_count_histogram"
        ),
        (
            "pg_subscription",
            "oid:i subdbid:i subskiplsn subname subowner:i subenabled:b subbinary:b substream:b "
                + "subtwophasestate subdisableonerr:b subconninfo subslotname subsynccommit subpublications"
        ),
        ("pg_subscription_rel", "srsubid:i srrelid:i srsubstate srsublsn"),
        ("pg_transform", "oid:i trftype:i trflang:i trffromsql:i trftosql:i"),
        ("pg_ts_config_map", "mapcfg:i maptokentype:i mapseqno:i mapdict:i"),
        ("pg_user_mapping", "oid:i umuser:i umserver:i umoptions"),
        ("pg_user_mappings", "umid:i srvid:i srvname umuser:i usename umoptions"),
        ("information_schema_applicable_roles", "grantee role_name is_grantable"),
        (
            "information_schema_character_sets",
            "character_set_catalog character_set_schema character_set_name character_repertoire form_of_use "
                + "default_collate_catalog default_collate_schema default_collate_name"
        ),
        (
            "information_schema_check_constraints",
            "constraint_catalog constraint_schema constraint_name check_clause"
        ),
        (
            "information_schema_collations",
            "collation_catalog collation_schema collation_name pad_attribute"
        ),
        (
            "information_schema_column_privileges",
            "grantor grantee table_catalog table_schema table_name column_name privilege_type is_grantable"
        ),
        (
            "information_schema_constraint_column_usage",
            "table_catalog table_schema table_name column_name constraint_catalog constraint_schema "
                + "constraint_name"
        ),
        (
            "information_schema_constraint_table_usage",
            "table_catalog table_schema table_name constraint_catalog constraint_schema constraint_name"
        ),
        (
            "information_schema_domains",
            "domain_catalog domain_schema domain_name data_type character_maximum_length:i "
                + "character_octet_length:i character_set_catalog character_set_schema character_set_name "
                + "collation_catalog collation_schema collation_name numeric_precision:i numeric_precision_radix:i "
                + "numeric_scale:i datetime_precision:i interval_type interval_precision:i domain_default "
                + "udt_catalog udt_schema udt_name scope_catalog scope_schema scope_name maximum_cardinality:i "
                + "dtd_identifier"
        ),
        (
            "information_schema_element_types",
            "object_catalog object_schema object_name object_type collection_type_identifier data_type "
                + "character_maximum_length:i character_octet_length:i character_set_catalog character_set_schema "
                + "character_set_name collation_catalog collation_schema collation_name numeric_precision:i "
                + "numeric_precision_radix:i numeric_scale:i datetime_precision:i interval_type "
                + "interval_precision:i domain_default udt_catalog udt_schema udt_name scope_catalog scope_schema "
                + "scope_name maximum_cardinality:i dtd_identifier"
        ),
        ("information_schema_enabled_roles", "role_name"),
        (
            "information_schema_foreign_tables",
            "foreign_table_catalog foreign_table_schema foreign_table_name foreign_server_catalog "
                + "foreign_server_name"
        ),
        (
            "information_schema_parameters",
            "specific_catalog specific_schema specific_name ordinal_position:i parameter_mode is_result "
                + "as_locator parameter_name data_type character_maximum_length:i character_octet_length:i "
                + "character_set_catalog character_set_schema character_set_name collation_catalog collation_schema "
                + "collation_name numeric_precision:i numeric_precision_radix:i numeric_scale:i "
                + "datetime_precision:i interval_type interval_precision:i udt_catalog udt_schema udt_name "
                + "scope_catalog scope_schema scope_name maximum_cardinality:i dtd_identifier parameter_default"
        ),
        (
            "information_schema_role_table_grants",
            "grantor grantee table_catalog table_schema table_name privilege_type is_grantable with_hierarchy"
        ),
        (
            "information_schema_routine_privileges",
            "grantor grantee specific_catalog specific_schema specific_name routine_catalog routine_schema "
                + "routine_name privilege_type is_grantable"
        ),
        (
            "information_schema_routines",
            "specific_catalog specific_schema specific_name routine_catalog routine_schema routine_name "
                + "routine_type module_catalog module_schema module_name udt_catalog udt_schema udt_name data_type "
                + "character_maximum_length:i character_octet_length:i character_set_catalog character_set_schema "
                + "character_set_name collation_catalog collation_schema collation_name numeric_precision:i "
                + "numeric_precision_radix:i numeric_scale:i datetime_precision:i interval_type "
                + "interval_precision:i type_udt_catalog type_udt_schema type_udt_name scope_catalog scope_schema "
                + "scope_name maximum_cardinality:i dtd_identifier routine_body routine_definition external_name "
                + "external_language parameter_style is_deterministic sql_data_access is_null_call sql_path "
                + "schema_level_routine max_dynamic_result_sets:i is_user_defined_cast is_implicitly_invocable "
                + "security_type to_sql_specific_catalog to_sql_specific_schema to_sql_specific_name as_locator "
                + "created last_altered new_savepoint_level is_udt_dependent result_cast_from_data_type "
                + "result_cast_as_locator result_cast_char_max_length:i result_cast_char_octet_length:i "
                + "result_cast_char_set_catalog result_cast_char_set_schema result_cast_char_set_name "
                + "result_cast_collation_catalog result_cast_collation_schema result_cast_collation_name "
                + "result_cast_numeric_precision:i result_cast_numeric_precision_radix:i "
                + "result_cast_numeric_scale:i result_cast_datetime_precision:i result_cast_interval_type "
                + "result_cast_interval_precision:i result_cast_type_udt_catalog result_cast_type_udt_schema "
                + "result_cast_type_udt_name result_cast_scope_catalog result_cast_scope_schema "
                + "result_cast_scope_name result_cast_maximum_cardinality:i result_cast_dtd_identifier"
        ),
        (
            "information_schema_sequences",
            "sequence_catalog sequence_schema sequence_name data_type numeric_precision:i "
                + "numeric_precision_radix:i numeric_scale:i start_value minimum_value maximum_value increment "
                + "cycle_option"
        ),
        (
            "information_schema_table_privileges",
            "grantor grantee table_catalog table_schema table_name privilege_type is_grantable with_hierarchy"
        ),
        (
            "information_schema_triggers",
            "trigger_catalog trigger_schema trigger_name event_manipulation event_object_catalog "
                + "event_object_schema event_object_table action_order:i action_condition action_statement "
                + "action_orientation action_timing action_reference_old_table action_reference_new_table "
                + "action_reference_old_row action_reference_new_row created"
        ),
        (
            "information_schema_user_defined_types",
            "user_defined_type_catalog user_defined_type_schema user_defined_type_name "
                + "user_defined_type_category is_instantiable is_final ordering_form ordering_category "
                + "ordering_routine_catalog ordering_routine_schema ordering_routine_name reference_type data_type "
                + "character_maximum_length:i character_octet_length:i character_set_catalog character_set_schema "
                + "character_set_name collation_catalog collation_schema collation_name numeric_precision:i "
                + "numeric_precision_radix:i numeric_scale:i datetime_precision:i interval_type "
                + "interval_precision:i source_dtd_identifier ref_dtd_identifier"
        ),
        (
            "information_schema_view_table_usage",
            "view_catalog view_schema view_name table_catalog table_schema table_name"
        ),
        (
            "information_schema_views",
            "table_catalog table_schema table_name view_definition check_option is_updatable "
                + "is_insertable_into is_trigger_updatable is_trigger_deletable is_trigger_insertable_into"
        ),
        ("pg_partition_tree", "relid:i parentrelid:i isleaf:b level:i root:i"),
    ]
}
