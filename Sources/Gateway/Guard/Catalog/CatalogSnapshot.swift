import SQLText

/// What a database's catalogue says of where its objects lead: immutable, of one replica at one time.
package struct CatalogSnapshot: Sendable {
    /// `server_version_num`.
    package let serverVersion: Int
    package var grammar: GrammarVersion { GrammarVersion(serverVersionNumber: serverVersion) }
    /// What any statement can call though it names nothing: casts between the server's own types, and operator
    /// classes for them, that somebody added.
    package let ambient: [CatalogReason]
    /// What event triggers reach, and so any statement that changes the schema.
    package let schemaChanges: [CatalogReason]
    /// What ANALYZE, CLUSTER or REINDEX of all tables reaches by their index expressions and partitions; each kind once.
    package let everyTable: [CatalogReason]
    /// What compares the bounds of partitions, which showing a partition's constraint does.
    package let partitionKeys: [CatalogReason]
    package let relationCount: Int
    package let functionCount: Int

    private let relations: [String: [CatalogRelation]]
    private let functions: [String: [CatalogFunction]]
    private let operators: [String: [CatalogOperator]]
    private let types: [String: [CatalogType]]
    private let typeOIDs: [UInt32: CatalogType]
    private let known: KnownNames

    package init(
        serverVersion: Int, relations: [CatalogRelation], functions: [CatalogFunction] = [],
        operators: [CatalogOperator] = [], types: [CatalogType] = [], ambient: [CatalogReason] = [],
        schemaChanges: [CatalogReason] = [], partitionKeys: [CatalogReason] = [],
        typeOIDs: [UInt32: CatalogType] = [:], known: KnownNames = KnownNames()
    ) {
        self.partitionKeys = partitionKeys
        self.known = known
        self.serverVersion = serverVersion
        self.ambient = ambient
        self.schemaChanges = schemaChanges
        relationCount = relations.count
        functionCount = functions.count
        self.relations = Dictionary(grouping: relations, by: \.name)
        self.functions = Dictionary(grouping: functions, by: \.name)
        self.operators = Dictionary(grouping: operators, by: \.name)
        self.types = Dictionary(grouping: types, by: \.name)
        self.typeOIDs = typeOIDs
        var every: [CatalogReason] = []
        for table in relations where table.kind == .table || table.kind == .partitionedTable {
            CatalogSnapshot.add(table.read, of: table, to: &every)
        }
        everyTable = every
    }

    /// Each kind of reach once, with the object that has it.
    private static func add(
        _ reach: CatalogReach, of object: some CatalogObject, to reasons: inout [CatalogReason]
    ) {
        for kind in CatalogReach.each
        where reach.contains(kind) && !reasons.contains(where: { $0.reach == kind }) {
            let text = "\(object.qualifiedName) \(object.reason(for: kind) ?? object.reason)"
            reasons.append(CatalogReason(reach: kind, text: text))
        }
    }

    /// What the objects of a schema reach, each kind once.
    package func reasons(ofSchema schema: String) -> [CatalogReason] {
        var reasons: [CatalogReason] = []
        for found in relations.values {
            for one in found where one.schema == schema {
                CatalogSnapshot.add(one.reach, of: one, to: &reasons)
            }
        }
        for found in functions.values {
            for one in found where one.schema == schema {
                CatalogSnapshot.add(one.reach, of: one, to: &reasons)
            }
        }
        for found in Array(operators.values) + Array(types.values) {
            for one in found where one.schema == schema {
                CatalogSnapshot.add(one.reach, of: one, to: &reasons)
            }
        }
        return reasons
    }

    /// A type with a reach, or an array of it, by its OID.
    package func type(oid: UInt32) -> CatalogType? { typeOIDs[oid] }

    /// All relations of the name, in every schema where `schema` is nil. Names are as the catalogue has them: folded,
    /// and cut to 63 bytes.
    package func relations(named name: String, schema: String?) -> [CatalogRelation] {
        CatalogSnapshot.found(relations[name], schema)
    }

    package func knowsRelation(named name: String, schema: String?) -> Bool {
        guard let all = relations[name] else { return false }
        return schema == nil || all.contains { $0.schema == schema }
    }

    /// Functions, procedures and aggregates that are not the server's own.
    package func functions(named name: String, schema: String?) -> [CatalogFunction] {
        CatalogSnapshot.found(functions[name], schema)
    }

    /// Operators with a reach.
    package func operators(named name: String, schema: String?) -> [CatalogOperator] {
        CatalogSnapshot.found(operators[name], schema)
    }

    /// Types with a reach.
    package func types(named name: String, schema: String?) -> [CatalogType] {
        CatalogSnapshot.found(types[name], schema)
    }

    /// Whether the catalogue has an operator of the name.
    package func knowsOperator(named name: String, schema: String?) -> Bool {
        operators[name] != nil && !operators(named: name, schema: schema).isEmpty
            || known.operators.has(name, schema)
    }

    /// Whether the catalogue has a type of the name, an array type, a relation's row or an operator class.
    package func knowsType(named name: String, schema: String?) -> Bool {
        knowsRelation(named: name, schema: schema) || !types(named: name, schema: schema).isEmpty
            || known.types.has(name, schema)
    }

    /// Whether the catalogue has the type of this OID.
    package func knowsType(oid: UInt32) -> Bool {
        oid < CatalogLimits.firstOID || known.typeOIDs.contains(oid) || typeOIDs[oid] != nil
    }

    private static func found<Object: CatalogObject>(_ all: [Object]?, _ schema: String?) -> [Object] {
        guard let all else { return [] }
        guard let schema else { return all }
        return all.filter { $0.schema == schema }
    }
}
