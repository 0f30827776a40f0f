/// PostgreSQL's catalogue with the console's tables in it. Numbers are those of PostgreSQL where it has some.
struct Catalogue {
    static let publicSchema: Int64 = 2200
    static let catalogueSchema: Int64 = 11
    static let informationSchema: Int64 = 13_000
    static let owner: Int64 = 10
    static let database: Int64 = 16_383
    /// The first table's number; the others follow.
    static let firstTable: Int64 = 16_384

    /// A table that operators may ask for.
    struct Relation {
        let oid: Int64
        let name: String
        let columns: [TableColumn]
    }

    let relations: [Relation]
    let subject: String
    let settings: ConsoleSettings

    init(_ tables: [(name: String, columns: [TableColumn])], subject: String, settings: ConsoleSettings) {
        relations = tables.enumerated().map {
            Relation(
                oid: Catalogue.firstTable + Int64($0.offset), name: $0.element.name,
                columns: $0.element.columns)
        }
        self.subject = subject
        self.settings = settings
    }

    var tables: [SnapshotTable] {
        [
            namespaces, classes, attributes, types, databases, roles, users, accessMethods, settingsTable,
            tablesView,
            informationTables, informationColumns, informationSchemata,
        ]
        .map(\.table) + Catalogue.emptyTables.map(\.table)
    }

    private var namespaces: CatalogueTable {
        var table = CatalogueTable("pg_namespace", "oid:i nspname nspowner:i nspacl xmin:i")
        for (oid, name) in [
            (Catalogue.catalogueSchema, "pg_catalog"), (Catalogue.publicSchema, "public"),
            (Catalogue.informationSchema, "information_schema"),
        ] {
            table.add(["oid": .integer(oid), "nspname": .text(name), "nspowner": .integer(Catalogue.owner)])
        }
        return table
    }

    private var classes: CatalogueTable {
        var table = CatalogueTable(
            "pg_class",
            "oid:i relname relnamespace:i reltype:i reloftype:i relowner:i relam:i relfilenode:i reltablespace:i "
                + "relpages:i reltuples:i relallvisible:i reltoastrelid:i relhasindex:b relisshared:b relpersistence "
                + "relkind relnatts:i relchecks:i relhasrules:b relhastriggers:b relhassubclass:b relrowsecurity:b "
                + "relforcerowsecurity:b relispopulated:b relreplident relispartition:b relrewrite:i relfrozenxid:i "
                + "relminmxid:i relacl reloptions relpartbound relhasoids:b xmin:i tableoid:i")
        for relation in relations {
            table.add([
                "oid": .integer(relation.oid), "relname": .text(relation.name),
                "relnamespace": .integer(Catalogue.publicSchema), "reltype": .integer(0),
                "reloftype": .integer(0), "relowner": .integer(Catalogue.owner), "relam": .integer(0),
                "relfilenode": .integer(0), "reltablespace": .integer(0), "relpages": .integer(0),
                "reltuples": .integer(-1), "reltoastrelid": .integer(0), "relpersistence": .text("p"),
                "relkind": .text("r"), "relnatts": .integer(Int64(relation.columns.count)),
                "relchecks": .integer(0), "relispopulated": .integer(1), "relreplident": .text("n"),
                "relrewrite": .integer(0), "xmin": .integer(1), "tableoid": .integer(1259),
            ])
        }
        return table
    }

    private var attributes: CatalogueTable {
        var table = CatalogueTable(
            "pg_attribute",
            "attrelid:i attname atttypid:i attstattarget:i attlen:i attnum:i attndims:i attcacheoff:i atttypmod:i "
                + "attbyval:b attstorage attalign attnotnull:b atthasdef:b atthasmissing:b attidentity attgenerated "
                + "attisdropped:b attislocal:b attinhcount:i attcollation:i attacl attoptions attfdwoptions "
                + "attmissingval attcompression xmin:i")
        for relation in relations {
            for (at, column) in relation.columns.enumerated() {
                table.add([
                    "attrelid": .integer(relation.oid), "attname": .text(column.name),
                    "atttypid": .integer(Int64(column.type.oid)), "attlen": .integer(Int64(column.type.size)),
                    "attnum": .integer(Int64(at + 1)), "attndims": .integer(0), "atttypmod": .integer(-1),
                    "attidentity": .text(""), "attgenerated": .text(""), "attislocal": .integer(1),
                    "attinhcount": .integer(0), "attcollation": .integer(0), "attstorage": .text("p"),
                    "attcompression": .text(""), "xmin": .integer(1),
                ])
            }
        }
        return table
    }

