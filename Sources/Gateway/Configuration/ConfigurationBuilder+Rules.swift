import GatewayPolicy

extension ConfigurationBuilder {
    func readRules() -> [Rule] {
        var rules: [Rule] = []
        var lines: [String: Int] = [:]
        for fields in root.list("rules") {
            let rule = rule(fields)
            if let line = lines[rule.name], !rule.name.isEmpty {
                mistake(
                    fields.position(of: "name"),
                    "duplicate rule `\(rule.name)`, first at line \(line); expected another name")
            } else {
                lines[rule.name] = rule.line ?? 0
            }
            checkNames(rule, fields)
            checkRowLevelFacts(rule, fields)
            warnAboutWhatNeverMatches(rule, fields)
            warnAboutWhatIsAlwaysRefused(rule, fields)
            rules.append(rule)
        }
        return rules
    }

    func readOperators() -> [Operator] {
        root.list("operators").map { fields in
            Operator(who: who(fields), may: Set(fields.choices("may", Operator.Right.self)))
        }
    }

    private func rule(_ fields: Fields) -> Rule {
        let capture = fields.fields("capture")
        let session = fields.fields("session")
        var override = SessionOverride()
        override.expiry = session.choice("expiry", ExpiryMode.self)
        override.expiryNotice = session.optionalDuration("expiry_notice")
        override.drainTimeout = session.optionalDuration("drain_timeout")
        override.maxLifetime = session.optionalDuration("max_lifetime")
        override.idleTimeout = session.optionalDuration("idle_timeout")
        return Rule(
            name: fields.text("name"), line: fields.position.line, column: fields.position.column,
            mode: fields.choice("mode", RuleMode.self) ?? .enforce, who: who(fields),
            databases: fields.texts("databases").map { Pattern($0.text) },
            regions: fields.texts("regions").map(\.text), roles: fields.texts("roles").map(\.text),
            access: fields.choice("access", Access.self) ?? .readOnly,
            forbid: Set(fields.choices("forbid", StatementClass.self)),
            transit: fields.texts("transit").map(\.text),
            replicates: fields.optionalText("replicates") == "allow",
            replication: fields.optionalText("replication") == "allow",
            forbidsTemporary: fields.optionalText("temporary") == "forbid",
            capture: CaptureOverride(
                parameters: capture.choice("parameters", Capture.self),
                literals: capture.choice("literals", Capture.self),
                describe: capture.optionalBoolean("describe"),
                copy: capture.choice("copy", CopyCapture.self)),
            session: override)
    }

    // MARK: who

    private func who(_ fields: Fields) -> Condition {
        guard let node = fields.node("who") else { return .any([]) }
        let condition = condition(node, fields)
        if issuers.count > 1, !condition.alwaysNames("issuer") {
            mistake(
                node.position,
                "`who` does not name an issuer, and there are \(issuers.count); expected `issuer: URL` among the "
                    + "conditions, since issuers do not share names")
        }
        if case .all(let parts) = condition, parts.isEmpty {
            warning(node.position, "`who` is empty and so matches nobody")
        }
        return condition
    }

    private func condition(_ node: YAMLNode, _ fields: Fields) -> Condition {
        guard case .mapping(let entries) = node.value else {
            mistake(node.position, "`who`: expected \(fields.expected("who"))")
            return .any([])
        }
        let conditions = entries.map { entry in
            switch entry.key {
            case "any": return Condition.any(branches(entry, fields))
            case "all": return Condition.all(branches(entry, fields))
            default: return .claim(name: entry.key, patterns: patterns(entry, fields))
            }
        }
        if conditions.count == 1, let only = conditions.first { return only }
        return .all(conditions)
    }

    private func branches(_ entry: YAMLEntry, _ fields: Fields) -> [Condition] {
        guard case .list(let elements) = entry.node.value else {
            mistake(entry.node.position, "`\(entry.key)`: expected a list of mappings from claims to values")
            return []
        }
        if elements.isEmpty { warning(entry.node.position, "`\(entry.key)` is empty and so matches nobody") }
        return elements.map { condition($0, fields) }
    }

    private func patterns(_ entry: YAMLEntry, _ fields: Fields) -> [Pattern] {
        let key = "who.\(entry.key)"
        let values: [TextValue]
        if case .list(let elements) = entry.node.value {
            values = elements.compactMap { fields.scalar($0, key) }
            if elements.isEmpty {
                warning(entry.node.position, "`\(key)` is an empty list and so matches nobody")
            }
        } else {
            values = fields.scalar(entry.node, key).map { [$0] } ?? []
        }
        for value in values {
            if value.text.isEmpty { fields.wrong(key, value, "a value or a glob") }
            guard entry.key == "issuer" else { continue }
            if Pattern(value.text).isLiteral {
                checkKnown(value, key, what: "issuer", among: issuers.map(\.issuer))
            } else {
                fields.wrong(key, value, "an issuer, written out")
            }
        }
        return values.map { Pattern($0.text) }
    }

    // MARK: References

    /// The configured databases that a rule is about.
    func databases(of rule: Rule) -> [Database] {
        databases.filter { database in rule.databases.contains { $0.matches(database.name) } }
    }

    func allowedRegions(of rule: Rule) -> [String] { PolicyRegion.expand(rule.regions, in: policyRegions) }

    /// Where row-level security relies on the session's settings, nothing may run that could change them unseen.
    private func checkRowLevelFacts(_ rule: Rule, _ fields: Fields) {
        guard rule.mode == .enforce, !rule.forbid.contains(.opaque) else { return }
        for database in databases(of: rule) where database.rowLevelFacts {
            mistake(
                fields.keyPosition(of: "forbid"),
                "rule `\(rule.name)` allows code that hides SQL on `\(database.name)`, which says "
                    + "`row_level_facts: true`; expected `forbid: [opaque]`")
        }
    }

    private func checkNames(_ rule: Rule, _ fields: Fields) {
        for value in fields.texts("databases") {
            let pattern = Pattern(value.text)
            if pattern.isLiteral {
                checkKnown(value, "databases", what: "database", among: databases.map(\.name))
            } else if !databases.contains(where: { pattern.matches($0.name) }) {
                warning(value.position, "`databases`: no database fits \(quoted(value.raw))")
            }
        }
        for key in ["regions", "transit"] {
            for value in fields.texts(key) {
                let known = regions.map(\.name) + jurisdictions
                checkKnown(value, key, what: "region or jurisdiction", among: known)
            }
        }
        let matched = databases(of: rule)
        for value in fields.texts("roles") {
            let without = matched.filter { database in
                !(roles[database.name] ?? []).contains { $0.hasSameBytes(as: value.text) }
            }
            guard !without.isEmpty else { continue }
            let names = without.map { "databases.\($0.name).upstream.roles" }.joined(separator: ", ")
            mistake(
                value.position,
                "`roles`: role \(quoted(value.raw)) has no credential; expected it in \(names)")
        }
    }
}
