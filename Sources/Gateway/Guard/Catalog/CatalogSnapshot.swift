/// What a database's catalogue says of where its objects lead: immutable, of one replica at one time.
package struct CatalogSnapshot: Sendable {
    /// `server_version_num`.
    package let serverVersion: Int
    /// What any statement can call though it names nothing: casts between the server's own types, and operator
    /// classes for them, that somebody added.
    package let ambient: [CatalogReason]
    /// What event triggers reach, and so any statement that changes the schema.
    package let schemaChanges: [CatalogReason]
    /// What reading any relation reaches, a reason for each kind, with the relation's name.
    package let everyRelation: [CatalogReason]
    package let relationCount: Int
    package let functionCount: Int

    private let relations: [String: [CatalogRelation]]
    private let functions: [String: [CatalogFunction]]
    private let operators: [String: [CatalogOperator]]
    private let types: [String: [CatalogType]]

    package init(
        serverVersion: Int, relations: [CatalogRelation], functions: [CatalogFunction] = [],
        operators: [CatalogOperator] = [], types: [CatalogType] = [], ambient: [CatalogReason] = [],
        schemaChanges: [CatalogReason] = []
    ) {
        self.serverVersion = serverVersion
        self.ambient = ambient
        self.schemaChanges = schemaChanges
        everyRelation = CatalogReach.each.compactMap { kind in
            for one in relations where one.read.contains(kind) {
                return CatalogReason(
                    reach: kind, text: "\(one.qualifiedName) \(one.reason(for: kind) ?? one.reason)")
            }
            return nil
        }
        relationCount = relations.count
        functionCount = functions.count
        self.relations = Dictionary(grouping: relations, by: \.name)
        self.functions = Dictionary(grouping: functions, by: \.name)
        self.operators = Dictionary(grouping: operators, by: \.name)
        self.types = Dictionary(grouping: types, by: \.name)
    }

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

    private static func found<Object: CatalogObject>(_ all: [Object]?, _ schema: String?) -> [Object] {
        guard let all else { return [] }
        guard let schema else { return all }
        return all.filter { $0.schema == schema }
    }
}
