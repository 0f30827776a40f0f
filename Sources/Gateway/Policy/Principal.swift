/// A verified identity: issuer + subject, with its claims. Made from a verified token only.
///
/// One object for all that knows it: a session, its token and its request, and other sessions with the same token.
package final class Principal: Sendable, Hashable {
    /// `iss`, byte for byte.
    package let issuer: String
    package let subject: String
    /// The service that asked for the task.
    package let planner: String?
    package let task: String?
    /// `jti` (RFC 7519 section 4.1.7).
    package let tokenID: String?
    /// All claims of the token, by their own names.
    package let claims: [String: ClaimValue]
    /// Claims by the names that the issuer's `claims` mapping gives them: name to path in `claims`.
    package let mapped: [String: [String]]
    /// What the token leaves of its own rights: one of these must leave what is asked for; none where it narrows nothing.
    package let narrowings: [Narrowing]

    package init(
        issuer: String, subject: String, planner: String?, task: String?, tokenID: String?,
        claims: [String: ClaimValue], mapped: [String: [String]], narrowings: [Narrowing] = []
    ) {
        self.issuer = issuer
        self.subject = subject
        self.planner = planner
        self.task = task
        self.tokenID = tokenID
        self.claims = claims
        self.mapped = mapped
        self.narrowings = narrowings
    }

    package static func == (one: Principal, other: Principal) -> Bool {
        one === other
            || one.issuer == other.issuer && one.subject == other.subject && one.planner == other.planner
                && one.task == other.task && one.tokenID == other.tokenID && one.claims == other.claims
                && one.mapped == other.mapped && one.narrowings == other.narrowings
    }

    /// By what most principals differ in.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(issuer)
        hasher.combine(subject)
        hasher.combine(task)
        hasher.combine(tokenID)
    }

    /// The value a policy condition means by `name`: `issuer` and `subject` themselves, a mapped name, else
    /// the claim at the dotted path. Nil where the token has no such claim.
    package func value(named name: String) -> ClaimValue? {
        switch name {
        case "issuer": return .string(issuer)
        case "subject": return .string(subject)
        default: break
        }
        if let path = mapped[name] { return ClaimValue.object(claims).value(at: path) }
        if let whole = claims[name] { return whole }
        let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        return ClaimValue.object(claims).value(at: path)
    }
}
