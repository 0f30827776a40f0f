import GatewayConfiguration
import Testing

@Suite struct ShippingKeysTests {
    private let fixture: Fixture

    init() throws { fixture = try Fixture() }

    private static let first =
        "region: eu-central-1, host: 10.2.7.7, dbname: audit, sslrootcert: upstream-ca.pem"

    /// The clean configuration with these entries of `audit.ship`, the first in line 41.
    private func text(_ entries: [String], signed: Bool = true) -> String {
        let key = signed ? "key: audit.key" : "durability: strict"
        return Fixture.clean + "audit:\n  \(key)\n  ship:\n" + entries.map { "    - { \($0) }\n" }.joined()
    }

    private func mistakes(_ entries: String..., signed: Bool = true) -> [String] {
        fixture.findings(text(entries, signed: signed)).filter { $0.contains(" mistake ") }
    }

    @Test("A destination is read with its defaults, and with all of its keys")
    func read() throws {
        let all =
            "name: second, region: eu-west-1, host: audit.example, port: 5433, dbname: logs, user: shipper, "
            + "password: \"${HEALTH_PASSWORD}\", sslmode: verify-ca, sslrootcert: upstream-ca.pem, "
            + "weak_authentication: allow, table: archive.lines, hashes_table: archive.leaves, logs: [eu-central-1]"
        let reading = fixture.read(text([Self.first, all]))
        let found = try #require(reading.configuration?.audit.ship, "\(reading.findings)")
        try #require(found.count == 2)
        #expect(found[0].name == "1" && found[0].region == "eu-central-1")
        #expect(found[0].host == "10.2.7.7" && found[0].port == 5432 && found[0].dbname == "audit")
        #expect(found[0].user == "domicile_ship" && found[0].password == nil)
        #expect(found[0].sslmode == .verifyFull && !found[0].allowsWeakAuthentication)
        #expect(found[0].sslrootcert == fixture.folder + "/upstream-ca.pem")
        #expect("\(found[0].records) \(found[0].hashes)" == "domicile.records domicile.hashes")
        #expect(found[0].takes(logOf: "eu-west-1") && found[0].takes(logOf: "eu-central-1"))
        #expect(found[1].name == "second" && found[1].port == 5433 && found[1].user == "shipper")
        #expect(found[1].password?.reveal() == "pass-h")
        #expect(found[1].sslmode == .verifyCA && found[1].allowsWeakAuthentication)
        #expect("\(found[1].records) \(found[1].hashes)" == "archive.lines archive.leaves")
        #expect(!found[1].takes(logOf: "eu-west-1") && found[1].takes(logOf: "eu-central-1"))
        #expect(reading.findings.map(\.message).filter { $0.contains("sslmode") }.count == 1)
    }

    @Test(
        "F-AUD-22: a destination lies in a region that there is, within its networks, and is no replica of another"
    )
    func places() {
        #expect(mistakes(Self.first) == [])
        #expect(
            mistakes(Self.first.replacing("eu-central-1", with: "eu-centrl-1")).contains {
                $0.contains("`region`: unknown region \"eu-centrl-1\"; did you mean `eu-central-1`?")
            })
        #expect(
            mistakes(Self.first.replacing("10.2.7.7", with: "10.3.0.1")).contains {
                $0.contains("destination `1` lies outside the `networks` of eu-central-1; expected inside")
            })
        // The replica orders-b of eu-central-1, said to be in eu-west-1.
        #expect(
            mistakes(Self.first.replacing("10.2.7.7", with: "10.2.3.4").replacing("central", with: "west"))
                .contains {
                    $0.contains("is the same server as the replica `orders-b`, which is in eu-central-1")
                })
        #expect(
            mistakes(
                "region: eu-west-1, host: 127.0.0.1, port: 6432, dbname: a, sslrootcert: upstream-ca.pem"
            )
            .contains { $0.contains("destination `1` is the gateway's own listener") })
        #expect(
            mistakes(Self.first.replacing("10.2.7.7", with: "\"10.2.7.7,10.2.7.8\"")).contains {
                $0.contains("one host; several are several destinations, each in its own region")
            })
    }

    @Test("What is wrong with a destination is said, each mistake once")
    func wrong() {
        func expect(_ entry: String, _ message: String) {
            let found = mistakes(entry)
            #expect(found.count == 1 && found[0].contains(message), "\(found)")
        }
        expect(Self.first + ", table: records", "`table`: found \"records\"; expected a schema and a name")
        expect(Self.first + ", hashes_table: a.b.c", "`hashes_table`: found \"a.b.c\"")
        expect(Self.first + ", logs: [eu-north-1]", "`logs`: unknown region \"eu-north-1\"")
        #expect(
            mistakes(Self.first + ", password: a, password_file: b").contains {
                $0.contains("`password_file` beside `password`")
            })
        expect(
            Self.first.replacing(", sslrootcert: upstream-ca.pem", with: ""), "missing key `sslrootcert`")
        expect(Self.first.replacing("dbname: audit, ", with: ""), "missing key `dbname`")
        let twice = mistakes(Self.first + ", name: x", Self.first.replacing("audit", with: "b") + ", name: x")
        #expect(twice.count == 1 && twice[0].contains("duplicate destination `x`"), "\(twice)")
        let same = mistakes(Self.first, Self.first)
        #expect(
            same.count == 1 && same[0].contains("destination `2` is the same database as `1`"), "\(same)")
    }

    @Test("A destination may be an anchor, by its name, also one that no log goes to")
    func anchors() throws {
        let entry = Self.first + ", name: kept, logs: [], checkpoints_table: a.heads"
        let named = text([entry]) + "  anchor: [{ destination: kept }]\n"
        let audit = try #require(fixture.read(named).configuration?.audit)
        #expect(audit.anchors.count == 1)
        guard case .table(let destination, let networks)? = audit.anchors.first else {
            Issue.record("\(audit.anchors)")
            return
        }
        #expect(destination == audit.ship.first && "\(destination.checkpoints)" == "a.heads")
        #expect(!destination.takes(logOf: "eu-west-1") && !destination.takes(logOf: "eu-central-1"))
        #expect(networks.count == 2)
        #expect(
            fixture.findings(named.replacing("destination: kept", with: "destination: other")).contains {
                $0.contains("`destination`: found \"other\"; expected the name of an entry of `ship`")
            })
    }

    @Test("Rows are told apart by the log's origin, so that it must not hang on the gateway's name")
    func origins() {
        let found = mistakes(Self.first, signed: false)
        #expect(found.count == 1 && found[0].contains("`ship` needs `key` or `origin`"), "\(found)")
        let named = text([Self.first], signed: false).replacing("durability: strict", with: "origin: a/b")
        #expect(!fixture.findings(named).contains { $0.contains(" mistake ") })
    }
}
