import GatewayCatalog
import GatewayGuard
import GatewayHealth
import Testing

extension HealthMonitorTests {
    /// All of pg_proc of a real server, its contrib included: each function is classed, by lists written by hand.
    @Suite(.serialized, .timeLimit(.minutes(2)))
    struct ServerFunctionTests {
        /// Those that leave the server, reach its files or its replication.
        static let leaving = words(
            """
            lo_export lo_import pg_backup_start pg_backup_stop pg_copy_logical_replication_slot
            pg_copy_physical_replication_slot pg_create_logical_replication_slot pg_create_physical_replication_slot
            pg_create_restore_point pg_current_logfile pg_drop_replication_slot pg_hba_file_rules
            pg_ident_file_mappings pg_import_system_collations pg_logical_emit_message
            pg_logical_slot_get_binary_changes pg_logical_slot_get_changes pg_logical_slot_peek_binary_changes
            pg_logical_slot_peek_changes pg_ls_archive_statusdir pg_ls_dir pg_ls_logdir pg_ls_logicalmapdir
            pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_tmpdir pg_ls_waldir pg_promote pg_read_binary_file
            pg_read_file pg_read_file_old pg_reload_conf pg_replication_origin_advance pg_replication_origin_create
            pg_replication_origin_drop pg_replication_origin_session_reset pg_replication_origin_session_setup
            pg_replication_origin_xact_reset pg_replication_origin_xact_setup pg_replication_slot_advance
            pg_rotate_logfile pg_rotate_logfile_old pg_show_all_file_settings pg_stat_file pg_switch_wal
            pg_tablespace_databases
            pg_wal_replay_pause pg_wal_replay_resume
            """)

        /// Those that run SQL which an argument holds, read a relation that it names, or use a type that it names.
        static let running = words(
            """
            amvalidate array_in array_recv brin_desummarize_range brin_summarize_new_values brin_summarize_range
            cursor_to_xml cursor_to_xmlschema fmgr_c_validator fmgr_internal_validator fmgr_sql_validator
            gin_clean_pending_list plpgsql_validator satisfies_hash_partition
            database_to_xml database_to_xml_and_xmlschema database_to_xmlschema domain_in domain_recv
            multirange_in multirange_recv query_to_xml query_to_xml_and_xmlschema query_to_xmlschema range_in
            range_recv record_in record_recv schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema
            table_to_xml table_to_xml_and_xmlschema table_to_xmlschema ts_rewrite ts_stat
            """)

        /// PUBLIC may not call them (system_functions.sql), and yet they reach nothing: they show the build, the memory of
        /// the session or the server, a name, a counter.
        static let privileged = words(
            """
            pg_config pg_get_backend_memory_contexts pg_get_shmem_allocations pg_replication_origin_oid
            pg_replication_origin_progress pg_replication_origin_session_is_setup
            pg_replication_origin_session_progress pg_stat_have_stats
            """)