    /// Number, name, size, category.
    static let typeRows: [(Int64, String, Int64, String)] = [
        (16, "bool", 1, "B"), (17, "bytea", -1, "U"), (19, "name", 64, "S"), (20, "int8", 8, "N"),
        (21, "int2", 2, "N"), (23, "int4", 4, "N"), (25, "text", -1, "S"), (26, "oid", 4, "N"),
        (114, "json", -1, "U"), (700, "float4", 4, "N"), (701, "float8", 8, "N"), (705, "unknown", -2, "X"),
        (1042, "bpchar", -1, "S"), (1043, "varchar", -1, "S"), (1082, "date", 4, "D"),
        (1114, "timestamp", 8, "D"), (1184, "timestamptz", 8, "D"), (1186, "interval", 16, "T"),
        (1700, "numeric", -1, "N"), (2950, "uuid", 16, "U"), (3802, "jsonb", -1, "U"),
    ]

    private var types: CatalogueTable {
        var table = CatalogueTable(
            "pg_type",
            "oid:i typname typnamespace:i typowner:i typlen:i typbyval:b typtype typcategory typispreferred:b "
                + "typisdefined:b typdelim typrelid:i typsubscript typelem:i typarray:i typinput typoutput typreceive "
                + "typsend typmodin typmodout typanalyze typalign typstorage typnotnull:b typbasetype:i typtypmod:i "
                + "typndims:i typcollation:i typdefaultbin typdefault typacl xmin:i")
        for (oid, name, length, category) in Catalogue.typeRows {
            table.add([
                "oid": .integer(oid), "typname": .text(name),
                "typnamespace": .integer(Catalogue.catalogueSchema),
                "typowner": .integer(Catalogue.owner), "typlen": .integer(length), "typtype": .text("b"),
                "typcategory": .text(category), "typisdefined": .integer(1), "typdelim": .text(","),
                "typrelid": .integer(0), "typelem": .integer(0), "typarray": .integer(0),
                "typbasetype": .integer(0), "typtypmod": .integer(-1), "typndims": .integer(0),
                "typcollation": .integer(0), "typinput": .text(name + "in"), "typoutput": .text(name + "out"),
            ])
        }
        return table
    }

    private var databases: CatalogueTable {
        var table = CatalogueTable(
            "pg_database",
            "oid:i datname datdba:i encoding:i datlocprovider datistemplate:b datallowconn:b datconnlimit:i "
                + "datfrozenxid:i datminmxid:i dattablespace:i datcollate datctype daticulocale daticurules "
                + "datcollversion datacl datlastsysoid:i datlocale xmin:i")
        table.add([
            "oid": .integer(Catalogue.database), "datname": .text("domicile"),
            "datdba": .integer(Catalogue.owner), "encoding": .integer(6), "datlocprovider": .text("c"),
            "datallowconn": .integer(1), "datconnlimit": .integer(-1), "dattablespace": .integer(1663),
            "datcollate": .text("C"), "datctype": .text("C"),
        ])
        return table
    }

    private var roles: CatalogueTable {
        var table = CatalogueTable(
            "pg_roles",
            "oid:i rolname rolsuper:b rolinherit:b rolcreaterole:b rolcreatedb:b rolcanlogin:b rolreplication:b "
                + "rolconnlimit:i rolpassword rolvaliduntil rolbypassrls:b rolconfig")
        for (oid, name) in [(Catalogue.owner, "domicile"), (Catalogue.owner + 1, subject)] {
            table.add([
                "oid": .integer(oid), "rolname": .text(name), "rolinherit": .integer(1),
                "rolcanlogin": .integer(1), "rolconnlimit": .integer(-1),
            ])
        }
        return table
    }

