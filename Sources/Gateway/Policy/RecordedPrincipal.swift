/// A principal of whom only some claims are known: as a record has him. Conditions on other claims are undecided.
package struct RecordedPrincipal: Sendable {
    package let issuer: String
    package let subject: String
    /// Values by the text of their paths (`ClaimPath.key`); null: the token has no such claim.
    package let claims: [String: ClaimValue]

    package init(issuer: String, subject: String, claims: [String: ClaimValue]) {
        self.issuer = issuer
        self.subject = subject
        self.claims = claims
    }

    /// What is known of the claim that a condition on `name` looks at.
    package func value(named name: String, mapped: [String: [String]]) -> Known {
        switch name {
        case "issuer": return .value(.string(issuer))
        case "subject": return .value(.string(subject))
        default: break
        }
        guard let path = ClaimPath(ofName: name, mapped: mapped) else { return .unknown }
        // A record that holds a divided path holds the undivided claim too, where the token has one.
        if mapped[name] == nil, let undivided = path.undivided, let whole = claims[undivided.key],
            whole != .null
        {
            return .value(whole)
        }
        guard let value = claims[path.key] else { return .unknown }
        return value == .null ? .absent : .value(value)
    }

    package enum Known: Sendable, Hashable {
        case value(ClaimValue)
        /// The token has no such claim.
        case absent
        /// The record does not say.
        case unknown
    }

    /// The names of claims that would have to be known to say which of the rules for a database is the first that he
    /// matches; none where it is sure which one is, or that none is.
    package func unknownNames(
        for database: String, rules: [Rule], mapped: [String: [String]]
    ) -> [String] {
        var unknown: [String] = []
        for rule in rules where rule.databases.contains(where: { $0.matches(database) }) {
            var missing: [String] = []
            switch holds(rule.who, mapped: mapped, &missing) {
            case false: continue
            case true: return unknown
            case nil:
                for name in missing where !unknown.contains(name) { unknown.append(name) }
            }
        }
        return unknown
    }

    /// The principal, as far as these rules can tell him from the one who had the token.
    package func principal(
        rules: [Rule], mapped: [String: [String]], narrowings: [Narrowing]
    ) -> Principal {
        var (values, names): ([String: ClaimValue], [String: [String]]) = ([:], [:])
        for name in rules.lazy.flatMap({ $0.who.claims.map(\.name) }) where names[name] == nil {
            guard case .value(let value) = value(named: name, mapped: mapped) else {
                names[name] = [name]
                continue
            }
            names[name] = [name]
            values[name] = value
        }
        return Principal(
            issuer: issuer, subject: subject, planner: nil, task: nil, tokenID: nil, claims: values,
            mapped: names, narrowings: narrowings)
    }

    /// Nil: what is known does not decide it.
    private func holds(
        _ condition: Condition, mapped: [String: [String]], _ missing: inout [String]
    ) -> Bool? {
        switch condition {
        case .claim(let name, let patterns):
            switch value(named: name, mapped: mapped) {
            case .value(let value): return value.matches(anyOf: patterns)
            case .absent: return false
            case .unknown:
                if patterns.isEmpty { return false }
                missing.append(name)
                return nil
            }
        case .all(let parts):
            guard !parts.isEmpty else { return false }
            return combined(parts, decidedBy: false, mapped, &missing)
        case .any(let parts):
            return combined(parts, decidedBy: true, mapped, &missing)
        }
    }

    /// One part that is `decisive` decides; else one that is unknown leaves it unknown.
    private func combined(
        _ parts: [Condition], decidedBy decisive: Bool, _ mapped: [String: [String]],
        _ missing: inout [String]
    ) -> Bool? {
        var isUnknown = false
        for part in parts {
            switch holds(part, mapped: mapped, &missing) {
            case .some(let held): if held == decisive { return decisive }
            case nil: isUnknown = true
            }
        }
        return isUnknown ? nil : !decisive
    }
}
