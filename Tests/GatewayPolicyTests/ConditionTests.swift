import GatewayPolicy
import Testing

@Suite("Conditions on claims")
struct ConditionTests {
    static let principal = Principal(
        issuer: "https://id.example.com", subject: "exec-7", planner: "planner-1", task: nil, tokenID: nil,
        claims: [
            "sub": .string("exec-7"), "azp": .string("planner-1"),
            "groups": .array([
                .string("eu-analysts"), .string("ops"), .integer(7), .array([.string("nested")]),
            ]),
            "joined": .string("eu-analysts,ops"), "level": .integer(42), "verified": .bool(true),
            "ratio": .number(1.5), "nothing": .null, "realm": .object(["roles": .array([.string("dba")])]),
            "realm.dotted": .string("whole"), "issuer": .string("https://evil.example"), "empty": .array([]),
        ],
        mapped: ["subject": ["sub"], "planner": ["azp"], "task": ["task_id"], "teams": ["realm", "roles"]])

    @Test(
        "A claim fits where its value, or one element of its list, fits one of the patterns",
        arguments: [
            ("groups", ["eu-analysts"], true), ("groups", ["eu-*"], true),
            ("groups", ["us-analysts", "ops"], true),
            ("groups", ["7"], true), ("groups", ["us-*"], false), ("groups", [], false),
            ("groups", ["nested"], false),
            // A comma-joined string is one value.
            ("joined", ["eu-analysts"], false), ("joined", ["ops"], false),
            ("joined", ["eu-analysts,ops"], true),
            ("level", ["42"], true), ("level", ["042"], false), ("level", ["4?"], true),
            ("verified", ["true"], true), ("verified", ["1"], false), ("ratio", ["1.5"], false),
            ("ratio", ["*"], false), ("nothing", ["*"], false), ("nothing", ["null"], false),
            ("realm", ["*"], false), ("realm.roles", ["dba"], true), ("realm.dotted", ["whole"], true),
            ("teams", ["dba"], true), ("absent", ["*"], false), ("empty", ["*"], false),
            ("task", ["*"], false),
            ("planner", ["planner-*"], true), ("subject", ["exec-7"], true), ("sub", ["exec-7"], true),
            // `issuer` is the verified issuer, whatever a claim of that name says.
            ("issuer", ["https://id.example.com"], true), ("issuer", ["https://evil.example"], false),
        ])
    func claim(name: String, patterns: [String], holds: Bool) {
        let condition = Condition.claim(name: name, patterns: patterns.map { Pattern($0) })
        #expect(condition.holds(for: Self.principal) == holds)
    }

    private static let yes = Condition.claim(name: "subject", patterns: [Pattern("exec-7")])
    private static let no = Condition.claim(name: "subject", patterns: [Pattern("exec-8")])

    @Test("all needs every condition, any needs one, and both of nothing hold for nobody (F-POL-18)")
    func combinations() {
        let table: [(Condition, Bool)] = [
            (.all([Self.yes, Self.yes]), true), (.all([Self.yes, Self.no]), false), (.all([]), false),
            (.any([Self.no, Self.yes]), true), (.any([Self.no]), false), (.any([]), false),
            (.all([Self.yes, .any([Self.no, Self.yes])]), true), (.all([Self.yes, .any([])]), false),
            (.any([.all([]), Self.no]), false),
        ]
        for (condition, holds) in table {
            #expect(condition.holds(for: Self.principal) == holds, "\(condition)")
        }
    }

    @Test("One condition covers another only where that is plain to see")
    func covers() {
        func claim(_ name: String, _ patterns: String...) -> Condition {
            .claim(name: name, patterns: patterns.map { Pattern($0) })
        }
        let groups = claim("groups", "eu-*")
        let narrow = claim("groups", "eu-analysts")
        let planner = claim("planner", "p")
        let table: [(Condition, Condition, Bool)] = [
            (groups, narrow, true), (narrow, groups, false), (narrow, narrow, true), (groups, planner, false),
            (groups, .all([narrow, planner]), true), (.all([groups, planner]), narrow, false),
            (.all([groups, planner]), .all([planner, narrow]), true),
            (.any([planner, groups]), narrow, true),
            (narrow, .any([narrow, planner]), false),
            (.any([groups, planner]), .any([planner, narrow]), true),
            (claim("groups", "a", "b"), claim("groups", "b"), true),
            (claim("groups", "b"), claim("groups", "a", "b"), false), (.all([]), narrow, false),
            (.any([groups, planner]), .all([claim("x", "y"), narrow]), true),
        ]
        for (wide, narrow, covered) in table { #expect(wide.covers(narrow) == covered, "\(wide) \(narrow)") }
    }

    @Test("A condition names a claim only where every way to meet it does")
    func alwaysNames() {
        let issuer = Condition.claim(name: "issuer", patterns: [Pattern("https://id.example.com")])
        #expect(issuer.alwaysNames("issuer"))
        #expect(Condition.all([Self.yes, issuer]).alwaysNames("issuer"))
        #expect(!Condition.any([Self.yes, issuer]).alwaysNames("issuer"))
        #expect(Condition.any([.all([Self.yes, issuer]), issuer]).alwaysNames("issuer"))
        #expect(!Condition.any([]).alwaysNames("issuer"))
    }
}
