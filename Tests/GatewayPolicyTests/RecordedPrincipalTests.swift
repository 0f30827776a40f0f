import GatewayPolicy
import Testing

/// Which claims a record holds, and what can be decided by them.
struct RecordedPrincipalTests {
    private func rule(_ name: String, _ who: Condition, on databases: [String] = ["orders"]) -> Rule {
        Rule(
            name: name, who: who, databases: databases.map { Pattern($0) }, regions: ["EU"], roles: ["r"],
            access: .readOnly)
    }

    private func claim(_ name: String, _ pattern: String) -> Condition {
        .claim(name: name, patterns: [Pattern(pattern)])
    }

    private func principal(
        _ claims: [String: ClaimValue], mapped: [String: [String]] = [:]
    ) -> Principal {
        Principal(
            issuer: "https://id", subject: "anna", planner: nil, task: nil, tokenID: nil, claims: claims,
            mapped: mapped)
    }

    @Test("A path's text tells a dot of a name from one between names")
    func keys() {
        #expect(ClaimPath(["groups"]).key == "groups")
        #expect(ClaimPath(["realm_access", "roles"]).key == "realm_access.roles")
        #expect(ClaimPath(["https://example.com/roles"]).key == #"https://example\.com/roles"#)
        #expect(ClaimPath([#"a\.b"#, "c"]).key == #"a\\\.b.c"#)
        #expect(ClaimPath([#"a\b"#]).key == #"a\\b"#)
        #expect(ClaimPath(ofName: "issuer", mapped: ["issuer": ["x"]]) == nil)
        #expect(ClaimPath(ofName: "groups", mapped: ["groups": ["g", "all"]])?.key == "g.all")
    }

    @Test("A record holds exactly the claims that rules look at, null for those that the token has not")
    func decisive() {
        let mapped = ["groups": ["grp"], "subject": ["sub"]]
        let decisive = DecisiveClaims(
            rules: [
                rule(
                    "a", .all([claim("groups", "x"), claim("issuer", "https://id"), claim("subject", "s")])),
                rule("b", .any([claim("realm.roles", "y"), claim("groups", "z"), claim("level", "3")])),
            ], mapped: mapped)
        let found = decisive.values(
            of: principal(
                [
                    "grp": .array([.string("x")]), "realm": .object(["roles": .string("y"), "other": .null]),
                    "secret": .string("s"),
                    "authorization_details": .array([
                        .object(["type": .string("payment"), "iban": .string("i")]),
                        .object(["type": .string("domicile"), "roles": .array([])]),
                    ]),
                ], mapped: mapped))
        #expect(found.map(\.key) == ["authorization_details", "grp", "level", "realm.roles"])
        #expect(
            found.map(\.value) == [
                .array([.object(["type": .string("domicile"), "roles": .array([])])]),
                .array([.string("x")]), .null, .string("y"),
            ])
    }

    @Test("A claim whose own name is the text of a path is recorded beside it, and decides as in the token")
    func undivided() {
        let rules = [rule("a", claim("realm.roles", "whole"))]
        let token = principal(["realm.roles": .string("whole"), "realm": .object(["roles": .string("part")])])
        let found = DecisiveClaims(rules: rules, mapped: [:]).values(of: token)
        #expect(found.map(\.key) == ["authorization_details", "realm.roles", #"realm\.roles"#])
        let recorded = RecordedPrincipal(
            issuer: "https://id", subject: "anna",
            claims: Dictionary(uniqueKeysWithValues: found.map { ($0.key, $0.value) }))
        #expect(recorded.value(named: "realm.roles", mapped: [:]) == .value(.string("whole")))
        #expect(
            recorded.value(named: "r", mapped: ["r": ["realm", "roles"]]) == .value(.string("part")))
        #expect(recorded.value(named: "r", mapped: ["r": ["realm.roles"]]) == .value(.string("whole")))
        #expect(token.value(named: "realm.roles") == .string("whole"))
    }

    @Test("What a record does not say is unknown, and null is the absence of the claim")
    func unknown() {
        let recorded = RecordedPrincipal(
            issuer: "https://id", subject: "anna", claims: ["level": .null, "groups": .string("x")])
        #expect(recorded.value(named: "level", mapped: [:]) == .absent)
        #expect(recorded.value(named: "groups", mapped: [:]) == .value(.string("x")))
        #expect(recorded.value(named: "department", mapped: [:]) == .unknown)
        #expect(recorded.value(named: "groups", mapped: ["groups": ["grp"]]) == .unknown)
        #expect(recorded.value(named: "subject", mapped: [:]) == .value(.string("anna")))
    }

    @Test("Only what comes before the rule that surely decides has to be known")
    func order() {
        let recorded = RecordedPrincipal(
            issuer: "https://id", subject: "anna", claims: ["groups": .string("x"), "level": .null])
        func lacking(_ rules: [Rule]) -> [String] {
            recorded.unknownNames(for: "orders", rules: rules, mapped: [:])
        }
        let (known, other) = (rule("k", claim("groups", "x")), rule("o", claim("department", "d")))
        #expect(lacking([known, other]) == [])
        #expect(lacking([other, known]) == ["department"])
        #expect(lacking([rule("n", claim("groups", "y")), other]) == ["department"])
        #expect(lacking([rule("p", claim("department", "d"), on: ["payroll"]), known]) == [])
        #expect(lacking([rule("a", .all([claim("department", "d"), claim("level", "3")])), known]) == [])
        #expect(
            lacking([rule("a", .all([claim("department", "d"), claim("groups", "x")]))]) == ["department"])
        #expect(lacking([rule("a", .any([claim("department", "d"), claim("groups", "x")]))]) == [])
        #expect(
            lacking([rule("a", .any([claim("department", "d"), claim("level", "3")]))]) == ["department"])
        #expect(lacking([rule("a", .any([])), rule("b", .all([]))]) == [])
    }
}
