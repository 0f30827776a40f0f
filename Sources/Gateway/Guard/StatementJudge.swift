import GatewayCatalog
import SQLText

/// Judges a text's facts against a catalogue (guard.md, "Judging a statement"). Pure.
package struct StatementJudge {
    /// nil: it has not been read, so whatever a name means is unknown.
    let catalog: CatalogSnapshot?
    private var judgement = Judgement()

    package static func judge(_ facts: SQLFacts, catalog: CatalogSnapshot?) -> Judgement {
        var judge = StatementJudge(catalog: catalog)
        judge.take(facts)
        judge.judgement.finish()
        return judge.judgement
    }

    private init(catalog: CatalogSnapshot?) { self.catalog = catalog }

    private mutating func take(_ facts: SQLFacts) {
        takeStatements(facts)
        for relation in facts.relations { take(relation) }
        for function in facts.functions { take(function) }
        for name in facts.attributes { takeAttribute(name) }
        for name in facts.operators { take(operator: name) }
        for type in facts.types { take(type: type) }
        for oid in facts.typeOIDs { take(type: oid) }
        for schema in facts.schemas { takeRenamed(schema: schema) }
        for setting in facts.settings { take(setting) }
        for deed in facts.deeds { take(deed) }
        for body in facts.bodies { take(body, isBlock: facts.statements.contains { $0.kind == .do }) }
        for node in facts.unknownNodes {
            judgement.add(.hidden, "holds a construct that the gateway does not know (node \(node))")
        }
        if let catalog, !facts.statements.isEmpty {
            for reason in catalog.ambient { judgement.add(GuardedClasses(reason.reach), reason.text) }
        }
        judgement.namesBeyondASCII = facts.namesBeyondASCII
        judgement.prepared = Set(facts.prepared)
        judgement.executed = Set(facts.executed)
    }

    // MARK: Statements

    private mutating func takeStatements(_ facts: SQLFacts) {
        let made = facts.relations.filter { $0.use.contains(.made) }
        let isTemporary = !made.isEmpty && made.allSatisfy { $0.use.contains(.temporary) }
        judgement.changedTemporaries = changedTemporaries(facts, isTemporary)
        for statement in facts.statements { takeStatement(statement.kind, isTemporary: isTemporary) }
        let kinds = Set(facts.statements.map(\.kind))
        if !kinds.isDisjoint(with: [.discard, .rollback]) { judgement.setsEncoding = true }
        if kinds.contains(.prepareTransaction) { judgement.preparedTransactions = facts.transactions }
        if !kinds.isDisjoint(with: [.commitPrepared, .rollbackPrepared]) {
            judgement.endedTransactions = facts.transactions
        }
        if !kinds.isDisjoint(with: StatementJudge.changingRoles) { judgement.changedRoles = facts.roles }
        if !kinds.isDisjoint(with: StatementJudge.changingDatabases) {
            judgement.changedDatabases = facts.databases
        }
    }

    private static let changingDatabases: Set<StatementKind> = [
        .rename, .alterDatabase, .alterDatabaseSet, .dropDatabase,
    ]
    private static let changingRoles = changingDatabases.union([
        .createRole, .alterRole, .alterRoleSet, .dropRole, .dropOwned, .reassignOwned, .grantRole,
    ])

    private mutating func takeStatement(_ kind: StatementKind, isTemporary: Bool) {
        if kind.makesRelation, isTemporary {
            judgement.add(.temporary, "makes a temporary relation")
            takeSchemaChange()
        } else if kind.changesRelation, judgement.changedTemporaries != nil {
            takeSchemaChange()
        } else if let classes = kind.classes {
            judgement.add(classes, "\(kind.sql) \(StatementJudge.meaning(of: classes))")
            if classes.contains(.ddl) { takeSchemaChange() }
        } else if kind == .refreshMaterializedView {
            takeSchemaChange()
        }
    }

    /// The relations that the text's one schema change is about, where the catalogue knows none of them and the session
    /// may so have made them as temporary ones; nil where it is another change. Those of pg_temp are left out, and
    /// what is dropped only if it exists.
    private func changedTemporaries(_ facts: SQLFacts, _ isTemporary: Bool) -> [String]? {
        let changes = facts.statements.filter { statement in
            if statement.kind.makesRelation, isTemporary { return false }
            return statement.kind.classes?.contains(.ddl) == true
        }
        guard let catalog, changes.count == 1, let kind = changes.first?.kind, kind.changesRelation else {
            return nil
        }
        let changed = facts.relations.filter { !$0.use.isDisjoint(with: [.changed, .named]) }
        guard !changed.isEmpty else { return nil }
        let isOptional = kind == .dropRelation && facts.deeds.contains(.ifExists)
        var names: [String] = []
        for relation in changed where relation.schema != "pg_temp" {
            // ALTER TABLE takes an index or a composite type as well, and the catalogue's relations are without those.
            guard kind != .alterTable, relation.schema == nil, !relation.name.hasPrefix("pg_"),
                !catalog.knowsRelation(named: relation.name, schema: nil)
            else { return nil }
            if !isOptional { names.append(relation.name) }
        }
        return names
    }

    /// What event triggers run.
    private mutating func takeSchemaChange() {
        for reason in catalog?.schemaChanges ?? [] {
            judgement.add(GuardedClasses(reason.reach), reason.text)
        }
    }

    private static func meaning(of classes: GuardedClasses) -> String {
        if classes.contains(.opaque) { return "hides what it does" }
        if classes.contains(.egress) { return "can lead out of the server" }
        if classes.contains(.roleChange) { return "changes roles or their rights" }
        if classes.contains(.ddl) { return "changes the schema" }
        return "is refused here"
    }

    // MARK: Names

    private static func written(_ schema: String?, _ name: String) -> String {
        schema.map { "\($0).\(name)" } ?? name
    }

    private mutating func take(_ relation: SQLFacts.Relation) {
        let name = StatementJudge.written(relation.schema, relation.name)
        if relation.use.contains(.made) {
            judgement.noteMade(
                .relation, schema: relation.schema, relation.name,
                isTemporary: relation.use.contains(.temporary))
            if relation.use.contains(.temporary) { judgement.madeTemporary.insert(relation.name) }
            return
        }
        // Whatever it is, it is only dropped or locked.
        if relation.use == .named || relation.use == [.named, .only] { return }
        if SystemRelations.isOfServer(relation) {
            takeChange(ofServers: relation)
            if let finding = SystemRelations.finding(relation.name) {
                judgement.add(finding.classes, "\(name) \(finding.reason)")
            }
        }
        guard let catalog else { return unread() }
        let found = catalog.relations(named: relation.name, schema: relation.schema)
        for one in found {
            let reach = StatementJudge.reach(of: one, relation.use)
            if !reach.isEmpty {
                let through = relation.use.contains(.writable) ? ", and the view can be written through" : ""
                judgement.add(
                    GuardedClasses(reach),
                    "\(one.qualifiedName) \(one.reason(for: reach) ?? one.reason)\(through)")
            }
        }
        if found.isEmpty, !relation.use.isDisjoint(with: [.read, .written]) {
            judgement.addUnknown(MadeName(.relation, relation.schema, relation.name))
        }
    }

    /// Rows of a catalogue are objects, roles, rights and functions: a superuser's to write, as any of them.
    private mutating func takeChange(ofServers relation: SQLFacts.Relation) {
        let isWritten = relation.use.contains(.written) && !relation.use.contains(.changed)
        guard isWritten || relation.use.contains(.writable) else { return }
        let found = catalog?.relations(named: relation.name, schema: relation.schema ?? "pg_catalog") ?? []
        guard relation.schema != nil || catalog == nil || !found.isEmpty else { return }
        if isWritten {
            return judgement.add(.hidden, "\(relation.name) is the server's own, and written to")
        }
        // Of its views few can be written.
        let isFixed =
            !found.isEmpty && found.allSatisfy { $0.kind == .view }
            && !ServerViews.writable.contains(relation.name)
        if !isFixed {
            judgement.add(
                .hidden, "\(relation.name) is the server's own, and the view can be written through")
        }
    }

    private static func reach(of relation: CatalogRelation, _ use: SQLFacts.RelationUse) -> CatalogReach {
        if use.contains(.cascading) { return relation.cascade }
        if !use.isDisjoint(with: [.written, .changed, .writable]) { return relation.write }
        if use.contains(.locked) { return relation.lock }
        return use.contains(.only) ? relation.readOnly : relation.read
    }

    private mutating func take(_ function: SQLFacts.Function) {
        if function.isMade {
            return judgement.noteMade(.function, schema: function.schema, function.name)
        }
        takeFunction(
            function.name, schema: function.schema, arguments: function.arguments, isCall: function.isCalled)
        guard function.isUsed, let catalog else { return }
        let isServers = function.schema.map { $0 == "pg_catalog" } ?? true
        let isKnown =
            isServers && BuiltInFunctions.deeds(of: function.name) != nil
            || !catalog.functions(named: function.name, schema: function.schema).isEmpty
        if !isKnown { judgement.addUnknown(MadeName(.function, function.schema, function.name)) }
    }

    /// - Parameter isCall: a name that nobody knows is refused where it is called; where it is only mentioned it is
    ///   made by what was judged itself.
    private mutating func takeFunction(_ name: String, schema: String?, arguments: Int, isCall: Bool) {
        let isServers = schema == nil || schema.map(SystemRelations.schemas.contains) == true
        let deeds = isServers ? BuiltInFunctions.deeds(of: name) : nil
        if let deeds { take(deeds, name, arguments) }
        guard let catalog else { return unread() }
        let found = catalog.functions(named: name, schema: schema)
        for one in found where !one.reach.isEmpty {
            for reason in one.reasons {
                judgement.add(GuardedClasses(reason.reach), "\(one.qualifiedName) \(reason.text)")
            }
        }
        guard isCall else { return }
        // `t(x)` may be a cast to t.
        if arguments == 1 { takeType(name, schema: schema) }
        guard deeds == nil, found.isEmpty else { return }
        judgement.addUnknown(function: StatementJudge.written(schema, name))
    }

    private mutating func take(_ deeds: FunctionDeeds, _ name: String, _ arguments: Int) {
        // Of three queries' arguments it rewrites without running any text.
        if name == "ts_rewrite", arguments == 3 { return }
        if deeds.contains(.leavesServer) {
            judgement.add(.egress, "\(name) reaches the server's files or replication")
        }
        if deeds.contains(.runsText) {
            judgement.add(.hidden, "\(name) runs SQL, or reads what a text names")
        }
        if deeds.contains(.signals) { judgement.add([.always, .peers], "\(name) signals other sessions") }
        if deeds.contains(.showsPeers) { judgement.add(.peers, "\(name) shows or touches other sessions") }
        if deeds.contains(.writesInReadOnly) {
            judgement.add(.readOnly, "\(name) writes, also in a read-only transaction")
        }
        if deeds.contains(.changesSchema) { judgement.add(.ddl, "\(name) changes the catalogue") }
        guard deeds.contains(.comparesPartitions) else { return }
        for reason in catalog?.partitionKeys ?? [] {
            judgement.add(GuardedClasses(reason.reach), "\(name) \(reason.text)")
        }
    }

    /// `a.b` may call b(a), or cast to b: refused where b is known to do harm, for most are columns.
    private mutating func takeAttribute(_ name: String) {
        if let deeds = BuiltInFunctions.deeds(of: name) { take(deeds, name, 1) }
        for one in catalog?.functions(named: name, schema: nil) ?? [] where one.takesOne {
            judgement.add(GuardedClasses(one.reach), "\(one.qualifiedName) \(one.reason)")
        }
        takeType(name, schema: nil)
    }

    private mutating func take(operator name: SQLFacts.Name) {
        if name.isMade { return judgement.noteMade(.operator, schema: name.schema, name.name) }
        guard let catalog else { return unread() }
        if !name.isOption, !catalog.knowsOperator(named: name.name, schema: name.schema) {
            judgement.addUnknown(MadeName(.operator, name.schema, name.name))
        }
        for one in catalog.operators(named: name.name, schema: name.schema) {
            judgement.add(GuardedClasses(one.reach), "operator \(one.qualifiedName) \(one.reason)")
        }
    }

    private mutating func take(type name: SQLFacts.Name) {
        if name.isMade { return judgement.noteMade(.type, schema: name.schema, name.name) }
        guard let catalog else { return unread() }
        if !name.isOption, !catalog.knowsType(named: name.name, schema: name.schema) {
            judgement.addUnknown(MadeName(.type, name.schema, name.name))
        }
        takeType(name.name, schema: name.schema)
    }

    private mutating func takeType(_ name: String, schema: String?) {
        for one in catalog?.types(named: name, schema: schema) ?? [] {
            judgement.add(GuardedClasses(one.reach), "type \(one.qualifiedName) \(one.reason)")
        }
    }

    /// A parameter's type: its input function runs, and a domain's checks.
    private mutating func take(type oid: UInt32) {
        guard oid >= CatalogLimits.firstOID else { return }
        guard let catalog else { return unread() }
        guard let type = catalog.type(oid: oid) else {
            if !catalog.knowsType(oid: oid) { judgement.addUnknown(MadeName(.typeOID, nil, String(oid))) }
            return
        }
        judgement.add(GuardedClasses(type.reach), "type \(type.qualifiedName) \(type.reason)")
    }

    /// Until the catalogue is read again, a name in it may mean something else: refused where anything in it leads out.
    private mutating func takeRenamed(schema: String) {
        guard let catalog else { return unread() }
        for reason in catalog.reasons(ofSchema: schema) {
            judgement.add(GuardedClasses(reason.reach), "schema \(schema) holds \(reason.text)")
        }
    }

    private mutating func unread() {
        let reason = "the catalogue of the replica has not been read yet"
        guard judgement.findings.last?.reason != reason else { return }
        judgement.add(.hidden, reason)
    }

    // MARK: Settings, deeds, bodies

    private mutating func take(_ setting: SQLFacts.Setting) {
        guard let name = setting.name else {
            judgement.setsEncoding = true
            if setting.action == .setConfig {
                judgement.add(
                    [.always, .hidden],
                    "set_config with a name that is no constant can set anything")
            }
            return
        }
        if ["client_encoding", "names"].contains(name.lowercased()) { judgement.setsEncoding = true }
        SettingJudge.judge(setting, name, into: &judgement)
    }

    private mutating func take(_ deed: SQLFacts.Deed) {
        switch deed {
        case .copyProgram: judgement.add(.hidden, "COPY runs a program on the server")
        case .copyFile: judgement.add([.egress, .readOnly], "COPY reads or writes a file of the server")
        case .serverFile: judgement.add(.egress, "the statement names a file or a library of the server")
        case .foreignOptions: judgement.add(.egress, "OPTIONS of a foreign object can lead elsewhere")
        case .securityDefiner:
            judgement.add(.roleChange, "a SECURITY DEFINER function runs with another role's rights")
        case .otherOwner:
            judgement.add(.roleChange, "what another role owns can run with that role's rights")
        case .everyRelation:
            guard let catalog else { return unread() }
            for reason in catalog.everyTable { judgement.add(GuardedClasses(reason.reach), reason.text) }
        case .otherRole:
            judgement.add(.roleChange, "what another role makes is granted to others")
        case .copyIn, .copyOut, .ifExists: break
        }
    }

    private mutating func take(_ body: SQLFacts.Body, isBlock: Bool) {
        // DO hides what it does, whatever it is.
        guard !isBlock else { return }
        switch body.language?.lowercased() {
        case "sql": takeSQL(body.text)
        case "plpgsql", "internal":
            judgement.add(.hidden, "a function in \(body.language ?? "?") hides what it does")
        default:
            judgement.add(
                .hidden, "the language \(body.language ?? "?") may be untrusted, or hides what it does",
                quotesConstant: true)
        }
    }

    private mutating func takeSQL(_ text: String?) {
        guard let text, case .facts(let facts) = SQLText.read(text) else {
            return judgement.add(.hidden, "the function's body cannot be read")
        }
        judgement.add(StatementJudge.judge(facts, catalog: catalog))
    }
}
