import Foundation
import GatewayConfiguration
import Testing

@Suite("Files that are no configuration at all")
struct YAMLLimitTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func first(_ text: String) -> String { fixture.findings(text).first ?? "" }

    @Test("What is not YAML is reported where it is")
    func notYAML() {
        #expect(first("") == "1:1 mistake the file is empty; expected a configuration")
        #expect(first("# only a comment\n").hasPrefix("1:1 mistake the file is empty"))
        #expect(first("a: [1, 2").hasPrefix("1:9 mistake not YAML: "))
        #expect(first("a: [1, 2\n").hasPrefix("2:1 mistake not YAML: "))
        #expect(first("a: 1\r\nb: [1, \u{e9}").hasPrefix("2:9 mistake not YAML: "))
        #expect(first("a: b\n c: d\n").hasPrefix("2:3 mistake not YAML: "))
        #expect(first("a: *nowhere\n").hasPrefix("1:4 mistake not YAML: found undefined alias"))
        #expect(first("a: \"x\u{1}\"\n").hasPrefix("1:6 mistake not YAML: "))
        #expect(first("\u{e9}: \u{1f600}\u{e9}\nb: \u{1}\n").hasPrefix("2:4 mistake not YAML: "))
        #expect(first("a: 1\n---\nb: 2\n").contains("mistake not YAML: "))
        #expect(first("- a\n- b\n").hasPrefix("1:1 mistake expected a mapping with `region`"))
        #expect(first("just text").hasPrefix("1:1 mistake expected a mapping with `region`"))
        let reading = ConfigurationFile.read([0x61, 0xff, 0x3a], file: "x.yaml", environment: [:])
        #expect(
            reading.findings.map(\.description) == [
                "x.yaml:1:2: mistake: the file is not UTF-8 text from here on"
            ])
        let missing = ConfigurationFile.load(path: fixture.folder + "/none.yaml", environment: [:])
        #expect(missing.findings.first?.message == "the file cannot be read; expected a configuration")
        let folder = ConfigurationFile.load(path: fixture.folder, environment: [:])
        #expect(folder.findings.first?.message == "the file cannot be read; expected a configuration")
    }

    @Test("A syntax error never quotes the file's text, which may hold a secret")
    func secretsInSyntaxErrors() {
        let found = fixture.findings("health: { password: hunter2-secret\nrules: [")
        #expect(!found.isEmpty)
        #expect(!found.contains { $0.contains("hunter2") })
    }

    @Test("No message holds a substituted value or a password")
    func secretsInMessages() {
        let text = Fixture.changed([
            ("port: 5501", #"port: "${P}""#), ("kind: standby", #"kind: "${P}""#),
            ("address: 127.0.0.1:6480", #"address: "${P}""#),
            ("role.key }", #"role.key, password: "hunter2-secret" }"#),
            ("gateway.crt", "\"${P}\""), ("[EU]", "[\"${P}\"]"),
            ("eu-central-1: {", "eu-central-1: {jurisdiction: EU, "),
        ])
        let found = fixture.findings(text, environment: ["P": "top-secret-value", "HEALTH_PASSWORD": "x"])
        #expect(found.count > 4)
        #expect(!found.contains { $0.contains("hunter2") }, "\(found)")
        // A file that is not there is named in full, since the name alone would not tell where it was looked
        // for.
        #expect(
            !found.contains { $0.contains("top-secret-value") && !$0.contains("`certificate`") }, "\(found)")
    }

    private func endsSoon(_ text: String) -> [String] {
        let started = ContinuousClock.now
        let found = fixture.findings(text)
        #expect(started.duration(to: .now) < .seconds(20))
        return found
    }

    @Test("A file whose aliases blow up without end is refused at once, as values and as keys")
    func bomb() {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let references = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            bomb += "a\(level): &a\(level) [\(references)]\n"
        }
        #expect(endsSoon(bomb).first?.contains("so many aliases") == true)
        #expect(endsSoon(bomb + "? *a9\n: x\n").first?.contains("so many aliases") == true)
    }

    @Test("A few aliases of aliases are read within the limits")
    func smallBomb() {
        var bomb = "a0: &a0 [x, x, x]\n"
        for level in 1...4 {
            bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n"
        }
        let found = endsSoon(bomb + "? *a4\n: x\n")
        #expect(found.contains { $0.contains("unknown key \"a4\"") })
    }

    @Test("Depth and size end in a mistake: 32 levels, 8 MiB")
    func limits() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(!endsSoon("a: " + deep).isEmpty)
        let nested = "a: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(endsSoon(nested).contains { $0.contains("nested too deep") })
        let atLimit = "a: " + String(repeating: "[", count: 31) + String(repeating: "]", count: 31)
        #expect(!endsSoon(atLimit).contains { $0.contains("nested too deep") })
        let long = "gateway: x # " + String(repeating: "x", count: 8 << 20)
        #expect(endsSoon(long) == ["1:1 mistake the file has 8388621 bytes; expected at most 8388608"])
        #expect(
            !endsSoon("gateway: x # " + String(repeating: "x", count: (8 << 20) - 13)).contains {
                $0.contains("bytes")
            })
    }

    @Test("A long list, a long mapping and many duplicate keys are read in time")
    func large() {
        let list = "a: [" + String(repeating: "x,", count: 450_000) + "x]"
        #expect(endsSoon(list).contains { $0.contains("too large") })
        let keys = (0..<20_000).map { "key\($0): x\n" }.joined()
        #expect(!endsSoon(keys).isEmpty)
        let duplicates = String(repeating: "k: x\n", count: 100)
        #expect(endsSoon(duplicates).filter { $0.contains("duplicate key \"k\"") }.count == 99)
        #expect(endsSoon(keys + duplicates).contains { $0.contains("duplicate key \"k\"") })
    }

    @Test("1,200 warnings do not hide a mistake")
    func warningsDoNotHide() {
        let regions = (0..<1_200).map { "  r\($0): { jurisdiction: EU }\n" }.joined()
        let text = Fixture.changed([
            ("regions:\n", "regions:\n" + regions), ("who: { sub: exec-2 }", "who: 1"),
        ])
        let found = fixture.findings(text)
        #expect(found.count == 1_000)
        #expect(
            found.filter { $0.contains(" mistake ") }.count == 1,
            "\(found.filter { $0.contains(" mistake ") })")
    }

    @Test("Duplicate keys are found in every mapping of one run, with their own columns")
    func duplicates() {
        let text = """
            x: { a: 1, a: 2, b: { c: 1, 'c': 2, "c": 3 } }
            y: { d: 1, e: 2, d: 3 }
            x: 2
            """
        let found = fixture.findings(text).filter { $0.contains("duplicate") }
        // The unknown keys' own contents are read too.
        #expect(
            found == [
                #"1:12 mistake duplicate key "a", first at 1:6; expected it once"#,
                #"1:29 mistake duplicate key "c", first at 1:23; expected it once"#,
                #"1:37 mistake duplicate key "c", first at 1:23; expected it once"#,
                #"2:18 mistake duplicate key "d", first at 2:6; expected it once"#,
                #"3:1 mistake duplicate key "x", first at 1:1; expected it once"#,
            ])
    }
}
