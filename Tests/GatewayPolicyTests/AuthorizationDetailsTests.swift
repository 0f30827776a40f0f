import GatewayPolicy
import Testing

@Suite("authorization_details of a token")
struct AuthorizationDetailsTests {
    private static func entry(_ members: [String: ClaimValue], type: ClaimValue = .string("domicile"))
        -> ClaimValue
    {
        .object(members.merging(["type": type]) { $1 })
    }

    private static func list(_ texts: String...) -> ClaimValue { .array(texts.map { .string($0) }) }

    // MARK: Reading

    @Test(
        "Entries of type domicile are read in their order, those of other types and no entry at all narrow nothing"
    )
    func read() throws {
        #expect(try AuthorizationDetails.read(nil) == [])
        #expect(try AuthorizationDetails.read(.array([])) == [])
        let foreign = Self.entry(
            ["actions": Self.list("read"), "access": .integer(1)], type: .string("payment"))
        #expect(try AuthorizationDetails.read(.array([foreign])) == [])
        let whole = Self.entry([
            "databases": Self.list("orders", "orders_*"), "regions": Self.list("EU"),
            "roles": .string("analyst"),
            "access": .string("read_only"), "forbid": Self.list("ddl", "egress"),
        ])
        let read = try AuthorizationDetails.read(.array([foreign, whole, Self.entry([:])]))
        #expect(
            read == [
                Narrowing(
                    databases: [Pattern("orders"), Pattern("orders_*")], regions: ["EU"], roles: ["analyst"],
                    access: .readOnly, forbid: [.ddl, .egress]),
                Narrowing(),
            ])
    }

    static let malformed: [(ClaimValue, AuthorizationDetailsMistake)] = [
        (.null, .notAList), (.string("domicile"), .notAList), (.bool(true), .notAList),
        (entry([:]), .notAList),
        (.array([.string("domicile")]), .untyped), (.array([.null]), .untyped),
        (.array([.array([])]), .untyped),
        (.array([.object([:])]), .untyped), (.array([entry([:], type: .integer(1))]), .untyped),
        (.array([entry([:]), .object(["databases": list("orders")])]), .untyped),
        (.array([entry(["region": list("EU")])]), .unknownMember),
        (.array([entry(["Regions": list("EU")])]), .unknownMember),
        (.array([entry(["actions": list("read")])]), .unknownMember),
        (.array([entry(["databases": .integer(1)])]), .value(.databases)),
        (.array([entry(["databases": .null])]), .value(.databases)),
        (.array([entry(["regions": .array([.string("EU"), .null])])]), .value(.regions)),
        (.array([entry(["regions": .object([:])])]), .value(.regions)),
        (.array([entry(["roles": .array([.array([])])])]), .value(.roles)),
        (.array([entry(["access": .string("admin")])]), .value(.access)),
        (.array([entry(["access": .string("READ_ONLY")])]), .value(.access)),
        (.array([entry(["access": list("read_only")])]), .value(.access)),
        (.array([entry(["forbid": list("ddl", "everything")])]), .value(.forbid)),
        (.array([entry(["forbid": .bool(true)])]), .value(.forbid)),
    ]

    @Test("What is not understood whole is refused: it may have meant less", arguments: malformed)
    func refused(value: ClaimValue, expected: AuthorizationDetailsMistake) {
        #expect(throws: expected) { try AuthorizationDetails.read(value) }
    }

    @Test("Entries and values are read up to their limits, and refused one past them")
    func limits() throws {
        func entries(_ count: Int) -> ClaimValue { .array((0..<count).map { _ in Self.entry([:]) }) }
        #expect(try AuthorizationDetails.read(entries(64)).count == 64)
        #expect(throws: AuthorizationDetailsMistake.tooManyEntries) {
            try AuthorizationDetails.read(entries(65))
        }
        func values(_ count: Int) -> ClaimValue {
            .array([Self.entry(["roles": .array((0..<count).map { .string("r\($0)") })])])
        }
        #expect(try AuthorizationDetails.read(values(64)).first?.roles?.count == 64)
        #expect(throws: AuthorizationDetailsMistake.value(.roles)) {
            try AuthorizationDetails.read(values(65))
        }
    }

    // MARK: Deciding

    private static func decide(
        _ group: String, _ narrowings: [Narrowing], database: String = "orders", role: String? = nil,
        asked: [String] = [], rules: [Rule]? = nil
    ) throws(PolicyRefusal) -> Decision {
        let principal = Principal(
            issuer: "i", subject: "exec-1", planner: nil, task: nil, tokenID: nil,
            claims: ["groups": .array([.string(group)])], mapped: [:], narrowings: narrowings)
        let policy = rules.map { PolicyTests.policy($0) } ?? PolicyTests.policy()
        return try policy.decide(
            AccessRequest(principal: principal, database: database, regionsAsked: asked, role: role))
    }

    @Test("Regions are those that both the rule and the token allow; a jurisdiction stands for its regions")
    func regions() throws {
        #expect(
            try Self.decide("eu-analysts", [Narrowing(regions: ["eu-central-1"])]).regions == ["eu-central-1"]
        )
        #expect(
            try Self.decide("eu-analysts", [Narrowing(regions: ["us-east-1", "eu-central-1"])]).regions
                == ["eu-central-1"])
        #expect(try Self.decide("eu-analysts", [Narrowing(regions: ["EU"])]).regions == PolicyTests.both)
        for regions in [["US"], ["us-east-1"], ["nowhere"], ["eu"], []] {
            #expect(throws: PolicyRefusal.narrowed(.region, rule: "eu-analysts")) {
                try Self.decide("eu-analysts", [Narrowing(regions: regions)])
            }
        }
        #expect(throws: PolicyRefusal.narrowed(.region, rule: "eu-analysts")) {
            try Self.decide("eu-analysts", [Narrowing(regions: ["eu-central-1"])], asked: ["eu-west-1"])
        }
    }

    @Test("Roles are those that both allow, auto the first of them in the rule's order")
    func roles() throws {
        #expect(try Self.decide("eu-analysts", [Narrowing(roles: ["reader"])]).role == "reader")
        #expect(try Self.decide("eu-analysts", [Narrowing(roles: ["reader", "analyst"])]).role == "analyst")
        #expect(
            try Self.decide("eu-analysts", [Narrowing(roles: ["reader"])], role: "reader").role == "reader")
        for (roles, role) in [(["reader"], "analyst"), (["writer"], nil), ([], nil), (["Reader"], nil)] {
            #expect(throws: PolicyRefusal.narrowed(.role, rule: "eu-analysts")) {
                try Self.decide("eu-analysts", [Narrowing(roles: roles)], role: role)
            }
        }
        // What the rule does not have is the rule's refusal, whatever the token says.
        #expect(throws: PolicyRefusal.role("writer", rule: "eu-analysts", allowed: ["analyst", "reader"])) {
            try Self.decide("eu-analysts", [Narrowing(roles: ["writer"])], role: "writer")
        }
    }

    @Test("Access is the lesser of both")
    func access() throws {
        #expect(try Self.decide("streams", []).access == .readWrite)
        #expect(try Self.decide("streams", [Narrowing(access: .readOnly)]).access == .readOnly)
        #expect(try Self.decide("streams", [Narrowing(access: .readWrite)]).access == .readWrite)
        #expect(try Self.decide("eu-analysts", [Narrowing(access: .readWrite)]).access == .readOnly)
    }

    @Test("A database that the token leaves out is refused, and no later rule is asked")
    func databases() throws {
        #expect(
            try Self.decide("eu-analysts", [Narrowing(databases: [Pattern("ord*")])]).database == "orders")
        for databases in [[], ["orders_eu"], ["Orders"], ["order"]] {
            #expect(throws: PolicyRefusal.narrowed(.database, rule: "eu-analysts")) {
                try Self.decide(
                    "eu-analysts", [Narrowing(databases: databases.map { Pattern($0) })],
                    rules: [PolicyTests.analysts, PolicyTests.analysts])
            }
        }
        #expect(throws: PolicyRefusal.noRule) {
            try Self.decide("eu-analysts", [Narrowing(databases: [Pattern("scratch")])], database: "scratch")
        }
    }

    @Test("A class that the token forbids is forbidden, besides those of the rule")
    func forbid() throws {
        #expect(try Self.decide("eu-analysts", [Narrowing()]).forbid == [])
        #expect(try Self.decide("eu-analysts", [Narrowing(forbid: [.ddl])]).forbid == [.ddl])
        var rule = PolicyTests.analysts
        rule.forbid = [.egress]
        #expect(
            try Self.decide("eu-analysts", [Narrowing(forbid: [.ddl])], rules: [rule]).forbid == [
                .egress, .ddl,
            ])
    }

    @Test(
        "Entries are alternatives: the first that leaves something decides alone, and is mixed with no other")
    func alternatives() throws {
        let first = Narrowing(databases: [Pattern("orders_eu")], access: .readOnly)
        let second = Narrowing(databases: [Pattern("orders")], regions: ["eu-central-1"])
        let third = Narrowing(regions: ["eu-west-1"])
        #expect(try Self.decide("eu-analysts", [first, second, third]).regions == ["eu-central-1"])
        #expect(try Self.decide("eu-analysts", [third, second]).regions == ["eu-west-1"])
        #expect(
            try Self.decide("eu-analysts", [second, third], asked: ["eu-west-1"]).regions == ["eu-west-1"])
        // The refusal is that of the entry that came nearest.
        let noRole = Narrowing(roles: ["nobody"])
        #expect(throws: PolicyRefusal.narrowed(.role, rule: "eu-analysts")) {
            try Self.decide("eu-analysts", [noRole, first])
        }
    }

    @Test("A rule that refuses is not opened by a token that asks for less")
    func neverOpens() {
        // eu-writers may not write where a replica in the US would get it.
        #expect(throws: PolicyRefusal.replicates(to: ["us-east-1"], rule: "eu-writers")) {
            try Self.decide("eu-writers", [Narrowing(regions: ["eu-west-1"], access: .readOnly)])
        }
    }

    @Test("explain says what the token leaves, and which check failed")
    func explained() {
        let narrowing = Narrowing(
            databases: [Pattern("orders")], regions: ["US"], roles: ["reader"], access: .readOnly,
            forbid: [.opaque, .ddl])
        let principal = Principal(
            issuer: "i", subject: "exec-1", planner: nil, task: nil, tokenID: nil,
            claims: ["groups": .array([.string("eu-analysts")])], mapped: [:],
            narrowings: [narrowing, Narrowing(regions: ["us-east-1"])])
        let trace = PolicyTests.policy().explain(AccessRequest(principal: principal, database: "orders"))
        #expect(trace.checks.filter { !$0.held }.map(\.name) == [.token])
        #expect(
            trace.checks.first { $0.name == .token }?.detail
                == "the token leaves databases [orders], regions [US], roles [reader], access read_only, "
                + "forbid [ddl, opaque]; or regions [us-east-1]")
    }
}
