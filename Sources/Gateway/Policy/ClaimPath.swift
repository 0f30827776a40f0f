/// Where a claim stands in a token: the names of the members that lead to it.
package struct ClaimPath: Sendable, Hashable {
    package let steps: [String]
    /// The path in one text: steps joined by `.`, with `\` before each `.` and `\` of a step itself.
    package let key: String

    package init(_ steps: [String]) {
        self.steps = steps
        key = steps.map(ClaimPath.escaped).joined(separator: ".")
    }

    /// Where a condition on `name` looks, as `Principal.value(named:)` does; nil for `issuer` and `subject`, which are
    /// no claims.
    ///
    /// - Parameter mapped: the issuer's names to paths.
    package init?(ofName name: String, mapped: [String: [String]]) {
        switch name {
        case "issuer", "subject": return nil
        default: break
        }
        self.init(
            mapped[name] ?? name.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
    }

    /// The claim whose own name is the path's text, which a name with dots means before the path; nil where that is the
    /// path itself.
    package var undivided: ClaimPath? {
        steps.count > 1 ? ClaimPath([steps.joined(separator: ".")]) : nil
    }

    private static func escaped(_ step: String) -> String {
        guard step.contains("."), !step.isEmpty else {
            return step.contains("\\") ? step.replacing("\\", with: "\\\\") : step
        }
        return step.replacing("\\", with: "\\\\").replacing(".", with: "\\.")
    }
}

/// The claims that a policy's rules look at, for principals of one issuer: what a record must hold so that the decision
/// can be made again. Made once for a configuration.
package struct DecisiveClaims: Sendable {
    /// Each path once, in the order of its text; what the token leaves of its rights is among them.
    package let paths: [ClaimPath]

    /// - Parameter mapped: the issuer's names to paths.
    package init(rules: [Rule], mapped: [String: [String]]) {
        var seen: Set<String> = []
        var paths = [ClaimPath([AuthorizationDetails.claim])]
        for name in rules.lazy.flatMap({ $0.who.claims.map(\.name) }) where seen.insert(name).inserted {
            if let path = ClaimPath(ofName: name, mapped: mapped) { paths.append(path) }
        }
        var keys: Set<String> = []
        self.paths = paths.filter { keys.insert($0.key).inserted }.sorted { $0.key < $1.key }
    }

    /// Their values in a token, null for those that it does not have. Of `authorization_details` the entries that this
    /// gateway reads.
    package func values(of principal: Principal) -> [(key: String, value: ClaimValue)] {
        let claims = ClaimValue.object(principal.claims)
        var found: [(key: String, value: ClaimValue)] = []
        for path in paths {
            var value = claims.value(at: path.steps) ?? .null
            if path.steps == [AuthorizationDetails.claim] { value = AuthorizationDetails.own(value) }
            found.append((path.key, value))
            guard let undivided = path.undivided, let whole = claims.value(at: undivided.steps),
                !paths.contains(undivided)
            else { continue }
            found.append((undivided.key, whole))
        }
        return found
    }
}

extension AuthorizationDetails {
    /// The claim without the entries of other types.
    static func own(_ value: ClaimValue) -> ClaimValue {
        guard case .array(let entries) = value else { return value }
        return .array(
            entries.filter { entry in
                guard case .object(let members) = entry, case .string(let name)? = members["type"] else {
                    return false
                }
                return name.hasSameBytes(as: type)
            })
    }
}
