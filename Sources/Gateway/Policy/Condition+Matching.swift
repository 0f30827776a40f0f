extension Condition {
    /// Whether the condition holds for a principal. An `all` or `any` of nothing holds for nobody, so that
    /// deleting the last condition of a rule never opens it.
    package func holds(for principal: Principal) -> Bool {
        switch self {
        case .claim(let name, let patterns):
            guard let value = principal.value(named: name) else { return false }
            return value.matches(anyOf: patterns)
        case .all(let conditions):
            return !conditions.isEmpty && conditions.allSatisfy { $0.holds(for: principal) }
        case .any(let conditions):
            return conditions.contains { $0.holds(for: principal) }
        }
    }

    /// Whether whoever meets `other` is known to meet this condition; false where that is not plain to see.
    package func covers(_ other: Condition) -> Bool {
        switch other {
        case .any(let branches) where !branches.isEmpty:
            return branches.allSatisfy(covers)
        case .all, .any, .claim:
            break
        }
        switch self {
        case .claim(let name, let patterns):
            switch other {
            case .claim(let otherName, let otherPatterns):
                return name.hasSameBytes(as: otherName)
                    && otherPatterns.allSatisfy { narrow in patterns.contains { $0.covers(narrow) } }
            case .all(let parts): return parts.contains(where: covers)
            case .any: return false
            }
        case .all(let parts):
            return !parts.isEmpty && parts.allSatisfy { $0.covers(other) }
        case .any(let branches):
            if branches.contains(where: { $0.covers(other) }) { return true }
            guard case .all(let parts) = other else { return false }
            return parts.contains(where: covers)
        }
    }

    /// The claims in it, each as often as it is looked at.
    package var claims: [(name: String, patterns: [Pattern])] {
        switch self {
        case .claim(let name, let patterns): [(name, patterns)]
        case .all(let parts), .any(let parts): parts.flatMap(\.claims)
        }
    }

    /// The condition with one of its alternatives alone, for each of several: a value of a list, a branch of `any`. In
    /// `all`, those of each part.
    package var alternatives: [(text: String, condition: Condition)] {
        switch self {
        case .claim(let name, let patterns) where patterns.count > 1:
            return patterns.map { ("\(name): \($0.text)", .claim(name: name, patterns: [$0])) }
        case .any(let branches) where branches.count > 1:
            return branches.enumerated().map { ("branch \($0.offset + 1) of `any`", $0.element) }
        case .all(let parts):
            return parts.indices.flatMap { index in
                parts[index].alternatives.map { text, narrowed in
                    var rest = parts
                    rest[index] = narrowed
                    return (text, .all(rest))
                }
            }
        case .claim, .any: return []
        }
    }

    /// Whether every way to meet the condition includes a condition on the claim named.
    package func alwaysNames(_ claim: String) -> Bool {
        switch self {
        case .claim(let name, _): return name.hasSameBytes(as: claim)
        case .all(let parts): return parts.contains { $0.alwaysNames(claim) }
        case .any(let branches): return !branches.isEmpty && branches.allSatisfy { $0.alwaysNames(claim) }
        }
    }

    /// Whether only one subject can meet the condition: it names exactly one, without a glob.
    package var namesOneSubject: Bool {
        switch self {
        case .claim(let name, let patterns):
            return (name == "subject" || name == "sub") && patterns.count == 1
                && patterns.allSatisfy(\.isLiteral)
        case .all(let parts): return parts.contains(where: \.namesOneSubject)
        case .any(let branches): return branches.count == 1 && branches.allSatisfy(\.namesOneSubject)
        }
    }

    /// Whether nobody can meet the condition: it offers no pattern.
    package var matchesNobody: Bool {
        switch self {
        case .claim(_, let patterns): return patterns.isEmpty
        case .all(let parts): return parts.isEmpty || parts.contains(where: \.matchesNobody)
        case .any(let branches): return branches.allSatisfy(\.matchesNobody)
        }
    }

    /// What held and what failed, without any claim's value.
    func trace(for principal: Principal) -> ConditionTrace {
        switch self {
        case .claim(let name, let patterns):
            return .claim(
                name: name, patterns: patterns.map(\.text), present: principal.value(named: name) != nil,
                held: holds(for: principal))
        case .all(let parts):
            return .all(parts.map { $0.trace(for: principal) }, held: holds(for: principal))
        case .any(let branches):
            return .any(branches.map { $0.trace(for: principal) }, held: holds(for: principal))
        }
    }
}

extension ClaimValue {
    /// Whether one of the patterns fits the value, or one element of it where it is a list. Integers and
    /// booleans are compared by their canonical text (`42`, `true`); null, objects, lists in lists and
    /// numbers that are no 64-bit integers fit nothing. A string is one value, also where it holds commas or
    /// spaces.
    package func matches(anyOf patterns: [Pattern]) -> Bool {
        func fits(_ element: ClaimValue) -> Bool {
            element.text.map { text in patterns.contains { $0.matches(text) } } ?? false
        }
        switch self {
        case .array(let elements): return elements.contains(where: fits)
        case .null, .bool, .integer, .number, .string, .object: return fits(self)
        }
    }

    /// Calls `body` with each text that patterns are compared with.
    func forEachText(_ body: (String) -> Void) {
        switch self {
        case .array(let elements):
            for element in elements {
                if let text = element.text { body(text) }
            }
        case .null, .bool, .integer, .number, .string, .object:
            if let text { body(text) }
        }
    }

    /// What patterns are compared with; nil where nothing fits it.
    private var text: String? {
        switch self {
        case .string(let text): text
        case .integer(let value): String(value)
        case .bool(let value): value ? "true" : "false"
        case .null, .number, .array, .object: nil
        }
    }
}
