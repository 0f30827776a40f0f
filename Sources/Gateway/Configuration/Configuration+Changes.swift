import GatewayPolicy

extension Configuration {
    /// What differs in a newer configuration, by name: `rule eu-analysts removed`, `database orders changed`, `limits`. No
    /// value is in it.
    package func changes(to newer: Configuration) -> [String] {
        var changes: [String] = []
        func section(_ name: String, _ isSame: Bool) { if !isSame { changes.append("\(name) changed") } }
        section("region", region == newer.region)
        section("gateway", gateway == newer.gateway)
        section("listen", listeners == newer.listeners)
        section("admin", admin == newer.admin)
        changes += Configuration.changes("issuer", issuers, newer.issuers, name: \.issuer)
        changes += Configuration.changes("region", regions, newer.regions, name: \.name)
        changes += Configuration.changes("database", databases, newer.databases, name: \.name)
        section("health", health == newer.health)
        section("audit", audit == newer.audit)
        section("session", session == newer.session)
        section("limits", limits == newer.limits)
        changes += Configuration.changes(
            "rule", rules.map(\.unplaced), newer.rules.map(\.unplaced), name: \.name)
        section("operators", operators == newer.operators)
        section("state", state == newer.state)
        section("reload", watchesFiles == newer.watchesFiles)
        section("leeway", leeway == newer.leeway)
        section("log", log == newer.log)
        return changes
    }

    private static func changes<Element: Hashable>(
        _ kind: String, _ old: [Element], _ new: [Element], name: (Element) -> String
    ) -> [String] {
        let before = Dictionary(old.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        var changes: [String] = []
        for element in old where after[name(element)] == nil {
            changes.append("\(kind) \(name(element)) removed")
        }
        for element in new {
            guard let earlier = before[name(element)] else {
                changes.append("\(kind) \(name(element)) added")
                continue
            }
            if earlier != element { changes.append("\(kind) \(name(element)) changed") }
        }
        // Of rules the order decides.
        let kept = old.map(name).filter { after[$0] != nil }
        if kept != new.map(name).filter({ before[$0] != nil }) { changes.append("\(kind)s in another order") }
        return changes
    }
}

extension Rule {
    /// Where it stands in its file is nothing that it says.
    fileprivate var unplaced: Rule {
        var rule = self
        (rule.line, rule.column) = (nil, nil)
        return rule
    }
}