    private var users: CatalogueTable {
        var table = CatalogueTable(
            "pg_user",
            "usename usesysid:i usecreatedb:b usesuper:b userepl:b usebypassrls:b passwd valuntil useconfig")
        table.add(["usename": .text(subject), "usesysid": .integer(Catalogue.owner + 1)])
        return table
    }

    private var accessMethods: CatalogueTable {
        var table = CatalogueTable("pg_am", "oid:i amname amhandler amtype")
        table.add(["oid": .integer(2), "amname": .text("heap"), "amtype": .text("t")])
        return table
    }

    private var settingsTable: CatalogueTable {
        var table = CatalogueTable(
            "pg_settings",
            "name setting unit category short_desc extra_desc context vartype source boot_val reset_val")
        for (name, value) in settings.all {
            table.add([
                "name": .text(name), "setting": .text(value), "category": .text("domicile"),
                "context": .text("user"), "vartype": .text("string"), "source": .text("default"),
                "boot_val": .text(value), "reset_val": .text(value),
            ])
        }
        return table
    }

    private var tablesView: CatalogueTable {
        var table = CatalogueTable(
            "pg_tables",
            "schemaname tablename tableowner tablespace hasindexes:b hasrules:b hastriggers:b rowsecurity:b")
        for relation in relations {
            table.add([
                "schemaname": .text("public"), "tablename": .text(relation.name),
                "tableowner": .text("domicile"),
            ])
        }
        return table
    }

    // MARK: information_schema

    private var informationTables: CatalogueTable {
        var table = CatalogueTable(
            "information_schema_tables",
            "table_catalog table_schema table_name table_type self_referencing_column_name reference_generation "
                + "user_defined_type_catalog user_defined_type_schema user_defined_type_name is_insertable_into "
                + "is_typed commit_action")
        for relation in relations {
            table.add([
                "table_catalog": .text("domicile"), "table_schema": .text("public"),
                "table_name": .text(relation.name), "table_type": .text("BASE TABLE"),
                "is_insertable_into": .text("NO"), "is_typed": .text("NO"),
            ])
        }
        return table
    }

    private var informationColumns: CatalogueTable {
        var table = CatalogueTable(
            "information_schema_columns",
            "table_catalog table_schema table_name column_name ordinal_position:i column_default is_nullable "
                + "data_type character_maximum_length:i character_octet_length:i numeric_precision:i "
                + "numeric_precision_radix:i numeric_scale:i datetime_precision:i collation_name domain_name "
                + "udt_catalog udt_schema udt_name is_identity is_generated is_updatable")
        for relation in relations {
            for (at, column) in relation.columns.enumerated() {
                let type = Catalogue.typeRows.first { $0.0 == Int64(column.type.oid) }?.1
                table.add([
                    "table_catalog": .text("domicile"), "table_schema": .text("public"),
                    "table_name": .text(relation.name), "column_name": .text(column.name),
                    "ordinal_position": .integer(Int64(at + 1)), "is_nullable": .text("YES"),
                    "data_type": .text(column.type.postgreSQLName), "udt_catalog": .text("domicile"),
                    "udt_schema": .text("pg_catalog"), "udt_name": ConsoleValue(type),
                    "is_identity": .text("NO"), "is_generated": .text("NEVER"), "is_updatable": .text("NO"),
                ])
            }
        }
        return table
    }

    private var informationSchemata: CatalogueTable {
        var table = CatalogueTable("information_schema_schemata", "catalog_name schema_name schema_owner")
        for name in ["pg_catalog", "public", "information_schema"] {
            table.add([
                "catalog_name": .text("domicile"), "schema_name": .text(name),
                "schema_owner": .text("domicile"),
            ])
        }
        return table
    }
}
