import Foundation
import PGWire
import Testing

/// What a statement means that its text alone does not say: types by their OIDs, names in another encoding.
@Suite(.serialized)
struct GuardEncodingTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func parse(_ client: RawClient, _ sql: String, _ types: [UInt32]) throws -> String? {
        var bytes: [UInt8] = []
        try Parse.encode(name: [], sql: Array(sql.utf8), parameterTypes: types, into: &bytes)
        PGWire.Sync.encode(into: &bytes)
        try client.send(bytes)
        let frames = try client.readFrames(until: "Z")
        return frames.first { $0.letter == "E" }?.field("C")
    }

    @Test(
        "F-WIRE-26, F-GRD-10: a tainted type is refused by its OID, its array's, and in LATIN1 by any name beyond ASCII"
    )
    func types() throws {
        let name = Testbed.unique("guard_größe")
        let make = """
            CREATE FUNCTION "\(name)"(text) RETURNS bool LANGUAGE plpgsql AS
                $$ BEGIN EXECUTE 'SELECT 1'; RETURN true; END $$;
            CREATE DOMAIN "\(name)_d" AS text CHECK ("\(name)"(VALUE));
            SELECT oid, typarray FROM pg_type WHERE typname = '\(name)_d'
            """
        defer {
            let drop = "DROP DOMAIN IF EXISTS \"\(name)_d\"; DROP FUNCTION IF EXISTS \"\(name)\""
            _ = try? testbed.direct(.euA, drop, database: "scratch")
        }
        let answer = try testbed.direct(.euA, make, database: "scratch")
        let oids = (answer.split(separator: "\n").last ?? "").split(separator: "|").compactMap { UInt32($0) }
        try #require(oids.count == 2, "\(answer)")
        let client = try RawClient(host: testbed.host, port: testbed.port)
        defer { client.close() }
        let token = try testbed.mint(
            "eu-writer", #"authorization_details=[{"type":"domicile","forbid":["opaque"]}]"#)
        _ = try client.login(
            testbed, parameters: [("user", "writer"), ("database", "scratch")], token: token)
        try testbed.eventually("the catalogue has the domain") {
            try parse(client, "SELECT 'x'::\"\(name)_d\"", []) == "42501"
        }
        for oid in oids { #expect(try parse(client, "SELECT $1", [oid]) == "42501") }
        #expect(try parse(client, "SELECT $1", [25]) == nil)
        // LATIN1 has the same letters by other bytes.
        func latin1(_ sql: String) throws -> String? {
            let letters = sql.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
            var bytes: [UInt8] = []
            try Query.encode(sql: letters, into: &bytes)
            try client.send(bytes)
            return try client.readFrames(until: "Z").first { $0.letter == "E" }?.field("C")
        }
        #expect(try latin1("SET client_encoding = 'LATIN1'") == nil)
        #expect(try latin1("SELECT 'x'::\"\(name)_d\"") == "42501")
        #expect(try latin1("SELECT 'größe' AS a") == nil)
    }
}
