/// A claim's value as the verified token holds it (RFC 7519 section 4, JSON of RFC 8259).
package enum ClaimValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([ClaimValue])
    case object([String: ClaimValue])

    /// The value at a path of member names, or nil where a step is no object or lacks the member.
    package func value(at path: [String]) -> ClaimValue? {
        var current = self
        for name in path {
            guard case .object(let members) = current, let next = members[name] else { return nil }
            current = next
        }
        return current
    }
}
