import SQLText

/// Reads the text of an SQL function's body by PostgreSQL's own grammar.
package enum SQLBody {
    /// nil: it cannot be followed.
    package static let reader: BodyReader = { text in facts(of: text) }

    /// A backslash in a plain string is read by the session that calls: both readings count.
    static func facts(of text: String) -> BodyFacts? {
        guard !text.utf8.contains(0), text.utf8.count <= CatalogLimits.body else { return nil }
        let bytes = Array(text.utf8)
        var facts = BodyFacts()
        for conforming in bytes.contains(UInt8(ascii: "\\")) ? [true, false] : [true] {
            switch SQLText.read(bytes.span, conformingStrings: conforming) {
            case .facts(let found):
                guard found.unknownNodes.isEmpty else { return nil }
                facts.take(found)
            case .syntaxError, .tooComplex: return nil
            }
        }
        return facts
    }
}

extension BodyFacts {
    fileprivate mutating func take(_ found: SQLFacts) {
        for statement in found.statements { take(statement.kind) }
        for relation in found.relations {
            let name = Name(schema: relation.schema, relation.name)
            if relation.use == .named || relation.use == [.named, .only] { continue }
            if relation.use.contains(.cascading) { truncates.insert(name) }
            if relation.use.isDisjoint(with: [.written, .made, .changed, .writable, .locked]) {
                reads.insert(name)
            } else {
                writes.insert(name)
            }
        }
        // What a call of set_config sets stands among the settings.
        functions.formUnion(
            found.functions.filter { !$0.isSetConfig }.map {
                Name(schema: $0.schema, $0.name)
            })
        functions.formUnion(found.attributes.map { Name($0) })
        operators.formUnion(found.operators.map { Name(schema: $0.schema, $0.name) })
        operators.formUnion(ProcedureBody.unwritten.map { Name($0) })
        types.formUnion(found.types.map { Name(schema: $0.schema, $0.name) })
        for setting in found.settings { take(setting) }
        for deed in found.deeds { take(deed) }
        if !found.bodies.isEmpty || !found.prepared.isEmpty || !found.executed.isEmpty {
            add(.opaque, "holds statements that the gateway does not follow")
        }
    }

    /// What an SQL function may do by itself beyond reading and writing what it names.
    private mutating func take(_ kind: StatementKind) {
        guard !BodyFacts.followed.contains(kind) else { return }
        add(.opaque, "runs a statement that the gateway does not follow")
    }

    /// Statements whose names and settings say all that they do.
    private static let followed: Set<StatementKind> = [
        .select, .values, .insert, .update, .delete, .merge, .set, .reset, .show, .lock, .notify, .truncate,
        .setConstraints, .explain, .analyze,
    ]

    private mutating func take(_ setting: SQLFacts.Setting) {
        switch setting.action {
        case .set, .setLocal, .reset, .setConfig:
            guard let name = setting.name else {
                add(.opaque, "may set any configuration parameter")
                add(.roleChange, "may set any configuration parameter")
                return add(.settings, "may set any configuration parameter")
            }
            for reach in WatchedSettings.reach(ofSetting: name) { add(reach, "sets \(name.lowercased())") }
        case .transaction, .resetAll: add(.settings, "sets configuration parameters")
        }
    }

    private mutating func take(_ deed: SQLFacts.Deed) {
        switch deed {
        case .copyProgram:
            add(.program, "runs a program (COPY)")
            add(.egress, "runs a program (COPY)")
        case .copyFile, .serverFile: add(.egress, "uses the server's files")
        case .foreignOptions: add(.egress, "changes where foreign tables lead")
        case .otherOwner: add(.roleChange, "gives something to another role")
        case .otherRole: add(.roleChange, "changes what another role grants")
        case .ifExists: break
        case .copyIn, .copyOut, .everyRelation:
            add(.opaque, "runs a statement that the gateway does not follow")
        case .securityDefiner: add(.roleChange, "makes a function that runs with its owner's rights")
        }
    }
}

extension SQLFacts.Function {
    fileprivate var isSetConfig: Bool {
        name == WatchedSettings.function && (schema == nil || schema == "pg_catalog")
    }
}
