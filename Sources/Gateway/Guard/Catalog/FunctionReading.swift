/// Reads one function: by its language, its body or its symbol, and its attributes.
struct FunctionReading {
    let function: CatalogRows.Function
    /// The server's own functions by their C symbols.
    let symbols: [String: Set<String>]
    let body: BodyReader
    let harmless: DeclaredHarmless

    func facts() -> BodyFacts {
        var facts = bodyFacts()
        if function.isSecurityDefiner {
            facts.add(.roleChange, "runs with its owner's rights (SECURITY DEFINER)")
        }
        for setting in function.settings {
            let name = String(setting.prefix { $0 != "=" })
            for reach in WatchedSettings.reach(ofSetting: name) {
                facts.add(reach, "sets \(name.lowercased()) while it runs")
            }
        }
        return facts
    }

    private func bodyFacts() -> BodyFacts {
        // An aggregate is its functions, which the links name.
        if function.kind == "a" { return BodyFacts() }
        if harmless.covers(function) { return BodyFacts() }
        switch function.language {
        case "internal": return internalFacts()
        case "c": return libraryFacts()
        case "sql": return sqlFacts()
        case "plpgsql": return procedureFacts()
        default:
            var facts = BodyFacts()
            if function.languageIsTrusted {
                facts.add(.opaque, "is written in \(function.language), which the gateway cannot follow")
            } else {
                facts.add(.program, "is written in the untrusted language \(function.language)")
                facts.add(.egress, "is written in the untrusted language \(function.language)")
            }
            return facts
        }
    }

    /// A new name for one of the server's own functions.
    private func internalFacts() -> BodyFacts {
        var facts = BodyFacts()
        guard let symbol = function.source, let found = symbols[symbol], !found.isEmpty else {
            facts.add(.program, "is C that the gateway does not know")
            facts.add(.egress, "is C that the gateway does not know")
            return facts
        }
        facts.functions = Set(found.map { BodyFacts.Name(schema: "pg_catalog", $0) })
        return facts
    }

    private func libraryFacts() -> BodyFacts {
        var facts = BodyFacts()
        let library = function.library ?? ""
        let known = function.source.flatMap { KnownLibraries.reasons(library: library, symbol: $0) }
        if known == nil, harmless.covers(library: library) { return facts }
        for reason in known ?? KnownLibraries.unknown(library) { facts.add(reason.reach, reason.text) }
        return facts
    }

    private func sqlFacts() -> BodyFacts {
        if function.isParsed { return BodyFacts() }
        if let source = function.source, let facts = body(source) { return facts }
        var facts = BodyFacts()
        facts.add(.opaque, "has a body that the gateway cannot follow")
        return facts
    }

    private func procedureFacts() -> BodyFacts {
        if let source = function.source, let facts = ProcedureBody.facts(of: source) { return facts }
        var facts = BodyFacts()
        facts.add(.opaque, "has a body that the gateway cannot follow")
        return facts
    }
}
