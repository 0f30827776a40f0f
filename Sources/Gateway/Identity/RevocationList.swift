/// The revocations that hold. Pure: what is revoked is decided from the token, the list and the leeway alone.
package struct RevocationList: Sendable {
    /// Revocations at a time: of each name only the last one counts, so that repeating one costs nothing.
    package static let limit = 100_000

    /// Names are compared by their bytes.
    private struct OfIssuer {
        var all: Revocation?
        var subjects: [[UInt8]: Revocation] = [:]
        var tokens: [[UInt8]: Revocation] = [:]

        func entry(of scope: Revocation.Scope) -> Revocation? {
            switch scope {
            case .issuer: all
            case .subject(let name): subjects[Array(name.utf8)]
            case .tokenID(let name): tokens[Array(name.utf8)]
            }
        }
    }

    private var issuers: [[UInt8]: OfIssuer] = [:]
    package private(set) var count = 0

    package init() {}

    /// False where the list is full and the name is none of those in it; nothing has changed then.
    package mutating func add(_ revocation: Revocation) -> Bool {
        let key = Array(revocation.issuer.utf8)
        let before = issuers[key]?.entry(of: revocation.scope)
        guard before != nil || count < Self.limit else { return false }
        if before == nil { count += 1 }
        // In place: a copy of the list for each name would take hours for a long one.
        switch revocation.scope {
        case .issuer: issuers[key, default: OfIssuer()].all = Self.later(before, revocation)
        case .subject(let name):
            issuers[key, default: OfIssuer()].subjects[Array(name.utf8)] = Self.later(before, revocation)
        case .tokenID(let name):
            issuers[key, default: OfIssuer()].tokens[Array(name.utf8)] = Self.longer(before, revocation)
        }
        return true
    }

    /// The one that is in force for exactly this name.
    package func revocation(of scope: Revocation.Scope, issuer: String) -> Revocation? {
        issuers[Array(issuer.utf8)]?.entry(of: scope)
    }

    /// Takes out exactly this one; a later one of the same name stays.
    package mutating func remove(_ revocation: Revocation) {
        let key = Array(revocation.issuer.utf8)
        guard issuers[key]?.entry(of: revocation.scope) == revocation else { return }
        count -= 1
        switch revocation.scope {
        case .issuer: issuers[key]?.all = nil
        case .subject(let name): issuers[key]?.subjects[Array(name.utf8)] = nil
        case .tokenID(let name): issuers[key]?.tokens[Array(name.utf8)] = nil
        }
    }

    /// Whether a token is revoked: by its id; or by its subject or issuer, where it was issued before the revocation
    /// or does not say when it was.
    /// - Parameter leeway: an issuer's clock may be ahead of ours by so many seconds: what it issued before the
    ///   revocation may say that it was issued after it.
    package func revokes(_ token: VerifiedToken, leeway: Int64) -> Bool {
        revokes(
            issuer: token.issuer, subject: token.principal.subject, tokenID: token.principal.tokenID,
            issued: token.issued, leeway: leeway)
    }

    package func revokes(
        issuer: String, subject: String, tokenID: String?, issued: Int64?, leeway: Int64
    ) -> Bool {
        guard count > 0, let entry = issuers[Array(issuer.utf8)] else { return false }
        if let tokenID, entry.tokens[Array(tokenID.utf8)] != nil { return true }
        let times = [entry.all?.time, entry.subjects[Array(subject.utf8)]?.time]
        guard let time = times.compactMap({ $0 }).max() else { return false }
        guard let issued else { return true }
        return issued <= time + max(0, leeway)
    }

    /// Drops what can match no token any more.
    package mutating func expire(now: Int64) {
        for (key, entry) in issuers {
            let gone = entry.tokens.filter { $0.value.expires.map { $0 < now } ?? false }
            guard !gone.isEmpty else { continue }
            for name in gone.keys { issuers[key]?.tokens[name] = nil }
            count -= gone.count
        }
    }

    /// All of them, in the order in which they were said.
    package var all: [Revocation] {
        issuers.values.flatMap { entry in
            (entry.all.map { [$0] } ?? []) + entry.subjects.values + entry.tokens.values
        }.sorted { ($0.time, $0.issuer) < ($1.time, $1.issuer) }
    }

    private static func later(_ old: Revocation?, _ new: Revocation) -> Revocation {
        guard let old, old.time > new.time else { return new }
        return old
    }

    /// Not knowing when it expires counts as longest.
    private static func longer(_ old: Revocation?, _ new: Revocation) -> Revocation {
        guard let old else { return new }
        guard let before = old.expires else { return old }
        guard let after = new.expires else { return new }
        return before > after ? old : new
    }
}
