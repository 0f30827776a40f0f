import GatewayIdentity
import Testing

@Suite struct RevocationListTests {
    private static let one = "https://one.example.com"
    private static let two = "https://two.example.com"

    private func list(_ revocations: Revocation...) -> RevocationList {
        var list = RevocationList()
        for revocation in revocations {
            let isAdded = list.add(revocation)
            #expect(isAdded)
        }
        return list
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let scope: Revocation.Scope
        var issuer = RevocationListTests.one
        var subject = "exec-1"
        var tokenID: String? = "j-1"
        var issued: Int64? = 900
        let isRevoked: Bool
        var testDescription: String { name }
    }

    /// Said at 1,000 by the issuer `one`, with a leeway of 30 s.
    static let cases: [Case] = [
        Case(name: "the subject", scope: .subject("exec-1"), isRevoked: true),
        Case(name: "another subject", scope: .subject("exec-1"), subject: "exec-2", isRevoked: false),
        Case(
            name: "a subject that begins with it", scope: .subject("exec-1"), subject: "exec-10",
            isRevoked: false),
        Case(
            name: "the same subject of another issuer", scope: .subject("exec-1"), issuer: two,
            isRevoked: false),
        Case(name: "in another case", scope: .subject("exec-1"), subject: "EXEC-1", isRevoked: false),
        Case(name: "the token", scope: .tokenID("j-1"), isRevoked: true),
        Case(name: "the token, issued later", scope: .tokenID("j-1"), issued: 5_000, isRevoked: true),
        Case(name: "another token of the subject", scope: .tokenID("j-1"), tokenID: "j-2", isRevoked: false),
        Case(name: "a token without an id", scope: .tokenID("j-1"), tokenID: nil, isRevoked: false),
        Case(name: "the token id at another issuer", scope: .tokenID("j-1"), issuer: two, isRevoked: false),
        Case(name: "a subject named as the token id", scope: .tokenID("exec-1"), isRevoked: false),
        Case(name: "the issuer", scope: .issuer, isRevoked: true),
        Case(name: "another issuer", scope: .issuer, issuer: two, isRevoked: false),
        Case(name: "issued in the second of it", scope: .subject("exec-1"), issued: 1_000, isRevoked: true),
        Case(name: "issued within the leeway", scope: .subject("exec-1"), issued: 1_030, isRevoked: true),
        Case(
            name: "issued later than the leeway", scope: .subject("exec-1"), issued: 1_031, isRevoked: false),
        Case(name: "of the issuer, later", scope: .issuer, issued: 1_031, isRevoked: false),
        Case(name: "without a time of issue", scope: .subject("exec-1"), issued: nil, isRevoked: true),
    ]

