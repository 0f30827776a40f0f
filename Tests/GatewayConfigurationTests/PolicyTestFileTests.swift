import GatewayConfiguration
import GatewayPolicy
import Testing

/// Files of `domicile policy test`.
struct PolicyTestFileTests {
    private func read(_ text: String) -> PolicyTestFile.Reading {
        PolicyTestFile.read(Array(text.utf8), file: "/tests/orders.test.yaml")
    }

    private func mistakes(_ text: String) -> [String] {
        switch read(text) {
        case .valid: return []
        case .mistaken(let found): return found.map { "\($0.line):\($0.column) \($0.message)" }
        }
    }

    @Test("A case is read with its claims as JSON has them, and its configuration relative to the file")
    func whole() throws {
        let text = """
            configuration: ../gateway.yaml
            cases:
              - name: one
                claims: { iss: "https://id", sub: anna, level: 3, share: 0.5, on: true, off: "true", none: null, day: 2026-01-02,
                          realm: { roles: [a, 7] }, big: 9223372036854775808, not: 1e999 }
                request: { database: orders@EU, user: reader, region: eu-west-1, replication: true }
                expect: { rule: r, role: reader, regions: [eu-west-1], access: read_only, forbid: [ddl], replicates_to: [] }
              - name: two
                claims: { iss: "https://id" }
                request: { database: orders }
                expect: { refused: 3D000 }
            """
        guard case .valid(let file) = read(text) else {
            Issue.record("\(mistakes(text))")
            return
        }
        #expect(file.configuration == "/gateway.yaml")
        let first = try #require(file.cases.first)
        #expect(first.line == 3)
        #expect(first.column == 5)
        #expect(
            first.claims == [
                "iss": .string("https://id"), "sub": .string("anna"), "level": .integer(3),
                "share": .number(0.5),
                "on": .bool(true), "off": .string("true"), "none": .null, "day": .string("2026-01-02"),
                "realm": .object(["roles": .array([.string("a"), .integer(7)])]),
                "big": .number(9_223_372_036_854_775_808), "not": .string("1e999"),
            ])
        #expect(first.database == "orders@EU")
        #expect(first.user == "reader")
        #expect(first.region == "eu-west-1")
        #expect(first.replication)
        #expect(
            first.expected
                == PolicyExpectation(
                    rule: "r", role: "reader", regions: ["eu-west-1"], access: .readOnly, forbid: [.ddl],
                    replicatesTo: [], refused: nil))
        #expect(file.cases.last?.user == "auto")
        #expect(file.cases.last?.replication == false)
        #expect(file.cases.last?.expected.refused == .sqlstate("3D000"))
    }

    @Test("F-POL-18: Every mistake of a file is found in one reading, each with its place")
    func mistaken() {
        let text = """
            cases:
              - name: one
                claims: [iss]
                request: { database: orders, rigion: EU }
                expect: { refused: no_roles }
              - name: one
                claims: { sub: anna }
                request: {}
                expect: { refused: region, role: analyst }
              - name: three
                claims: { iss: i }
                request: { database: "" }
                expect: {}
            """
        #expect(
            mistakes(text) == [
                "3:13 `claims`: expected a mapping from claims to values",
                "4:34 unknown key \"rigion\" in `cases[].request`; did you mean `region`?",
                "5:24 `refused`: found \"no_roles\"; expected one of token, database_name, unknown_database, no_rule, "
                    + "role, region, transit, replicates, replication, narrowed, 42501, 3D000, 28P01; did you mean `no_rule`?",
                "6:11 duplicate case \"one\", first at line 2; expected another name",
                "7:13 `claims` has no `iss`; expected the token's issuer",
                "8:14 missing key `database`: As in dbname: orders, or orders@EU.",
                "9:32 `role` beside `refused`; expected one of the two",
                "12:26 `database`: found \"\"; expected text",
                "13:13 `expect` expects nothing; expected `rule`, `refused` or another key",
            ])
    }

    @Test("A file without cases, or that is no YAML or not there, is a mistake")
    func empty() {
        #expect(mistakes("cases: []") == ["1:8 `cases` is empty; expected at least one entry"])
        #expect(mistakes("").count == 1)
        guard case .mistaken(let found) = PolicyTestFile.load(path: "/nowhere/at.all") else {
            Issue.record("a file that is not there was read")
            return
        }
        #expect(
            found.map(\.description) == [
                "/nowhere/at.all:1:1: mistake: the file cannot be read; expected tests of a policy"
            ])
    }

    @Test("A configuration that is read for its policy needs neither its secrets nor the files that it names")
    func purpose() throws {
        let reading = ConfigurationFile.read(
            Array(Fixture.clean.utf8), file: "/nowhere/gateway.yaml", environment: [:], hostName: "host-1",
            purpose: .policy)
        let configuration = try #require(reading.configuration, "\(reading.findings)")
        #expect(configuration.rules.map(\.name) == ["analyst", "writer"])
        let serving = ConfigurationFile.read(
            Array(Fixture.clean.utf8), file: "/nowhere/gateway.yaml", environment: [:], hostName: "host-1")
        #expect(serving.configuration == nil)
    }
}
