/// Names of all operators and types of a catalogue, the server's own among them: what is not here was made since.
package struct KnownNames: Sendable {
    /// The schemas of each name.
    package struct Names: Sendable {
        private var schemas: [String: [String]] = [:]

        package init() {}

        package mutating func insert(_ name: String, schema: String) {
            guard schemas[name]?.contains(schema) != true else { return }
            schemas[name, default: []].append(schema)
        }

        /// In any schema where `schema` is nil.
        func has(_ name: String, _ schema: String?) -> Bool {
            guard let all = schemas[name] else { return false }
            return schema == nil || all.contains { $0 == schema }
        }
    }

    package var operators = Names()
    package var types = Names()
    package var typeOIDs: Set<UInt32> = []

    package init() {}

    /// All of one schema.
    package init(
        operators: [String], types: [String], typeOIDs: Set<UInt32> = [], schema: String = "pg_catalog"
    ) {
        for name in operators { self.operators.insert(name, schema: schema) }
        for name in types { self.types.insert(name, schema: schema) }
        self.typeOIDs = typeOIDs
    }

    init(_ rows: CatalogRows) {
        for found in rows.operators + rows.serverOperators {
            operators.insert(found.name, schema: found.schema)
        }
        for found in rows.types + rows.classes + rows.serverTypes {
            types.insert(found.name, schema: found.schema)
        }
        for array in rows.arrays { types.insert(array.type.name, schema: array.type.schema) }
        typeOIDs.formUnion(rows.types.lazy.map(\.oid))
        typeOIDs.formUnion(rows.arrays.lazy.map(\.type.oid))
        typeOIDs.formUnion(rows.relations.lazy.map(\.rowType))
    }
}
