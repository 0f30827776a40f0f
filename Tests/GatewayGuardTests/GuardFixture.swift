import GatewayCatalog
import GatewayGuard
import GatewayPolicy
import SQLText

/// A small database as its catalogue tells it, and judgement in it.
enum GuardFixture {
    static let catalog = CatalogSnapshot(
        serverVersion: 150_020,
        relations: [
            CatalogRelation(schema: "public", name: "customers", kind: .table),
            CatalogRelation(schema: "public", name: "orders", kind: .table),
            CatalogRelation(
                schema: "public", name: "far", kind: .foreignTable, read: .egress, readOnly: .egress,
                write: .egress, reasons: [CatalogReason(reach: .egress, text: "is a foreign table")]),
            CatalogRelation(
                schema: "public", name: "notes", kind: .table, read: .egress, write: .egress,
                reasons: [CatalogReason(reach: .egress, text: "has the foreign child public.notes_far")]),
            CatalogRelation(
                schema: "public", name: "audit_trail", kind: .table, write: .egress,
                reasons: [CatalogReason(reach: .egress, text: "has a default that calls app.ping")]),
            CatalogRelation(
                schema: "public", name: "parents", kind: .table, cascade: .egress,
                reasons: [CatalogReason(reach: .egress, text: "is referred to by public.audit_trail")]),
            CatalogRelation(schema: "pg_catalog", name: "pg_class", kind: .table),
            CatalogRelation(schema: "pg_catalog", name: "pg_authid", kind: .table),
            CatalogRelation(schema: "pg_catalog", name: "pg_foreign_table", kind: .table),
            CatalogRelation(schema: "pg_catalog", name: "pg_settings", kind: .view),
            CatalogRelation(schema: "pg_catalog", name: "pg_tables", kind: .view),
            CatalogRelation(schema: "pg_catalog", name: "pg_stat_activity", kind: .view),
            CatalogRelation(schema: "pg_catalog", name: "pg_locks", kind: .view),
            CatalogRelation(schema: "pg_catalog", name: "pg_hba_file_rules", kind: .view),
            CatalogRelation(schema: "information_schema", name: "tables", kind: .view),
            CatalogRelation(schema: "information_schema", name: "enabled_roles", kind: .view),
            CatalogRelation(
                schema: "public", name: "guarded", kind: .table, lock: .egress, write: .egress,
                reasons: [CatalogReason(reach: .egress, text: "when locked, calls app.ping")]),
        ],
        functions: [
            CatalogFunction(schema: "public", name: "order_total", language: "sql"),
            function("public", "dblink", .egress), function("public", "dblink_connect", .egress),
            function("app", "mystery", .opaque), function("overlay", "lower", .egress),
            function("public", "as_owner", .roleChange), function("public", "leave", .settings),
            CatalogFunction(
                schema: "public", name: "status", language: "plpgsql", takesOne: false, reach: .opaque,
                reasons: [CatalogReason(reach: .opaque, text: "runs text")]),
            function("public", "summary", .egress), function("public", "compiled", .program),
        ],
        operators: [
            CatalogOperator(
                schema: "app", name: "===", reach: .egress,
                reasons: [CatalogReason(reach: .egress, text: "calls app.ping")])
        ],
        types: [
            CatalogType(
                schema: "app", name: "checked", reach: .egress,
                reasons: [CatalogReason(reach: .egress, text: "has a check that calls app.ping")]),
            CatalogType(
                schema: "app", name: "odd_ops", reach: .egress,
                reasons: [CatalogReason(reach: .egress, text: "calls app.ping")]),
        ],
        partitionKeys: [CatalogReason(reach: .egress, text: "reaches app.ping")],
        typeOIDs: [
            20_000: CatalogType(
                schema: "app", name: "checked", reach: .egress,
                reasons: [CatalogReason(reach: .egress, text: "has a check that calls app.ping")])
        ], known: known)

    static let known = KnownNames(
        operators: ["=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "||", "~~"],
        types: ["int4", "int8", "text", "varchar", "bpchar", "bool", "numeric", "tsquery", "_text"],
        typeOIDs: [20_001])

    private static func function(_ schema: String, _ name: String, _ reach: CatalogReach) -> CatalogFunction {
        CatalogFunction(
            schema: schema, name: name, language: "c", reach: reach,
            reasons: [CatalogReason(reach: reach, text: "does it")])
    }

    static func rules(_ forbid: Set<StatementClass> = [], _ access: Access = .readWrite) -> GuardRules {
        GuardRules(
            forbid: forbid, access: access, forbidsTemporary: false, roles: ["analyst", "writer"],
            databases: ["orders"])
    }

    static let published = PublishedCatalog(number: 1, snapshot: catalog)

    static func judged(
        _ sql: String, conforming: Bool = true, catalog: PublishedCatalog? = published
    ) -> JudgedText {
        let bytes = Array(sql.utf8)
        return JudgedText(bytes.span, conformingStrings: conforming, catalog: catalog, describes: true)
    }

    static func session(_ rules: GuardRules) -> SessionGuard {
        var session = SessionGuard(rules: rules)
        session.catalog = published
        return session
    }

    static func verdict(
        _ sql: String, _ forbid: Set<StatementClass> = [], _ access: Access = .readWrite
    ) -> StatementVerdict {
        session(rules(forbid, access)).verdict(judged(sql).judgement)
    }
}
