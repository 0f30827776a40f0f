import GatewayCatalog

/// Makes a catalogue's rows of the cells that the queries gave. A row that no server can give is a failure: a
/// catalogue read in part would be taken for harmless.
struct CatalogRowReader {
    private(set) var rows: CatalogRows
    /// Few schemas, many objects: one string each.
    private var schemas: [String: String] = [:]

    init(serverVersion: Int) { rows = CatalogRows(serverVersion: serverVersion) }

    mutating func relation(_ cells: [String?]) throws(CatalogFailure) {
        try expect(cells.count == 5, "a relation")
        let kind = try text(cells[3]).first.flatMap { CatalogRelationKind(rawValue: String($0)) }
        guard let kind else { throw .unexpectedAnswer("a relation of an unknown kind") }
        rows.relations.append(
            CatalogRows.Relation(
                oid: try oid(cells[0]), schema: try schema(cells[1]), name: try text(cells[2]), kind: kind,
                rowType: try oid(cells[4])))
    }

    mutating func function(_ cells: [String?]) throws(CatalogFailure) {
        try expect(cells.count == 13, "a function")
        rows.functions.append(
            CatalogRows.Function(
                oid: try oid(cells[0]), schema: try schema(cells[1]), name: try text(cells[2]),
                language: try text(cells[3]), languageIsTrusted: cells[4] == "t", kind: try text(cells[5]),
                isSecurityDefiner: cells[6] != "f", takesOne: cells[12] != "f", extension: cells[7],
                settings: (cells[8] ?? "").split(separator: "\n").map { String($0) }, library: cells[9],
                source: cells[10], isParsed: cells[11] == "t"))
    }

    mutating func operation(_ cells: [String?]) throws(CatalogFailure) {
        rows.operators.append(try named(cells))
    }

    mutating func type(_ cells: [String?]) throws(CatalogFailure) { rows.types.append(try named(cells)) }

    mutating func operatorClass(_ cells: [String?]) throws(CatalogFailure) {
        rows.classes.append(try named(cells))
    }

    mutating func serverOperator(_ cells: [String?]) throws(CatalogFailure) {
        rows.serverOperators.append(try named(cells))
    }

    mutating func serverType(_ cells: [String?]) throws(CatalogFailure) {
        rows.serverTypes.append(try named(cells))
    }

    mutating func array(_ cells: [String?]) throws(CatalogFailure) {
        try expect(cells.count == 4, "an array type")
        rows.arrays.append(
            CatalogRows.Array(type: try named(Array(cells[..<3])), element: try oid(cells[3])))
    }

    mutating func builtIn(_ cells: [String?]) throws(CatalogFailure) {
        try expect(cells.count == 3, "a function")
        rows.builtIns.append(
            CatalogRows.BuiltIn(oid: try oid(cells[0]), name: try text(cells[1]), symbol: cells[2] ?? ""))
    }

    mutating func link(_ cells: [String?]) throws(CatalogFailure) {
        try expect(cells.count == 5, "a link")
        guard let kind = CatalogLink(rawValue: try text(cells[2])) else {
            throw .unexpectedAnswer("a link of an unknown kind")
        }
        rows.links.append(
            CatalogRows.Link(try node(cells[0], cells[1]), kind, try node(cells[3], cells[4])))
    }

    private func node(_ letter: String?, _ number: String?) throws(CatalogFailure) -> CatalogNode {
        let oid = try oid(number)
        switch letter {
        case "r": return .relation(oid)
        case "f": return .function(oid)
        case "o": return .operator(oid)
        case "t": return .type(oid)
        case "k": return .operatorClass(oid)
        case "y": return .family(oid)
        case "a": return .ambient
        case "s": return .schemaChange
        case "p": return .partitionKeys
        case .some, .none: throw .unexpectedAnswer("a link to an unknown kind of object")
        }
    }

    private mutating func named(_ cells: [String?]) throws(CatalogFailure) -> CatalogRows.Named {
        try expect(cells.count == 3, "an operator or a type")
        return CatalogRows.Named(
            oid: try oid(cells[0]), schema: try schema(cells[1]), name: try text(cells[2]))
    }

    private mutating func schema(_ cell: String?) throws(CatalogFailure) -> String {
        let name = try text(cell)
        if let known = schemas[name] { return known }
        schemas[name] = name
        return name
    }

    private func text(_ cell: String?) throws(CatalogFailure) -> String {
        guard let cell else { throw .unexpectedAnswer("no name") }
        return cell
    }

    private func oid(_ cell: String?) throws(CatalogFailure) -> UInt32 {
        guard let oid = cell.flatMap({ UInt32($0) }) else { throw .unexpectedAnswer("no OID") }
        return oid
    }

    private func expect(_ condition: Bool, _ what: String) throws(CatalogFailure) {
        guard condition else { throw .unexpectedAnswer("\(what) of other columns") }
    }
}
