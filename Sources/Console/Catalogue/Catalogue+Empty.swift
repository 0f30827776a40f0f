extension Catalogue {
    /// Tables and views of the catalogue that have no rows here, with PostgreSQL 15's columns as far as clients name them.
    static let emptyTables = (common + rare).map { CatalogueTable($0.0, $0.1) }

    private static let common: [(String, String)] = [
        (
            "pg_index",
            "indexrelid:i indrelid:i indnatts:i indnkeyatts:i indisunique:b indisprimary:b indisexclusion:b "
                + "indimmediate:b indisclustered:b indisvalid:b indcheckxmin:b indisready:b indislive:b "
                + "indisreplident:b indkey indcollation indclass indoption indexprs indpred indnullsnotdistinct:b"
        ),
        (
            "pg_constraint",
            "oid:i conname connamespace:i contype condeferrable:b condeferred:b convalidated:b conrelid:i contypid:i "
                + "conindid:i conparentid:i confrelid:i confupdtype confdeltype confmatchtype conislocal:b coninhcount:i "
                + "connoinherit:b conkey confkey conpfeqop conppeqop conffeqop conexclop conbin tableoid:i"
        ),
        ("pg_attrdef", "oid:i adrelid:i adnum:i adbin"),
        ("pg_description", "objoid:i classoid:i objsubid:i description"),
        ("pg_shdescription", "objoid:i classoid:i description"),
        ("pg_inherits", "inhrelid:i inhparent:i inhseqno:i inhdetachpending:b"),
        (
            "pg_trigger",
            "oid:i tgrelid:i tgparentid:i tgname tgfoid:i tgtype:i tgenabled tgisinternal:b tgconstrrelid:i "
                + "tgconstrindid:i tgconstraint:i tgdeferrable:b tginitdeferred:b tgnargs:i tgattr tgargs tgqual"
        ),
        ("pg_policy", "oid:i polname polrelid:i polcmd polpermissive:b polroles polqual polwithcheck"),
        (
            "pg_proc",
            "oid:i proname pronamespace:i proowner:i prolang:i procost:i prorows:i provariadic:i prosupport prokind "
                + "prosecdef:b proleakproof:b proisstrict:b proretset:b provolatile proparallel pronargs:i "
                + "pronargdefaults:i prorettype:i proargtypes proallargtypes proargmodes proargnames proargdefaults "
                + "protrftypes prosrc probin prosqlbody proconfig proacl xmin:i tableoid:i"
        ),
        (
            "pg_language",
            "oid:i lanname lanowner:i lanispl:b lanpltrusted:b lanplcallfoid:i laninline:i lanvalidator:i lanacl"
        ),
        (
            "pg_extension",
            "oid:i extname extowner:i extnamespace:i extrelocatable:b extversion extconfig xmin:i"
        ),
        ("pg_tablespace", "oid:i spcname spcowner:i spcacl spcoptions"),
        (
            "pg_collation",
            "oid:i collname collnamespace:i collowner:i collprovider collisdeterministic:b collencoding:i collcollate "
                + "collctype colliculocale collversion"
        ),
        ("pg_enum", "oid:i enumtypid:i enumsortorder:i enumlabel"),
        (
            "pg_range",
            "rngtypid:i rngsubtype:i rngmultitypid:i rngcollation:i rngsubopc:i rngcanonical:i rngsubdiff:i"
        ),
        (
            "pg_statistic_ext",
            "oid:i stxrelid:i stxname stxnamespace:i stxowner:i stxstattarget:i stxkeys stxkind stxexprs"
        ),
        (
            "pg_publication",
            "oid:i pubname pubowner:i puballtables:b pubinsert:b pubupdate:b pubdelete:b pubtruncate:b pubviaroot:b"
        ),
        ("pg_publication_rel", "oid:i prpubid:i prrelid:i prqual prattrs"),
        ("pg_publication_namespace", "oid:i pnpubid:i pnnspid:i"),
        ("pg_foreign_table", "ftrelid:i ftserver:i ftoptions"),
        ("pg_foreign_server", "oid:i srvname srvowner:i srvfdw:i srvtype srvversion srvacl srvoptions"),
        ("pg_foreign_data_wrapper", "oid:i fdwname fdwowner:i fdwhandler:i fdwvalidator:i fdwacl fdwoptions"),
        ("pg_rewrite", "oid:i rulename ev_class:i ev_type ev_enabled is_instead:b ev_qual ev_action"),
        (
            "pg_sequence",
            "seqrelid:i seqtypid:i seqstart:i seqincrement:i seqmax:i seqmin:i seqcache:i seqcycle:b"
        ),
        ("pg_depend", "classid:i objid:i objsubid:i refclassid:i refobjid:i refobjsubid:i deptype"),
        ("pg_aggregate", "aggfnoid:i aggkind aggnumdirectargs:i"),
        (
            "pg_operator",
            "oid:i oprname oprnamespace:i oprowner:i oprkind oprleft:i oprright:i oprresult:i oprcode:i"
        ),
        ("pg_cast", "oid:i castsource:i casttarget:i castfunc:i castcontext castmethod"),
        ("pg_partitioned_table", "partrelid:i partstrat partnatts:i partdefid:i partattrs"),
        ("pg_auth_members", "roleid:i member:i grantor:i admin_option:b"),
        ("pg_db_role_setting", "setdatabase:i setrole:i setconfig"),
        ("pg_event_trigger", "oid:i evtname evtevent evtowner:i evtfoid:i evtenabled evttags"),
        ("pg_views", "schemaname viewname viewowner definition"),
        (
            "pg_matviews",
            "schemaname matviewname matviewowner tablespace hasindexes:b ispopulated:b definition"
        ),
        ("pg_indexes", "schemaname tablename indexname tablespace indexdef"),
        ("pg_locks", "locktype database:i relation:i pid:i mode granted:b transactionid:i"),
        (
            "pg_stat_activity",
            "datid:i datname pid:i usesysid:i usename application_name client_addr client_port:i backend_start "
                + "xact_start query_start state_change state wait_event_type wait_event query backend_type"
        ),
        ("pg_prepared_statements", "name statement prepare_time parameter_types from_sql:b"),
        ("pg_default_acl", "oid:i defaclrole:i defaclnamespace:i defaclobjtype defaclacl"),
        ("pg_largeobject_metadata", "oid:i lomowner:i lomacl"),
        (
            "pg_conversion",
            "oid:i conname connamespace:i conowner:i conforencoding:i contoencoding:i conproc:i condefault:b"
        ),
        ("pg_ts_config", "oid:i cfgname cfgnamespace:i cfgowner:i cfgparser:i"),
        (
            "pg_ts_parser",
            "oid:i prsname prsnamespace:i prsstart:i prstoken:i prsend:i prsheadline:i prslextype:i"
        ),
        ("pg_ts_dict", "oid:i dictname dictnamespace:i dictowner:i dicttemplate:i dictinitoption"),
        ("pg_ts_template", "oid:i tmplname tmplnamespace:i tmplinit:i tmpllexize:i"),
        ("pg_timezone_names", "name abbrev utc_offset is_dst:b"),
        (
            "information_schema_table_constraints",
            "constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name "
                + "constraint_type is_deferrable initially_deferred"
        ),
        (
            "information_schema_key_column_usage",
            "constraint_catalog constraint_schema constraint_name table_catalog table_schema table_name column_name "
                + "ordinal_position:i position_in_unique_constraint:i"
        ),
        (
            "information_schema_referential_constraints",
            "constraint_catalog constraint_schema constraint_name unique_constraint_catalog unique_constraint_schema "
                + "unique_constraint_name match_option update_rule delete_rule"
        ),
    ]
}
