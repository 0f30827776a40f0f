import GatewayPolicy
import Testing

@Suite("Names of databases as executors ask for them")
struct DatabaseNameTests {
    @Test(
        "A name is a database, optionally with one region; nothing is trimmed, folded or decoded (F-POL-18)",
        arguments: [
            ("orders", "orders", nil),
            ("orders@EU", "orders", "EU"),
            ("orders@eu-west-1", "orders", "eu-west-1"),
            ("ORDERS", "ORDERS", nil),
            ("orders ", "orders ", nil),
            (" orders@ EU", " orders", " EU"),
            ("orders%40EU", "orders%40EU", nil),
            ("orders\u{FF20}EU", "orders\u{FF20}EU", nil),
        ] as [(String, String, String?)])
    func accepted(text: String, database: String, region: String?) throws {
        #expect(try DatabaseName(parsing: text) == DatabaseName(database: database, region: region))
    }

    @Test(
        "A name with an empty part, a second @ or a control character is refused (F-POL-18)",
        arguments: [
            ("", DatabaseNameMistake.emptyDatabase), ("@EU", .emptyDatabase), ("@", .emptyDatabase),
            ("orders@", .emptyRegion), ("orders@EU@US", .severalRegions), ("a@b@", .severalRegions),
            ("@@", .severalRegions), ("orders\n", .controlCharacter), ("orders@EU\u{0}", .controlCharacter),
        ])
    func refused(text: String, mistake: DatabaseNameMistake) {
        #expect(throws: mistake) { try DatabaseName(parsing: text) }
    }

    @Test("domicile.region is one name")
    func regionAsked() throws {
        #expect(try DatabaseName.regionAsked("EU") == "EU")
        #expect(throws: DatabaseNameMistake.emptyRegion) { try DatabaseName.regionAsked("") }
        #expect(throws: DatabaseNameMistake.severalRegions) { try DatabaseName.regionAsked("EU@US") }
        #expect(throws: DatabaseNameMistake.controlCharacter) { try DatabaseName.regionAsked("EU\t") }
    }
}