        static func words(_ text: String) -> Set<String> {
            Set(text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
        }

        private func names(_ server: PostgresServer, _ condition: String) throws -> Set<String> {
            Set(
                try server.psql("SELECT DISTINCT proname FROM pg_proc p WHERE \(condition)")
                    .split(separator: "\n").map(String.init))
        }

        @Test("F-GRD-11: of the server's own functions none is unknown, and none harmless that leaves it")
        func builtIns() throws {
            let server = try SharedServer.get()
            let all = try names(server, "p.oid < 16384")
            #expect(all.count > 2_600)
            #expect(all.filter { BuiltInFunctions.deeds(of: $0) == nil } == [])
            #expect(Self.leaving.subtracting(all) == [], "by hand, and not on the server")
            #expect(Self.running.subtracting(all) == [], "by hand, and not on the server")
            #expect(BuiltInFunctions.harmfulNames.subtracting(all) == [], "a misspelt name would be harmless")
            for name in all {
                let deeds = BuiltInFunctions.deeds(of: name) ?? []
                #expect(deeds.contains(.leavesServer) == Self.leaving.contains(name), "\(name)")
                #expect(deeds.contains(.runsText) == Self.running.contains(name), "\(name)")
            }
            // PostgreSQL's own word on what is not for everybody.
            let kept = try names(
                server,
                "p.oid < 16384 AND NOT EXISTS (SELECT FROM "
                    + "aclexplode(COALESCE(proacl, acldefault('f', proowner))) a WHERE a.grantee = 0)")
            #expect(kept.count > 40)
            #expect(kept.filter { BuiltInFunctions.deeds(of: $0) == [] } == Self.privileged)
        }

        @Test("F-GRD-05: which views of the server's can be written through")
        func writableViews() throws {
            let found = try SharedServer.get().psql(
                "SELECT relname FROM pg_class WHERE relkind = 'v' AND oid < 16384 "
                    + "AND pg_relation_is_updatable(oid, true) <> 0")
            #expect(Set(found.split(separator: "\n").map(String.init)) == ServerViews.writable)
        }

        @Test("F-GRD-11: two names of one function of the server's do the same")
        func aliases() throws {
            let rows = try SharedServer.get().psql(
                """
                SELECT string_agg(DISTINCT proname, ' ') FROM pg_proc
                WHERE prolang = (SELECT oid FROM pg_language WHERE lanname = 'internal') AND oid < 16384
                    AND prosrc <> 'aggregate_dummy' GROUP BY prosrc HAVING count(DISTINCT proname) > 1
                """
            ).split(separator: "\n")
            #expect(rows.count > 50)
            for row in rows {
                let deeds = Set(row.split(separator: " ").map { BuiltInFunctions.deeds(of: String($0)) })
                #expect(deeds.count == 1, "\(row)")
            }
        }

        @Test("F-GRD-11: a name that the review does not have is unknown")
        func newer() {
            #expect(BuiltInFunctions.deeds(of: "pg_read_something_new") == nil)
            #expect(BuiltInFunctions.reach("pg_read_something_new") == .opaque)
        }

        /// What the functions of an extension reach, where they are not `[]`.
        static let extensions: [String: CatalogReach] = [
            "adminpack": [.egress, .settings], "dblink": .egress, "file_fdw": .egress,
            "postgres_fdw": .egress,
            "pg_stat_statements": .peers, "pg_walinspect": .peers, "pgrowlocks": .peers,
            "amcheck": .opaque, "lo": .opaque, "pageinspect": .opaque, "pg_surgery": .opaque,
            "refint": .opaque,
            "plpython3u": [.egress, .program], "hstore_plpython3u": [.egress, .program],
            "jsonb_plpython3u": [.egress, .program], "ltree_plpython3u": [.egress, .program],
        ]

        /// Extensions whose functions compute on their arguments, or show a state that holds no data.
        static let harmless = words(
            """
            autoinc bloom btree_gin btree_gist citext cube dict_int dict_xsyn earthdistance fuzzystrmatch hstore
            insert_username intagg intarray isn ltree moddatetime old_snapshot pg_buffercache pg_freespacemap
            pg_prewarm pg_trgm pg_visibility pgcrypto pgstattuple seg sslinfo tablefunc tcn tsm_system_rows
            tsm_system_time unaccent uuid-ossp xml2
            """)

        /// Functions that differ from their extension's.
        static let others: [String: CatalogReach] = [
            "autoprewarm_start_worker": .opaque, "autoprewarm_dump_now": .opaque,
            "pg_truncate_visibility_map": .opaque, "xpath_table": .opaque, "xslt_process": .opaque,
            "crosstab": .opaque, "crosstab2": .opaque, "crosstab3": .opaque, "crosstab4": .opaque,
            "connectby": .opaque, "lo_oid": [], "dblink": [.egress, .opaque],
            "dblink_exec": [.egress, .opaque], "dblink_send_query": [.egress, .opaque],
            "dblink_open": [.egress, .opaque], "dblink_connect_u": [.egress, .roleChange],
        ]

        @Test("F-GRD-11: every function of every extension that the server has is classed as its review says")
        func contrib() throws {
            let server = try PostgresServer()
            let there = try server.psql("SELECT name FROM pg_available_extensions WHERE name <> 'plpgsql'")
                .split(separator: "\n").map(String.init)
            #expect(there.count >= 40)
            for name in there {
                let isReviewed = Self.harmless.contains(name) || Self.extensions[name] != nil
                #expect(isReviewed, "\(name) is not in a list by hand")
                try server.psql("CREATE EXTENSION IF NOT EXISTS \"\(name)\" CASCADE")
            }
            let rows = try server.psql(
                """
                SELECT DISTINCT e.extname, n.nspname, p.proname
                FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                    LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
                    LEFT JOIN pg_extension e ON e.oid = d.refobjid
                WHERE p.oid >= 16384
                """
            ).split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
            #expect(rows.count > 800)
            var target = server.target()
            target.needsCatalog = true
            let watch = Watch([target], catalog: .reviewed)
            #expect(
                eventually(within: .seconds(30)) {
                    watch.catalog().snapshot?.functions(named: "xslt_process", schema: nil).isEmpty == false
                }
            )
            let snapshot = try #require(watch.catalog().snapshot)
            for row in rows where row.count == 3 {
                let found = snapshot.functions(named: row[2], schema: row[1])
                #expect(!found.isEmpty, "\(row)")
                let expected = Self.others[row[2]] ?? Self.extensions[row[0]] ?? []
                for function in found where function.extension == row[0] {
                    #expect(function.reach == expected, "\(row): \(function.reason)")
                }
            }
        }
    }
}
