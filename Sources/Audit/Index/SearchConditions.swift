import Audit
import GatewayPolicy

/// What is searched for: all of it must hold. Of several patterns for one key, one must fit.
package struct SearchConditions: Sendable {
    /// Microseconds since 1970, both ends included.
    package var since: Int64?
    package var until: Int64?
    /// The records of one session, and those that are about it.
    package var session: String?
    /// In the SQL, wherever; ASCII letters in either case.
    package var text: String?
    package var isRefused = false
    /// Globs as a policy has them.
    package private(set) var patterns: [SearchKey: [Pattern]] = [:]

    package init() {}

    /// One of these must fit; none: anything does.
    package mutating func require(_ key: SearchKey, _ values: [String]) {
        guard !values.isEmpty else { return }
        patterns[key] = values.map { Pattern($0) }
    }

    /// Who and where is asked for.
    var identityKeys: [SearchKey] { SearchKey.identities.filter { patterns[$0] != nil } }

    /// What comes behind a record decides whether it fits.
    package var isJoined: Bool { patterns[.sqlstate] != nil }

    /// Only records that hold a statement's text can fit.
    var isAboutStatements: Bool {
        text != nil || patterns[.relation] != nil || patterns[.statementClass] != nil
            || patterns[.fingerprint] != nil
    }

    func fits(_ key: SearchKey, _ value: String) -> Bool {
        guard let patterns = patterns[key] else { return true }
        return patterns.contains { pattern in
            if pattern.matches(value) { return true }
            // A relation that is named without its schema is meant in all of them.
            guard key == .relation, !pattern.text.contains("."), let dot = value.lastIndex(of: ".") else {
                return false
            }
            return pattern.matches(String(value[value.index(after: dot)...]))
        }
    }

    func fits(_ identity: SessionIdentity?, own: SessionIdentity? = nil) -> Bool {
        identityKeys.allSatisfy { key in
            guard let value = own?[key] ?? identity?[key] else { return false }
            return fits(key, value)
        }
    }
}
