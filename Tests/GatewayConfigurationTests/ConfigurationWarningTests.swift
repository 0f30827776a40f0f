import GatewayConfiguration
import Testing

@Suite("Warnings about a configuration")
struct ConfigurationWarningTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    @Test(
        "What works but should be known is a warning, and the configuration is valid",
        arguments: [
            Change(
                "        attest: { cluster_name: orders-b }\n", "",
                "17:9 warning replica `orders-b` is outside the gateway's region and has no `attest"),
            Change(
                "analyst: { certificate: role.crt, key: role.key }",
                "analyst: { password: \"${ANALYST_PASSWORD}\" }",
                "14:3 warning database `orders` spans regions, and role analyst logs in with a password"),
            Change(
                "who: { subject: exec-1, groups: [eu-*] }", "who: { groups: [eu-*] }",
                "29:5 warning role `analyst` may be shared by several executors"),
            Change(
                "    roles: [writer]", "    roles: [analyst]",
                "29:5 warning role `analyst` may be shared by several executors"),
            Change(
                "  eu-west-1: {", "  eu-south-1: { jurisdiction: EU }\n  eu-west-1: {",
                "11:3 warning no database has a replica in region `eu-south-1`"),
            Change(
                "regions: [eu-west-1, eu-central-1]", "regions: [eu-west-1]",
                "39:5 warning rule `writer` refuses everybody on `orders`: a writer's data streams on to eu-central-1"
            ),
            Change(
                "regions: [EU]", "regions: [eu-central-1]",
                "32:14 warning this gateway, in eu-west-1, refuses everybody by rule `analyst`"),
            Change(
                "kind: primary", "kind: standby",
                "39:5 warning read_write needs a primary, and `orders` has none in a region of rule `writer`"),
            Change(
                "kind: standby", "kind: primary",
                "17:15 warning database `orders` has 2 replicas of kind primary"),
            Change(
                "roles: [analyst]", "roles: []",
                "33:12 warning `roles` is an empty list and so allows nothing"),
            Change(
                "who: { sub: exec-2 }", "who: {}",
                "35:10 warning `who` is empty and so matches nobody"),
        ])
    func warns(_ change: Change) {
        let text = Fixture.changed([(change.from, change.to)])
        let found = fixture.findings(text)
        #expect(found.count == change.findings.count, "\(found)")
        for (finding, expected) in zip(found, change.findings) {
            #expect(finding.hasPrefix(expected), "\(finding)")
        }
        #expect(fixture.read(text).configuration != nil)
    }

    @Test(
        "F-AUD-22: logs of two regions on one filesystem are a warning; on two, or of one region alone, they are none"
    )
    func filesystems() {
        func found(_ text: String, _ filesystem: @escaping @Sendable (String) -> UInt64?) -> [String] {
            fixture.findings(text + signed, materials: MaterialCheck(filesystem: filesystem) { _ in nil })
        }
        #expect(
            found(Fixture.clean) { _ in 7 } == [
                "12:3 warning the logs of eu-west-1 and eu-central-1 lie on one filesystem: a disk that is full or lost "
                    + "takes all of them; expected one for each region"
            ])
        #expect(found(Fixture.clean) { $0.hasSuffix("/logs/central") ? 8 : 7 }.isEmpty)
        #expect(found(Fixture.clean) { _ in nil }.isEmpty)
        let third = Fixture.changed([("  eu-west-1: {", "  eu-south-1: { jurisdiction: EU }\n  eu-west-1: {")]
        )
        let three = found(third) { $0.hasSuffix("eu-west-1") ? 8 : 7 }
        #expect(
            three.contains { $0.hasPrefix("13:3 warning the logs of eu-south-1 and eu-central-1 lie on one") }
        )
        let single = found("region: eu-west-1\nregions:\n  eu-west-1: { jurisdiction: EU }\n") { _ in 7 }
        #expect(!single.contains { $0.contains("filesystem") })
    }

    @Test("An anchor needs a key, and is no file within a log that it is to vouch for")
    func anchors() {
        func found(_ audit: String) -> [String] { fixture.findings(Fixture.clean + "audit: \(audit)\n") }
        #expect(found("{ key: audit.key, anchor: elsewhere/checkpoints }") == [])
        #expect(
            found("{ anchor: elsewhere/checkpoints }").contains {
                $0.contains("mistake `anchor` needs `key`")
            })
        #expect(
            found("{ key: audit.key, anchor: logs/central/anchor }").contains {
                $0.contains("mistake `anchor` lies in the log of eu-central-1")
            })
    }

    @Test("Anchors in a list are files or https endpoints, each once, with the keys of its kind")
    func anchorList() throws {
        let text = { (list: String) in Fixture.clean + "audit: { key: audit.key, anchor: \(list) }\n" }
        func first(_ list: String) -> String? {
            fixture.findings(text(list)).first?.components(separatedBy: " mistake ").last
        }
        let good = "[{ file: elsewhere/checkpoints }, { url: \"https://kept.example/eu\" }]"
        let configuration = try #require(fixture.read(text(good)).configuration)
        #expect(
            configuration.audit.anchors == [
                .file(fixture.folder + "/elsewhere/checkpoints"),
                .url("https://kept.example/eu", ca: nil, tokenFile: nil),
            ])
        #expect(fixture.read(text("[]")).configuration?.audit.anchors == [])
        let either = "an anchor has one of `file`, `url` and `destination`; found "
        #expect(first("[{}]") == either + "none")
        #expect(first("[{ file: a, url: \"https://kept.example/\" }]") == either + "several")
        #expect(
            first("[{ file: logs/central/anchor }]")?.hasPrefix("`file` lies in the log of eu-central-1")
                == true)
        #expect(
            first("[{ url: \"http://kept.example/\" }]")?.hasSuffix(
                "expected an https URL; http is for loopback addresses only") == true)
        #expect(first("[{ url: \"http://127.0.0.1:8080/\" }]") == nil)
        #expect(
            first("[{ url: \"https://kept.example/?key=1\" }]")?.hasSuffix(
                "expected a URL without user, password, fragment and query") == true)
        #expect(
            first("[{ file: a, ca: b }]")?.hasPrefix("`ca` is for an anchor with `url`; found it with `file`")
                == true)
        #expect(
            first("[{ url: \"https://kept.example/\", token_file: nowhere }]")?.hasPrefix("`token_file`")
                == true)
        #expect(
            first("[{ file: a }, { file: ./a }]")?.hasSuffix("stands there twice; expected it once") == true)
    }

    @Test("Retention needs a key and an anchor; none is needed to keep all")
    func retention() {
        func found(_ audit: String) -> [String] { fixture.findings(Fixture.clean + "audit: \(audit)\n") }
        #expect(found("{ key: audit.key, anchor: elsewhere/checkpoints, retention: 400d }") == [])
        #expect(found("{ key: audit.key, retention: 0 }") == [])
        for lacking in [
            "{ retention: 400d }", "{ key: audit.key, retention: 400d }",
            "{ key: audit.key, anchor: [], retention: 1s }",
        ] {
            #expect(
                found(lacking).contains {
                    $0.contains(
                        "mistake `retention` needs `key` and `anchor`: what is removed must be covered by a checkpoint that is kept elsewhere"
                    )
                }, "\(lacking)")
        }
    }

    /// Behind a configuration, where its being unsigned is not what is looked for.
    private let signed = "audit: { key: audit.key }\n"

    @Test(
        "A start or check without `audit.key` warns that nothing is signed; a key that cannot be used is a mistake"
    )
    func unsigned() {
        func found(_ text: String, _ reason: String?) -> [String] {
            fixture.findings(
                text,
                materials: MaterialCheck { material in
                    guard case .auditKey(let file) = material, let reason else { return nil }
                    return MaterialCheck.Problem(file: file, reason: reason)
                })
        }
        #expect(
            found(Fixture.clean, nil) == [
                "1:1 warning checkpoints are not signed: set `audit.key` and run `domicile audit init --config FILE`"
            ])
        #expect(found(Fixture.clean + signed, nil) == [])
        #expect(
            found(Fixture.clean + signed, "does not exist").first?.contains("mistake `key` cannot be used")
                == true)
    }

    @Test("F-AUD-22: a log folder that is another region's is a mistake where the folder is named")
    func otherRegionsLog() {
        let materials = MaterialCheck { material in
            guard case .log(let folder, let region) = material, region == "eu-central-1" else { return nil }
            return MaterialCheck.Problem(file: folder, reason: "it is another's")
        }
        let found = fixture.findings(Fixture.clean + signed, materials: materials)
        #expect(found == ["12:44 mistake `audit` cannot be used: it is another's"])
    }

    @Test("A rule that only observes beats none, and one behind the rule that decides never observes")
    func observing() {
        func shadowed(_ modes: (String, String)) -> Bool {
            let rules = """
                rules:
                  - { name: one, mode: \(modes.0), who: { sub: a }, databases: [orders], regions: [EU], roles: [writer] }
                  - { name: two, mode: \(modes.1), who: { sub: a }, databases: [orders], regions: [EU], roles: [analyst] }
                """
            var text = Fixture.clean
            if let range = text.firstRange(of: "rules:\n") { text = text[..<range.lowerBound] + rules }
            return fixture.findings(text).contains { $0.contains("rule `two` never decides") }
        }
        #expect(!shadowed(("observe", "enforce")))
        #expect(shadowed(("enforce", "observe")))
        #expect(shadowed(("observe", "observe")))
    }

    @Test(
        "Of a rule that an earlier one beats in part, the part is named",
        arguments: [
            ("{ sub: a }", "{ sub: [a, b] }", ["sub: a"]),
            ("{ sub: \"a*\" }", "{ sub: [a1, b, ax] }", ["sub: a1", "sub: ax"]),
            ("{ sub: a }", "{ any: [ { groups: b }, { sub: a } ] }", ["branch 2 of `any`"]),
            ("{ sub: a }", "{ sub: [a, b], groups: c }", ["sub: a"]),
            ("{ sub: a, groups: c }", "{ sub: [a, b] }", []),
            ("{ sub: c }", "{ sub: [a, b] }", []),
        ] as [(String, String, [String])])
    func overlaps(first: String, second: String, expected: [String]) {
        let rules = """
            rules:
              - { name: one, who: \(first), databases: [orders], regions: [EU], roles: [writer], forbid: [peers] }
              - { name: two, who: \(second), databases: [orders], regions: [EU], roles: [analyst], forbid: [peers] }
            """
        var text = Fixture.clean
        if let range = text.firstRange(of: "rules:\n") { text = text[..<range.lowerBound] + rules }
        #expect(
            fixture.findings(text)
                == expected.map {
                    "30:5 warning rule `two` overlaps `one` above it, which decides for its `\($0)`"
                })
    }

    @Test(
        "A rule that an earlier one always beats is reported; one that can decide is not",
        arguments: [
            ("{ sub: exec-2 }", "[orders]", "{ sub: exec-2 }", "[orders]", true),
            ("{ sub: \"exec-*\" }", "[\"*\"]", "{ sub: exec-2, groups: a }", "[orders]", true),
            ("{ sub: exec-2, groups: a }", "[orders]", "{ sub: exec-2 }", "[orders]", false),
            ("{ sub: exec-2 }", "[orders]", "{ sub: exec-3 }", "[orders]", false),
            ("{ sub: exec-2 }", "[orders]", "{ sub: exec-2 }", "[\"*\"]", false),
            ("{ sub: exec-2 }", "[orders, other]", "{ sub: exec-2 }", "[\"*\"]", true),
        ])
    func shadows(who1: String, databases1: String, who2: String, databases2: String, shadowed: Bool) {
        let other = """
              other:
                replicas: [ { name: other-a, region: eu-west-1, host: 127.0.0.1, port: 5501 } ]
                upstream: { sslrootcert: upstream-ca.pem, roles: { writer: { trust: true }, analyst: { trust: true } } }
            health:
            """
        let rules = """
            rules:
              - { name: one, who: \(who1), databases: \(databases1), regions: [EU], roles: [writer] }
              - { name: two, who: \(who2), databases: \(databases2), regions: [EU], roles: [analyst] }
            """
        var text = Fixture.changed([("health:", other)])
        if let range = text.firstRange(of: "rules:\n") { text = text[..<range.lowerBound] + rules }
        let found = fixture.findings(text)
        #expect(!found.contains { $0.contains(" mistake ") }, "\(found)")
        #expect(found.contains { $0.contains("rule `two` never decides: `one`") } == shadowed, "\(found)")
    }
}
