import GatewayConfiguration
import Testing

@Suite("What a newer configuration changes")
struct ConfigurationChangesTests {
    private func changes(_ replacements: [(String, String)]) throws -> [String] {
        let fixture = try Fixture()
        let old = try #require(fixture.read(Fixture.clean).configuration)
        let reading = fixture.read(Fixture.changed(replacements))
        return old.changes(to: try #require(reading.configuration, "\(reading.findings)"))
    }

    @Test("Sections and what has a name are told by it, and no value is")
    func told() throws {
        #expect(try changes([]) == [])
        #expect(
            try changes([("health: {", "limits: { sessions: 7 }\nhealth: { interval: 3s,")]) == [
                "health changed", "limits changed",
            ])
        #expect(try changes([("port: 5501", "port: 5511")]) == ["database orders changed"])
        #expect(
            try changes([("  - name: analyst\n", "  - name: analyst-2\n")]) == [
                "rule analyst removed", "rule analyst-2 added",
            ])
        #expect(
            try changes([
                (
                    "jurisdiction: EU }\n  eu-central",
                    "jurisdiction: EU }\n  eu-south-1: { jurisdiction: EU }\n  eu-central"
                )
            ])
                == ["region eu-south-1 added"])
    }

    @Test("A rule that moved down the file is the same; one that changed places with another is not")
    func order() throws {
        #expect(try changes([("rules:\n", "rules:\n# a line more\n\n")]) == [])
        let first = try #require(Fixture.clean.firstRange(of: "  - name: analyst\n"))
        let second = try #require(Fixture.clean.firstRange(of: "  - name: writer\n"))
        let one = String(Fixture.clean[first.lowerBound..<second.lowerBound])
        let other = String(Fixture.clean[second.lowerBound...])
        let ends = other.hasSuffix("\n") ? other : other + "\n"
        #expect(try changes([(one + other, ends + one)]) == ["rules in another order"])
    }
}
