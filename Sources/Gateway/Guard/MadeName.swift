/// A name that a statement makes, or that the catalogue does not know and a session may have made.
package struct MadeName: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case relation, function, `operator`, type
        /// A type by its OID, in digits.
        case typeOID

        /// For people.
        var noun: String {
            switch self {
            case .relation: "relation"
            case .function: "function"
            case .operator: "operator"
            case .type: "type"
            case .typeOID: "type with the OID"
            }
        }
    }

    package let kind: Kind
    /// The name as it is written; a schema's end is told by a byte that no name has.
    let key: String

    init(_ kind: Kind, _ schema: String?, _ name: String) {
        self.kind = kind
        key = schema.map { "\($0)\u{0}\(name)" } ?? name
    }

    private init(_ kind: Kind, key: String) {
        self.kind = kind
        self.key = key
    }

    /// What an executor calls it.
    package var written: String { key.replacing("\u{0}", with: ".") }

    /// Whether it may be one of those that were made. A type may be the row of a relation; of one that is told by its OID
    /// nothing is known but that it is a type.
    func mayBe(among made: Set<MadeName>) -> Bool {
        if kind == .typeOID { return made.contains { $0.kind == .type } }
        if made.contains(self) { return true }
        if kind == .type, MadeName(.relation, key: key).mayBe(among: made) { return true }
        guard let end = key.firstIndex(of: "\u{0}"), key[..<end] != "pg_temp" else { return false }
        return made.contains(MadeName(kind, key: String(key[end...])))
    }
}
