/// Concludes from a catalogue's rows what each object leads to.
package struct CatalogClosure {
    private let rows: CatalogRows
    private let builtIns: BuiltInReach
    private let body: BodyReader
    private let harmless: DeclaredHarmless
    private var graph = CatalogGraph()
    private var relations: [UInt32: Int32] = [:]
    private var rowTypes: [UInt32: Int32] = [:]
    /// The server's own tables, and its views that nobody can write through.
    private var serverTables: Set<UInt32> = []
    private var fixedViews: Set<UInt32> = []
    private var functions: [UInt32: Int32] = [:]
    private var operators: [UInt32: Int32] = [:]
    private var types: [UInt32: Int32] = [:]
    private var classes: [UInt32: Int32] = [:]
    private var families: [UInt32: Int32] = [:]
    /// The server's own functions, one node a name.
    private var builtInNames: [String: Int32] = [:]
    private var builtInOIDs: [UInt32: Int32] = [:]
    private var builtInSymbols: [String: Set<String>] = [:]
    private var names = CatalogNames()
    /// nil: a name of nothing.
    private var nameNodes: [NameKey: Int32?] = [:]
    private var labels: [Int32: String] = [:]
    private var ambient: Int32 = 0
    private var schemaChange: Int32 = 0
    private var partitionKeys: Int32 = 0

    private enum NameKind: Hashable {
        case read, write, truncate, function, `operator`, type, anyRead, anyWritten
    }

    private struct NameKey: Hashable {
        let kind: NameKind
        let name: BodyFacts.Name
    }

    /// A relation is six nodes.
    private enum Facet: Int32, CaseIterable { case readOnly, read, lock, write, row, cascade }

    /// What the rows say. `builtIns` knows the server's own functions, `body` reads SQL, `harmless` is what the operator
    /// vouches for.
    package static func snapshot(
        of rows: CatalogRows, builtIns: @escaping BuiltInReach, body: @escaping BodyReader,
        harmless: DeclaredHarmless = DeclaredHarmless()
    ) -> CatalogSnapshot {
        var closure = CatalogClosure(rows: rows, builtIns: builtIns, body: body, harmless: harmless)
        closure.addNodes()
        for link in rows.links { closure.follow(link) }
        closure.readFunctions()
        closure.graph.close()
        return closure.conclude()
    }

    private init(
        rows: CatalogRows, builtIns: @escaping BuiltInReach, body: @escaping BodyReader,
        harmless: DeclaredHarmless
    ) {
        self.harmless = harmless
        self.rows = rows
        self.builtIns = builtIns
        self.body = body
    }

    // MARK: - Nodes

    private mutating func addNodes() {
        let nodes = rows.relations.count * 6 + rows.functions.count + rows.operators.count + rows.types.count
        graph.reserve(nodes: nodes + rows.builtIns.count, edges: rows.links.count + rows.relations.count * 5)
        ambient = graph.add()
        schemaChange = graph.add()
        partitionKeys = graph.add()
        addRelations()
        for function in rows.functions where functions[function.oid] == nil {
            let node = graph.add()
            functions[function.oid] = node
            names.functions[function.name, default: []].append((function.schema, node))
        }
        for found in rows.operators where operators[found.oid] == nil {
            let node = graph.add()
            operators[found.oid] = node
            names.operators[found.name, default: []].append((found.schema, node))
        }
        for type in rows.types where types[type.oid] == nil {
            let node = graph.add()
            types[type.oid] = node
            names.types[type.name, default: []].append((type.schema, node))
        }
        for found in rows.classes where classes[found.oid] == nil {
            let node = graph.add()
            classes[found.oid] = node
            names.types[found.name, default: []].append((found.schema, node))
        }
        for array in rows.arrays {
            guard let node = types[array.element] ?? rowTypes[array.element] else { continue }
            types[array.type.oid] = node
            names.types[array.type.name, default: []].append((array.type.schema, node))
        }
        for builtIn in rows.builtIns {
            builtInSymbols[builtIn.symbol, default: []].insert(builtIn.name)
            builtInOIDs[builtIn.oid] = builtInNode(builtIn.name)
        }
        if let node = builtInNames[PartitionKeys.function] { graph.connect(node, uses: partitionKeys) }
    }

    private mutating func addRelations() {
        relations.reserveCapacity(rows.relations.count)
        for relation in rows.relations where relations[relation.oid] == nil {
            let first = graph.add(Int(Facet.allCases.count))
            relations[relation.oid] = first
            if ServerViews.schemas.contains(relation.schema) {
                if relation.kind == .table { serverTables.insert(relation.oid) }
                if !ServerViews.writable.contains(relation.name) { fixedViews.insert(relation.oid) }
            }
            names.relations[relation.name, default: []].append((relation.schema, first))
            graph.connect(first + Facet.read.rawValue, uses: first + Facet.readOnly.rawValue)
            graph.connect(first + Facet.lock.rawValue, uses: first + Facet.read.rawValue)
            graph.connect(first + Facet.write.rawValue, uses: first + Facet.lock.rawValue)
            graph.connect(first + Facet.write.rawValue, uses: first + Facet.row.rawValue)
            graph.connect(first + Facet.cascade.rawValue, uses: first + Facet.write.rawValue)
            if relation.rowType != 0 { rowTypes[relation.rowType] = first + Facet.row.rawValue }
            if relation.kind == .foreignTable {
                graph.mark(
                    first + Facet.readOnly.rawValue,
                    [CatalogReason(reach: .egress, text: ReasonWriter.foreignTable)])
            }
        }
    }

    private mutating func builtInNode(_ name: String) -> Int32 {
        if let node = builtInNames[name] { return node }
        let node = graph.add()
        builtInNames[name] = node
        var reach = builtIns(name)
        // A body whose calls all name what they set has no way here.
        if name == WatchedSettings.function { reach.formUnion([.opaque, .settings, .roleChange]) }
        graph.mark(
            node,
            CatalogReach.each.filter { reach.contains($0) }.map { kind in
                CatalogReason(reach: kind, text: "\(ReasonWriter.builtIn)\(name)")
            })
        labels[node] = "the function pg_catalog.\(name)"
        return node
    }

    // MARK: - Links

    private mutating func follow(_ link: CatalogRows.Link) {
        guard let from = user(link), let to = used(link), from != to else { return }
        graph.connect(from, uses: to)
        // Writing an updatable view writes its tables; locking one locks them.
        if link.kind == .view, case .relation(let viewed) = link.to, case .relation(let view) = link.from,
            let target = relations[viewed], let source = relations[view]
        {
            graph.connect(source + Facet.lock.rawValue, uses: target + Facet.lock.rawValue)
            graph.connect(source + Facet.write.rawValue, uses: target + Facet.write.rawValue)
            if serverTables.contains(viewed), !fixedViews.contains(view) {
                graph.mark(
                    source + Facet.write.rawValue,
                    [CatalogReason(reach: .opaque, text: ReasonWriter.viewOfServers)])
            }
        }
        if link.kind == .child, case .relation(let child) = link.to, case .relation(let parent) = link.from,
            let target = relations[child], let source = relations[parent]
        {
            graph.connect(source + Facet.lock.rawValue, uses: target + Facet.lock.rawValue)
            graph.connect(source + Facet.write.rawValue, uses: target + Facet.write.rawValue)
            graph.connect(source + Facet.cascade.rawValue, uses: target + Facet.cascade.rawValue)
        }
        // A value of the row's type holds one of the column's, wherever it comes from.
        if link.kind == .column || link.kind == .domain, case .relation(let oid) = link.from,
            let source = relations[oid]
        {
            graph.connect(source + Facet.row.rawValue, uses: to)
        }
    }

    private mutating func user(_ link: CatalogRows.Link) -> Int32? {
        guard case .relation(let oid) = link.from else { return node(link.from, .row) }
        guard let first = relations[oid] else { return nil }
        switch link.kind {
        case .view, .locks, .planned, .column, .domain: return first + Facet.readOnly.rawValue
        case .locked: return first + Facet.lock.rawValue
        case .child: return first + Facet.read.rawValue
        case .rule, .cascade, .written, .reference, .reads, .uses: return first + Facet.write.rawValue
        case .truncated: return first + Facet.cascade.rawValue
        }
    }

    private mutating func used(_ link: CatalogRows.Link) -> Int32? {
        switch link.kind {
        case .view, .child, .planned, .reads: node(link.to, .read)
        case .locks: node(link.to, .lock)
        case .rule, .cascade, .written, .locked, .uses: node(link.to, .write)
        case .reference: node(link.to, .readOnly)
        case .column, .domain: node(link.to, .row)
        case .truncated: node(link.to, .cascade)
        }
    }

    private mutating func node(_ node: CatalogNode, _ facet: Facet) -> Int32? {
        switch node {
        case .relation(let oid): return relations[oid].map { $0 + facet.rawValue }
        case .function(let oid): return functions[oid] ?? builtInOIDs[oid]
        case .operator(let oid): return operators[oid]
        case .type(let oid): return types[oid] ?? rowTypes[oid]
        case .operatorClass(let oid): return classes[oid]
        case .family(let oid):
            if let known = families[oid] { return known }
            let fresh = graph.add()
            families[oid] = fresh
            return fresh
        case .ambient: return ambient
        case .schemaChange: return schemaChange
        case .partitionKeys: return partitionKeys
        }
    }

    // MARK: - Functions

    private mutating func readFunctions() {
        for function in rows.functions {
            guard let node = functions[function.oid] else { continue }
            let facts = FunctionReading(
                function: function, symbols: builtInSymbols, body: body, harmless: harmless
            ).facts()
            graph.mark(node, facts.own)
            follow(facts.reads, .read, from: node)
            follow(facts.writes, .write, from: node)
            follow(facts.truncates, .truncate, from: node)
            follow(facts.functions, .function, from: node)
            follow(facts.operators, .operator, from: node)
            follow(facts.types, .type, from: node)
            let mentions = Set(facts.mentions.lazy.map { BodyFacts.Name($0) })
            follow(mentions, facts.mentionsAreRead ? .anyRead : .anyWritten, from: node)
            // TRUNCATE … CASCADE of any of them.
            if facts.mentions.isSuperset(of: ["truncate", "cascade"]) {
                follow(mentions, .truncate, from: node)
            }
        }
    }

    private mutating func follow(_ found: Set<BodyFacts.Name>, _ kind: NameKind, from node: Int32) {
        for name in found {
            if let other = nameNode(NameKey(kind: kind, name: name)) { graph.connect(node, uses: other) }
        }
    }

    /// A node for everything that a name may stand for, so that a name of many objects costs one edge a user.
    private mutating func nameNode(_ key: NameKey) -> Int32? {
        if let known = nameNodes[key] { return known }
        let targets = targets(key)
        var node: Int32?
        if !targets.isEmpty {
            let fresh = graph.add()
            for target in targets { graph.connect(fresh, uses: target) }
            node = fresh
        }
        nameNodes[key] = .some(node)
        return node
    }

    private mutating func targets(_ key: NameKey) -> [Int32] {
        let name = key.name
        let relations = names.all(names.relations, name)
        switch key.kind {
        case .read: return relations.map { $0 + Facet.read.rawValue }
        case .write: return relations.map { $0 + Facet.write.rawValue }
        case .truncate: return relations.map { $0 + Facet.cascade.rawValue }
        case .function: return functions(name)
        case .operator: return names.all(names.operators, name)
        case .type:
            return names.all(names.types, name) + relations.map { $0 + Facet.row.rawValue }
        case .anyRead, .anyWritten:
            let facet = key.kind == .anyRead ? Facet.read : Facet.write
            return relations.map { $0 + facet.rawValue } + relations.map { $0 + Facet.row.rawValue }
                + functions(name) + names.all(names.types, name)
        }
    }

    private mutating func functions(_ name: BodyFacts.Name) -> [Int32] {
        var found = names.all(names.functions, name)
        // Only names that the server has: what no function is called is somebody's variable.
        if name.schema == nil || name.schema == "pg_catalog", let node = builtInNames[name.name] {
            found.append(node)
        }
        return found
    }

    // MARK: - What comes of it

    private func conclude() -> CatalogSnapshot {
        let writer = ReasonWriter(graph: graph, labels: allLabels())
        return CatalogSnapshot(
            serverVersion: rows.serverVersion, relations: concludedRelations(writer),
            functions: concludedFunctions(writer),
            operators: rows.operators.compactMap { found in
                guard let node = operators[found.oid], !graph.reach[Int(node)].isEmpty else { return nil }
                return CatalogOperator(
                    schema: found.schema, name: found.name, reach: graph.reach[Int(node)],
                    reasons: writer.reasons(of: node))
            },
            types: concludedTypes(writer), ambient: writer.reasons(of: ambient),
            schemaChanges: writer.reasons(of: schemaChange),
            partitionKeys: writer.reasons(of: partitionKeys), typeOIDs: concludedOIDs(writer),
            known: KnownNames(rows))
    }

    private func concludedRelations(_ writer: ReasonWriter) -> [CatalogRelation] {
        rows.relations.compactMap { relation in
            guard let first = relations[relation.oid] else { return nil }
            let read = first + Facet.read.rawValue
            let lock = first + Facet.lock.rawValue
            let write = first + Facet.write.rawValue
            let cascade = first + Facet.cascade.rawValue
            let all = graph.reach[Int(cascade)]
            var reasons: [CatalogReason] = []
            if !all.isEmpty {
                for kind in CatalogReach.each where all.contains(kind) {
                    let uses = [(read, ""), (lock, "when locked, "), (write, "when written, ")]
                    let (node, prefix) =
                        uses.first { graph.reach[Int($0.0)].contains(kind) }
                        ?? (cascade, "by TRUNCATE … CASCADE, ")
                    reasons.append(CatalogReason(reach: kind, text: prefix + writer.text(of: node, kind)))
                }
            }
            return CatalogRelation(
                schema: relation.schema, name: relation.name, kind: relation.kind,
                read: graph.reach[Int(read)], readOnly: graph.reach[Int(first + Facet.readOnly.rawValue)],
                lock: graph.reach[Int(lock)], write: graph.reach[Int(write)], cascade: all,
                reasons: reasons)
        }
    }

    private func concludedFunctions(_ writer: ReasonWriter) -> [CatalogFunction] {
        rows.functions.compactMap { function in
            guard let node = functions[function.oid] else { return nil }
            return CatalogFunction(
                schema: function.schema, name: function.name, language: function.language,
                isProcedure: function.kind == "p", isSecurityDefiner: function.isSecurityDefiner,
                takesOne: function.takesOne,
                extension: function.extension, reach: graph.reach[Int(node)],
                reasons: writer.reasons(of: node))
        }
    }

    private func concludedTypes(_ writer: ReasonWriter) -> [CatalogType] {
        let named = (rows.types + rows.classes + rows.arrays.map(\.type)).compactMap { type -> CatalogType? in
            guard let node = types[type.oid] ?? classes[type.oid], !graph.reach[Int(node)].isEmpty else {
                return nil
            }
            return CatalogType(
                schema: type.schema, name: type.name, reach: graph.reach[Int(node)],
                reasons: writer.reasons(of: node))
        }
        let ofRows = rows.relations.compactMap { relation -> CatalogType? in
            guard let first = relations[relation.oid] else { return nil }
            let node = first + Facet.row.rawValue
            guard !graph.reach[Int(node)].isEmpty else { return nil }
            return CatalogType(
                schema: relation.schema, name: relation.name, reach: graph.reach[Int(node)],
                reasons: writer.reasons(of: node))
        }
        return named + ofRows
    }

    /// Types and rows that have a reach, and arrays of them.
    private func concludedOIDs(_ writer: ReasonWriter) -> [UInt32: CatalogType] {
        var found: [UInt32: CatalogType] = [:]
        func add(_ oid: UInt32, _ node: Int32?, _ schema: String, _ name: String) {
            guard let node, !graph.reach[Int(node)].isEmpty else { return }
            found[oid] = CatalogType(
                schema: schema, name: name, reach: graph.reach[Int(node)], reasons: writer.reasons(of: node))
        }
        for type in rows.types { add(type.oid, types[type.oid], type.schema, type.name) }
        for relation in rows.relations where relation.rowType != 0 {
            add(relation.rowType, rowTypes[relation.rowType], relation.schema, relation.name)
        }
        for array in rows.arrays {
            add(array.type.oid, types[array.type.oid], array.type.schema, array.type.name)
        }
        return found
    }

    /// Of what has a reach: nothing else stands in a reason.
    private func allLabels() -> [Int32: String] {
        var labels = labels
        for relation in rows.relations {
            guard let first = relations[relation.oid],
                !graph.reach[Int(first + Facet.cascade.rawValue)].isEmpty
            else { continue }
            let label = "the \(relation.kind.noun) \(relation.schema).\(relation.name)"
            for facet in Facet.allCases { labels[first + facet.rawValue] = label }
        }
        for function in rows.functions {
            guard let node = functions[function.oid], !graph.reach[Int(node)].isEmpty else { continue }
            let noun =
                switch function.kind {
                case "p": "procedure"
                case "a": "aggregate"
                default: "function"
                }
            labels[node] = "the \(noun) \(function.schema).\(function.name)"
        }
        for (found, nodes, noun) in [
            (rows.operators, operators, "operator"), (rows.types, types, "type"),
            (rows.classes, classes, "operator class"),
        ] {
            for object in found {
                guard let node = nodes[object.oid], !graph.reach[Int(node)].isEmpty else { continue }
                labels[node] = "the \(noun) \(object.schema).\(object.name)"
            }
        }
        return labels
    }
}

/// Objects by their names.
struct CatalogNames {
    typealias Found = [String: [(schema: String, node: Int32)]]

    var relations: Found = [:]
    var functions: Found = [:]
    var operators: Found = [:]
    var types: Found = [:]

    func all(_ found: Found, _ name: BodyFacts.Name) -> [Int32] {
        guard let objects = found[name.name] else { return [] }
        guard let schema = name.schema else { return objects.map(\.node) }
        return objects.filter { $0.schema == schema }.map(\.node)
    }
}