    @Test("F-ID-15: exactly the tokens that a revocation means are revoked", arguments: cases)
    func exactlyThose(_ what: Case) throws {
        let list = list(try Revocation(issuer: Self.one, scope: what.scope, time: 1_000))
        #expect(
            list.revokes(
                issuer: what.issuer, subject: what.subject, tokenID: what.tokenID, issued: what.issued,
                leeway: 30)
                == what.isRevoked)
    }

    @Test(
        "Said again later, a revocation covers what was issued in between; said again with an earlier time, it stays"
    )
    func saidAgain() throws {
        let first = try Revocation(issuer: Self.one, scope: .subject("x"), time: 1_000)
        let second = try Revocation(issuer: Self.one, scope: .subject("x"), time: 2_000)
        for list in [list(first, second), list(second, first)] {
            #expect(list.count == 1)
            #expect(list.revokes(issuer: Self.one, subject: "x", tokenID: nil, issued: 1_999, leeway: 0))
            #expect(!list.revokes(issuer: Self.one, subject: "x", tokenID: nil, issued: 2_001, leeway: 0))
        }
    }

    @Test(
        "Lifted is exactly the one that is meant: not a later one of the same name, not another of its issuer"
    )
    func remove() throws {
        let first = try Revocation(issuer: Self.one, scope: .subject("x"), time: 1_000)
        let later = try Revocation(issuer: Self.one, scope: .subject("x"), time: 2_000)
        let others = [
            try Revocation(issuer: Self.one, scope: .issuer, time: 1_000),
            try Revocation(issuer: Self.one, scope: .tokenID("x"), time: 1_000),
            try Revocation(issuer: Self.one, scope: .subject("y"), time: 1_000),
            try Revocation(issuer: Self.two, scope: .subject("x"), time: 1_000),
        ]
        var list = list(first, later)
        for other in others { _ = list.add(other) }
        #expect(list.revocation(of: .subject("x"), issuer: Self.one) == later)
        list.remove(first)
        #expect(list.count == 5)
        list.remove(later)
        #expect(list.count == 4 && Set(list.all) == Set(others))
        #expect(list.revocation(of: .subject("x"), issuer: Self.one) == nil)
        list.remove(later)
        for (index, other) in others.enumerated() {
            list.remove(other)
            #expect(list.count == others.count - index - 1)
        }
        #expect(!list.revokes(issuer: Self.one, subject: "x", tokenID: "x", issued: nil, leeway: 0))
    }

    @Test("A token's revocation is forgotten when the token has expired for certain; the others stay")
    func expiry() throws {
        var list = list(
            try Revocation(issuer: Self.one, scope: .tokenID("known"), time: 10, expires: 100),
            try Revocation(issuer: Self.one, scope: .tokenID("unknown"), time: 10),
            try Revocation(issuer: Self.one, scope: .subject("x"), time: 10),
            try Revocation(issuer: Self.two, scope: .issuer, time: 10))
        list.expire(now: 100)
        #expect(list.count == 4)
        list.expire(now: 101)
        #expect(list.count == 3)
        #expect(!list.revokes(issuer: Self.one, subject: "y", tokenID: "known", issued: 1, leeway: 0))
        #expect(list.revokes(issuer: Self.one, subject: "y", tokenID: "unknown", issued: 1, leeway: 0))
    }

    @Test("Not knowing when a token expires wins over knowing")
    func unknownExpiry() throws {
        let known = try Revocation(issuer: Self.one, scope: .tokenID("j"), time: 10, expires: 100)
        let unknown = try Revocation(issuer: Self.one, scope: .tokenID("j"), time: 10)
        for order in [[known, unknown], [unknown, known]] {
            var list = RevocationList()
            for revocation in order { _ = list.add(revocation) }
            list.expire(now: 1_000)
            #expect(list.count == 1)
        }
    }

    @Test("The list takes as many names as its limit, and one more is refused; those in it can be said again")
    func limit() throws {
        var list = RevocationList()
        for number in 0..<100_000 {
            let added = list.add(try Revocation(issuer: Self.one, scope: .subject("s\(number)"), time: 1))
            if !added { Issue.record("\(number) was refused") }
        }
        let oneMore = list.add(try Revocation(issuer: Self.one, scope: .subject("one more"), time: 1))
        let again = list.add(try Revocation(issuer: Self.one, scope: .subject("s5"), time: 2))
        #expect(!oneMore && again)
        #expect(list.count == 100_000)
        #expect(!list.revokes(issuer: Self.one, subject: "one more", tokenID: nil, issued: 1, leeway: 0))
    }

    @Test(
        "A name that no token can have is refused, so that a revocation of nobody is not taken for one of somebody",
        arguments: ["", "a\nb", "\u{202e}x", "e\u{301}", String(repeating: "x", count: 257)])
    func impossibleNames(name: String) {
        #expect(throws: RevocationMistake.name(.subject)) {
            try Revocation(issuer: Self.one, scope: .subject(name), time: 1)
        }
        #expect(throws: RevocationMistake.name(.tokenID)) {
            try Revocation(issuer: Self.one, scope: .tokenID(name), time: 1)
        }
        if name.utf8.count < 257 {
            #expect(throws: RevocationMistake.name(.issuer)) {
                try Revocation(issuer: name, scope: .issuer, time: 1)
            }
        }
        #expect(throws: Never.self) {
            try Revocation(issuer: Self.one, scope: .subject(String(repeating: "x", count: 256)), time: 1)
        }
    }
}
