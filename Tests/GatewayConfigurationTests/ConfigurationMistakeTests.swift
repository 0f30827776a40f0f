import Foundation
import GatewayConfiguration
import Testing

/// One change of the clean configuration and the findings it must give.
struct Change: Sendable, CustomStringConvertible {
    var from: String
    var to: String
    /// `line:column severity` and how the message begins.
    var findings: [String]
    init(_ from: String, _ to: String, _ findings: String...) {
        (self.from, self.to, self.findings) = (from, to, findings)
    }
    var description: String { to }
}

@Suite("Mistakes of a configuration")
struct ConfigurationMistakeTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func expect(_ change: Change) {
        let found = fixture.findings(Fixture.changed([(change.from, change.to)]))
        #expect(found.count == change.findings.count, "\(found)")
        for (finding, expected) in zip(found, change.findings) {
            #expect(finding.hasPrefix(expected), "\(finding)")
        }
    }

    @Test(
        "Keys: unknown, missing, twice, of the wrong type (F-POL-18)",
        arguments: [
            Change(
                "gateway: gw-1", "gatway: gw-1", #"2:1 mistake unknown key "gatway"; did you mean `gateway`?"#
            ),
            Change(
                "admin: {", "admin: { colour: blue, ",
                #"6:10 mistake unknown key "colour" in `admin`; expected one"#),
            Change(
                "gateway: gw-1", "x-templates: {}", #"2:1 mistake unknown key "x-templates"; expected one of"#
            ),
            Change(
                "    roles: [analyst]\n", "    rolls: [analyst]\n",
                "29:5 mistake missing key `roles`",
                #"33:5 mistake unknown key "rolls" in `rules[]`; did you mean `roles`"#),
            Change("    who: { sub: exec-2 }\n", "", "34:5 mistake missing key `who`"),
            Change("region: eu-west-1\n", "", "1:1 mistake missing key `region`"),
            Change(
                "gateway: gw-1", "region: eu-central-1",
                #"2:1 mistake duplicate key "region", first at 1:1; expected it once"#),
            Change(
                "admin: { address: 127.0.0.1:6480 }",
                "admin: { address: a:1, address: b:1, \"address\": c:1 }",
                #"6:19 mistake `address`: found "a:1""#,
                #"6:24 mistake duplicate key "address", first at 6:10"#,
                #"6:38 mistake duplicate key "address", first at"#),
            Change(
                "admin: { address: 127.0.0.1:6480 }", "admin: [127.0.0.1:6480]",
                "6:8 mistake expected a mapping with `address`, `socket`"),
            Change("admin: { address: 127.0.0.1:6480 }", "admin:", "6:7 mistake expected a mapping with"),
            Change(
                "gateway: gw-1", "gateway: [gw-1]",
                "2:10 mistake `gateway`: found a list or mapping; expected a name"),
            Change("gateway: gw-1", "gateway:", "2:9 mistake `gateway` has no value"),
            Change("gateway: gw-1", "gateway: \"a\\nb\"", "2:10 mistake `gateway` holds a control character"),
            Change(
                "gateway: gw-1", "gateway: !!binary gw-1",
                "2:10 mistake found the tag \"tag:yaml.org,2002:binary\""),
            Change("gateway: gw-1", "<<: { leeway: 1s }", #"2:1 mistake unknown key "<<""#),
            Change("gateway: gw-1", "? [a, b]\n: c", "2:3 mistake found a list or mapping as a key"),
        ])
    func keys(_ change: Change) { expect(change) }

    @Test(
        "Values: numbers, durations, sizes, addresses, words",
        arguments: [
            Change(
                "port: 5501", "port: 0",
                #"16:84 mistake `port`: found "0"; expected a number from 1 to 65535"#),
            Change("port: 5501", "port: 65536", #"16:84 mistake `port`: found "65536""#),
            Change("port: 5501", "port: 99999999999999999999", #"16:84 mistake `port`: found "99999"#),
            Change("port: 5501", "port: -1", #"16:84 mistake `port`: found "-1""#),
            Change("port: 5501", "port: 5_501", #"16:84 mistake `port`: found "5_501""#),
            Change("port: 5501", "port: 05501", #"16:84 mistake `port`: found "05501""#),
            Change(
                "health: {", "health: { interval: 2, ",
                #"27:21 mistake `interval`: found "2"; expected a duration such as 500ms"#),
            Change("health: {", "health: { interval: 0, ", #"27:21 mistake `interval`: found "0""#),
            Change("health: {", "health: { interval: 2 s, ", #"27:21 mistake `interval`: found "2 s""#),
            Change("health: {", "health: { interval: 1.5s, ", #"27:21 mistake `interval`: found "1.5s""#),
            Change(
                "health: {", "health: { interval: 99999999999999999d, ", "27:21 mistake `interval`: found"),
            Change(
                "health: {", "limits: { token: 10MB }\nhealth: {",
                #"27:18 mistake `token`: found "10MB"; expected a size such as 64KiB, 10MiB (1KiB to 64KiB)"#),
            Change(
                "health: {", "limits: { token: 65KiB }\nhealth: {", #"27:18 mistake `token`: found "65KiB""#),
            Change(
                "health: {", "limits: { workers: many }\nhealth: {",
                #"27:20 mistake `workers`: found "many"; expected auto or a number from 1 to 256"#),
            Change(
                "kind: primary", "kind: primry",
                #"16:52 mistake `kind`: found "primry"; expected one of primary, standby, auto; did you mean `primary`"#
            ),
            Change(
                "access: read_write", "access: write",
                #"39:13 mistake `access`: found "write"; expected one of"#),
            Change(
                "admin: { address: 127.0.0.1:6480 }", "admin: { address: localhost }",
                #"6:19 mistake `address`: found "localhost"; expected an address and a port"#),
            Change(
                "admin: { address: 127.0.0.1:6480 }", "admin: { address: \"::1:6480\" }",
                #"6:19 mistake `address`: found "::1:6480""#),
            Change("admin: { address: 127.0.0.1:6480 }", "admin: { address: \"[::1]:6480\" }"),
            Change(
                "admin: { address: 127.0.0.1:6480 }", "admin: { address: 1.2.3:6480 }",
                "6:19 mistake `address`"),
            Change(
                "admin: { address: 127.0.0.1:6480 }", "admin: { address: \"a b:6480\" }",
                "6:19 mistake `address`"),
            // F-OPS-08
            Change(
                "admin: { address: 127.0.0.1:6480 }", "admin: { address: 0.0.0.0:6480 }",
                #"6:19 mistake `address`: found "0.0.0.0:6480"; expected a loopback address"#),
            Change(
                "10.2.0.0/16", "10.2.0.0",
                #"12:69 mistake `networks`: found "10.2.0.0"; expected an address and a prefix"#),
            Change(
                "10.2.0.0/16", "10.2.0.0/33",
                #"12:69 mistake `networks`: found "10.2.0.0/33"; expected a prefix"#),
            Change(
                "10.2.0.0/16", "10.2.0.1/16",
                #"12:69 mistake `networks`: found "10.2.0.1/16"; expected a block's"#),
            Change(
                "10.2.0.0/16", "10.3.0.0/16",
                "20:15 mistake replica `orders-b` lies outside the `networks` of eu-"),
            Change(
                "kind: primary,", "kind: primary, maintenance: yes,",
                #"16:74 mistake `maintenance`: found "yes"; expected true or false"#),
            Change(
                "{ cluster_name: orders-b }", "{ cluster_name: b, tls_spki: sha1/x, system_identifier: x }",
                #"21:46 mistake `tls_spki`: found "sha1/x"; expected sha256/"#,
                #"21:73 mistake `system_identifier`: found "x""#),
            Change(
                "region: eu-west-1\n", "region: \"eu west\"\n", "1:9 mistake `region`: unknown region",
                "1:9 mistake `region`: found", "16:9 warning replica `orders-a` is outside"),
        ])
    func values(_ change: Change) { expect(change) }

    @Test(
        "References: regions, jurisdictions, databases, roles, issuers, files, variables, names that occur twice",
        arguments: [
            Change(
                "region: eu-west-1\n", "region: eu-west-2\n",
                "1:9 mistake `region`: unknown region \"eu-west-2\"; did you mean `eu-west-1`?",
                "16:9 warning replica `orders-a` is outside"),
            Change(
                "regions: [EU]", "regions: [UE]",
                #"32:15 mistake `regions`: unknown region or jurisdiction "UE"; expected one of eu-west-1"#),
            Change(
                "    roles: [writer]", "    transit: [Mars]\n    roles: [writer]",
                #"38:15 mistake `transit`: unknown region or jurisdiction "Mars""#),
            Change(
                "databases: [orders]", "databases: [order, orders]",
                #"31:17 mistake `databases`: unknown database "order"; did you mean `orders`?"#),
            Change(
                "databases: [orders]", "databases: [orders, \"x*\"]",
                "31:25 warning `databases`: no database fits"),
            Change(
                "roles: [analyst]", "roles: [analyst, admin]",
                #"33:22 mistake `roles`: role "admin" has no credential; expected it in databases.orders.upstream.roles"#
            ),
            Change(
                "region: eu-central-1\n", "region: eu-north-1\n",
                "12:3 warning no database has a replica in region `eu-central-1`",
                #"18:17 mistake `region`: unknown region "eu-north-1"; expected one of eu-west-1, eu-central-1"#,
                "39:5 warning rule `writer` refuses everybody on `orders`"),
            Change(
                "- name: writer", "- name: analyst",
                "34:11 mistake duplicate rule `analyst`, first at line 29"),
            Change(
                "- name: orders-b", "- name: orders-a",
                "17:15 mistake duplicate replica `orders-a`, first at 16:17"),
            Change(
                "gateway.crt", "missing.crt",
                #"5:25 mistake `certificate`: found "missing.crt"; expected a file; there"#),
            Change("upstream-ca.pem", ".", #"23:20 mistake `sslrootcert`: found "."; expected a file; "#),
            Change(
                "${HEALTH_PASSWORD}", "${UNSET_NAME}",
                "27:21 mistake the environment variable `UNSET_NAME` is not set"),
            Change("${HEALTH_PASSWORD}", "${HEALTH_PASSWORD", "27:21 mistake found `${` without `}`"),
            Change("${HEALTH_PASSWORD}", "${}", "27:21 mistake found `${…}` without the name of a variable"),
            Change(
                "audience: [domicile]", "audience: []",
                "9:15 mistake `audience` is empty, so no token is accepted"),
            Change(
                "    audience: [domicile]\n",
                "    audience: [a]\n  - issuer: https://id.example.com\n    audience: [b]\n",
                "10:13 mistake duplicate issuer",
                "32:10 mistake `who` does not name an issuer, and there are 2",
                "37:10 mistake `who` does not name an issuer, and there are 2"),
            Change(
                "logs/central", "audit/eu-west-1",
                "12:44 mistake the log of `eu-central-1` is in the folder of `eu-west"),
            Change(
                "eu-west-1: { jurisdiction: EU }", "eu-west-1: { jurisdiction: eu-west-1 }",
                "11:3 mistake `eu-west-1` names a region and a jurisdiction",
                "32:14 warning this gateway, in eu-west-1, refuses everybody by rule `analyst`"),
            Change(
                "  orders:\n", "  domicile:\n", "14:3 mistake `domicile` is the gateway's own database",
                "31:17 mistake `databases`: unknown database \"orders\"",
                "36:17 mistake `databases`: unknown database"),
        ])
    func references(_ change: Change) { expect(change) }

    @Test(
        "Endpoints: several hosts, the gateway itself, one server twice, unencrypted issuers and listeners",
        arguments: [
            // F-POL-06
            Change(
                "host: 10.2.3.4", #"host: "10.2.3.4,10.2.3.5""#,
                #"20:15 mistake `host`: found "10.2.3.4,10.2.3.5"; expected one host; several are several replicas"#
            ),
            Change("host: 10.2.3.4", #"host: "10.2.3.4 hostaddr=10.9.9.9""#, "20:15 mistake `host`: found"),
            Change("host: 10.2.3.4", "host: /var/run/postgresql", "20:15 mistake `host`: found"),
            // F-POL-09
            Change(
                "port: 5501", "port: 6432", "16:67 mistake replica `orders-a` is the gateway's own listener"),
            Change(
                "host: 127.0.0.1, port: 5501", "host: localhost, port: 6432",
                "16:67 mistake replica `orders-a` is the gateway's own listener"),
            Change(
                "host: 127.0.0.1, port: 5501", "host: 0.0.0.0, port: 6432",
                "16:67 mistake replica `orders-a` is the gateway's own listener"),
            Change("host: 127.0.0.1, port: 5501", "host: 127.0.0.2, port: 6432"),
            Change(
                "- address: 127.0.0.1:6432", "- address: 0.0.0.0:5501",
                "16:67 mistake replica `orders-a` is the gateway's own listener"),
            Change(
                "host: 127.0.0.1, port: 5501", "host: 10.2.3.4, port: 5432",
                "20:15 mistake replica `orders-b` is the same server as `orders-a`"),
            Change(
                "issuer: https://", "issuer: http://",
                #"8:13 mistake `issuer`: found "http://id.example.com"; expected an https URL; http is for loopback"#
            ),
            Change("https://id.example.com", "http://127.0.0.1:4593/api"),
            Change("https://id.example.com", "http://127.0.0.1.evil.example/", "8:13 mistake `issuer`"),
            Change("https://id.example.com", "https://user@id.example.com", "8:13 mistake `issuer`"),
            Change("https://id.example.com", "https://id.example.com?x=1", "8:13 mistake `issuer`"),
            Change("https://id.example.com", "id.example.com", "8:13 mistake `issuer`"),
            Change(
                "    audience: [domicile]\n", "    audience: [domicile]\n    jwks: http://10.0.0.1/keys\n",
                "10:11 mistake `jwks`"),
            Change(
                "tls: { certificate: gateway.crt, key: gateway.key }", "auth: cleartext",
                "4:5 mistake a listener on TCP without a certificate"),
            Change(
                "tls: { certificate: gateway.crt, key: gateway.key }", "tls: { certificate: gateway.crt }",
                "5:10 mistake a listener on TCP without a certificate"),
            Change(
                "tls: { certificate: gateway.crt, key: gateway.key }", "tls: { required: false }",
                "5:12 warning `required: false`: tokens are accepted on unencrypted connections; expected true"
            ),
            Change(
                "- address: 127.0.0.1:6432\n    tls: { certificate: gateway.crt, key: gateway.key }",
                "- address: 10.0.0.1:6432\n    tls: { required: false }",
                "5:12 warning `required: false`: tokens are accepted on unencrypted connections, and the listener is not"
            ),
            Change("- address: 127.0.0.1:6432", "- unix: run/s", "5:5 mistake found `tls` with `unix`"),
            Change(
                "- address: 127.0.0.1:6432", "- address: 127.0.0.1:6432\n    unix: run/s",
                "4:5 mistake found both `address` and `unix`"),
        ])
    func endpoints(_ change: Change) { expect(change) }

    @Test(
        "Credentials: none, two, half of one; the CA that verification needs",
        arguments: [
            Change(
                "writer: { certificate: role.crt, key: role.key }", "writer: {}",
                "26:17 mistake no credential; expected"),
            Change(
                "writer: { certificate: role.crt, key: role.key }", "writer: { trust: true, password: x }",
                "26:17 mistake more than one credential"),
            Change(
                "writer: { certificate: role.crt, key: role.key }", "writer: { certificate: role.crt }",
                "26:17 mistake missing key `key`"),
            Change(
                "writer: {", "auto: { trust: true }\n        writer: {",
                #"26:9 mistake role "auto": expected"#),
            Change(
                "sslrootcert: upstream-ca.pem", "sslmode: verify-full",
                "23:7 mistake missing key `sslrootcert`"),
            Change(
                "sslrootcert: upstream-ca.pem", "sslmode: disable",
                "23:16 warning sslmode disable does not prove which server answers"),
            Change(
                "writer: { certificate: role.crt, key: role.key }", "writer: { password: \"\" }",
                "26:29 mistake `password` is empty"),
            Change(
                "writer: { certificate: role.crt, key: role.key }", "writer: { certificate: minted }",
                "25:9 warning `certificate: minted` needs `upstream_ca`"),
            Change(
                "roles:\n        analyst: { certificate: role.crt, key: role.key }",
                "upstream_ca: { certificate: role.crt, key: role.key }\n      roles:\n        analyst: { trust: true }",
                "24:7 warning `upstream_ca` signs nothing"),
            Change(
                "roles:\n        analyst: { certificate: role.crt, key: role.key }",
                "upstream_ca: { certificate: role.crt, key: gone.key, lifetime: 30s }\n      roles:\n"
                    + "        analyst: { certificate: minted }",
                #"24:50 mistake `key`: found "gone.key"; expected a file"#,
                #"24:70 mistake `lifetime`: found "30s"; expected a duration such as 500ms, 30s, 5m, 8h, 7d (1m to 1d)"#
            ),
            Change(
                "roles:\n        analyst: { certificate: role.crt, key: role.key }",
                "sslmode: disable\n      upstream_ca: { certificate: role.crt, key: role.key }\n      roles:\n"
                    + "        analyst: { certificate: minted }",
                "24:16 warning sslmode disable does not prove",
                "24:16 mistake `sslmode: disable` with `certificate: minted`"),
        ])
    func credentials(_ change: Change) { expect(change) }

    @Test(
        "An origin that cannot stand in a checkpoint is a mistake, chosen or the gateway's name, at the limit and past it",
        arguments: [
            Change(
                "gateway: gw-1", "audit: { origin: 'a b', key: k }", "2:10 mistake `origin`: found \"a b\""),
            Change("gateway: gw-1", "audit: { origin: a+b }", "2:10 mistake `origin`: found"),
            Change(
                "gateway: gw-1", "audit: { origin: \(String(repeating: "a", count: 161)) }",
                "2:10 mistake `origin`: found"),
            Change("gateway: gw-1", "audit: { origin: \(String(repeating: "a", count: 160)), key: k }"),
        ])
    func origins(_ change: Change) {
        let text = Fixture.changed([(change.from, change.to)])
        let found = fixture.findings(text)
        #expect(found.count == change.findings.count, "\(found)")
        for (finding, expected) in zip(found, change.findings) {
            #expect(finding.contains(expected.drop { $0.isNumber || $0 == ":" }), "\(finding)")
        }
    }

    @Test("What is declared harmless is a library of the server's own folder, or a function with its schema")
    func harmless() {
        let declared =
            "  orders:\n    harmless: { libraries: [postgis-3, /tmp/x, vector.so], functions: [app.total, total] }\n"
        let found = fixture.findings(Fixture.changed([("  orders:\n", declared)]))
            .filter { $0.contains(" mistake ") }
        #expect(found.count == 3, "\(found)")
        for value in ["/tmp/x", "vector.so", "total"] {
            #expect(found.contains { $0.contains("found \"\(value)\"") }, "\(value): \(found)")
        }
    }

    @Test("row_level_facts insists that every rule for the database forbids opaque code, and of no other")
    func rowLevelFacts() {
        let facts = ("  orders:\n", "  orders:\n    row_level_facts: true\n")
        let text =
            " allows code that hides SQL on `orders`, which says `row_level_facts: true`; expected `forbid: [opaque]`"
        func mistakes(_ changes: [(String, String)]) -> [String] {
            fixture.findings(Fixture.changed(changes)).filter { $0.contains(" mistake ") }
        }
        #expect(
            mistakes([facts]) == ["30:5 mistake rule `analyst`" + text, "35:5 mistake rule `writer`" + text])
        let one = ("    roles: [analyst]", "    forbid: [ddl, opaque]\n    roles: [analyst]")
        let none = ("    roles: [writer]", "    forbid: [ddl]\n    roles: [writer]")
        #expect(mistakes([facts, one, none]) == ["40:5 mistake rule `writer`" + text])
        let both = ("    roles: [writer]", "    forbid: opaque\n    roles: [writer]")
        #expect(mistakes([facts, one, both]) == [])
        #expect(mistakes([one, none]) == [])
    }

    @Test(
        "F-ID-19: certificates of executors and OAUTHBEARER are demanded only where every connection has TLS",
        arguments: [
            Change(
                "key: gateway.key }", "key: gateway.key, client_ca: upstream-ca.pem, required: false }",
                "5:56 mistake `client_ca` with `required: false`", "5:84 warning `required: false`"),
            Change(
                "key: gateway.key }", "key: gateway.key, client_ca: gone.pem }", "5:67 mistake `client_ca`"),
            Change(
                "address: 127.0.0.1:6432\n    tls: { certificate: gateway.crt, key: gateway.key }",
                "unix: run/s\n    auth: oauthbearer", "5:11 mistake `auth: oauthbearer` with `unix`"),
            Change(
                "    tls: {", "    auth: bearer\n    tls: {",
                #"5:11 mistake `auth`: found "bearer"; expected one of cleartext, oauthbearer"#),
        ])
    func executorsProof(_ change: Change) { expect(change) }

    @Test(
        "The scopes that executors are told to ask for are RFC 6749's",
        arguments: ["\" openid\"", "\"openid \"", "\"a  b\"", "\"\"", "'a\"b'", "'a\\b'", "é"])
    func scope(text: String) {
        expect(
            Change(
                "audience: [domicile]", "audience: [domicile]\n    scope: \(text)",
                "10:12 mistake `scope`: found"))
    }

    @Test(
        "Rule 10: who: an issuer where there are several, no globs for it, no empty values",
        arguments: [
            Change(
                "sub: exec-2", "sub: exec-2, issuer: \"https://*\"",
                #"35:33 mistake `who.issuer`: found "https://*"; expected an issuer, written out"#),
            Change(
                "sub: exec-2", "sub: exec-2, issuer: https://id.example.org",
                #"35:33 mistake `who.issuer`: unknown issuer "https://id.example.org"; did you mean"#),
            Change("sub: exec-2", "sub: \"\"", "35:17 mistake `who.sub`: found \"\"; expected a value"),
            Change("sub: exec-2", "sub: { a: b }", "35:17 mistake `who.sub`: found a list or mapping"),
            Change(
                "who: { sub: exec-2 }", "who: [exec-2]", "35:10 mistake `who`: expected a mapping from claims"
            ),
            Change(
                "sub: exec-2", "sub: exec-2, any: { a: b }",
                "35:30 mistake `any`: expected a list of mappings"),
        ])
    func who(_ change: Change) { expect(change) }

    @Test("With two issuers, a rule that names one in each of its branches is fine")
    func severalIssuers() {
        let text = Fixture.changed([
            (
                "    audience: [domicile]\n",
                "    audience: [a]\n  - { issuer: \"https://b.example\", audience: [b] }\n"
            ),
            ("subject: exec-1,", "subject: exec-1, issuer: https://id.example.com,"),
            (
                "who: { sub: exec-2 }",
                "who: { any: [ { sub: exec-2, issuer: \"https://b.example\" }, { sub: x, issuer: \"https://id.example.com\" } ] }"
            ),
        ])
        let mistakes = fixture.findings(text).filter { $0.contains(" mistake ") }
        #expect(mistakes == [])
    }
}
