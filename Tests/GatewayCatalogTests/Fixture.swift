import GatewayCatalog

/// Rows written by hand; OIDs are handed out in order.
struct Catalogue {
    var rows = CatalogRows(serverVersion: 150_020)
    private var last: UInt32 = 16_384

    init() {
        rows.builtIns = ["pg_read_file", "set_config", "query_to_xml", "lower", "count"].enumerated().map {
            CatalogRows.BuiltIn(oid: UInt32(3_000 + $0.offset), name: $0.element, symbol: $0.element)
        }
    }

    /// The server's own functions that do something, as the tests see them.
    static let builtIns: BuiltInReach = { name in
        switch name {
        case "pg_read_file": .egress
        case "query_to_xml": .opaque
        case "pg_stat_get_activity": .peers
        case "lower", "count", "set_config": []
        // As the real one answers for what it does not know.
        default: .opaque
        }
    }

    private mutating func oid() -> UInt32 {
        last += 1
        return last
    }

    mutating func relation(
        _ name: String, _ kind: CatalogRelationKind = .table, schema: String = "public", rowType: UInt32 = 0
    ) -> CatalogNode {
        let oid = oid()
        rows.relations.append(
            CatalogRows.Relation(oid: oid, schema: schema, name: name, kind: kind, rowType: rowType))
        return .relation(oid)
    }

    mutating func function(
        _ name: String, _ language: String = "plpgsql", _ source: String? = "BEGIN RETURN 1; END",
        schema: String = "public", trusted: Bool = true, kind: String = "f", definer: Bool = false,
        settings: [String] = [], library: String? = nil, parsed: Bool = false
    ) -> CatalogNode {
        let oid = oid()
        rows.functions.append(
            CatalogRows.Function(
                oid: oid, schema: schema, name: name, language: language, languageIsTrusted: trusted,
                kind: kind, isSecurityDefiner: definer, settings: settings, library: library,
                source: source, isParsed: parsed))
        return .function(oid)
    }

    mutating func operation(_ name: String, schema: String = "public") -> CatalogNode {
        let oid = oid()
        rows.operators.append(CatalogRows.Named(oid: oid, schema: schema, name: name))
        return .operator(oid)
    }

    mutating func type(_ name: String, schema: String = "public") -> CatalogNode {
        let oid = oid()
        rows.types.append(CatalogRows.Named(oid: oid, schema: schema, name: name))
        return .type(oid)
    }

    mutating func link(_ from: CatalogNode, _ kind: CatalogLink, _ to: CatalogNode) {
        rows.links.append(CatalogRows.Link(from, kind, to))
    }

    func closed(_ body: @escaping BodyReader = { _ in nil }) -> CatalogSnapshot {
        CatalogClosure.snapshot(of: rows, builtIns: Catalogue.builtIns, body: body)
    }
}

extension CatalogSnapshot {
    func relation(_ name: String) -> CatalogRelation? { relations(named: name, schema: nil).first }
    func function(_ name: String) -> CatalogFunction? { functions(named: name, schema: nil).first }
    func read(_ name: String) -> CatalogReach? { relation(name)?.read }
    func readOnly(_ name: String) -> CatalogReach? { relation(name)?.readOnly }
    func write(_ name: String) -> CatalogReach? { relation(name)?.write }
    func reach(_ name: String) -> CatalogReach? { function(name)?.reach }
    func type(_ name: String) -> CatalogReach? { types(named: name, schema: nil).first?.reach }
}
