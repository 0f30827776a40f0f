import SQLText
import Testing

@Suite struct SQLTextTests {
    private func status(_ sql: String) -> String {
        switch SQLText.read(sql) {
        case .facts: "facts"
        case .syntaxError: "syntax error"
        case .tooComplex: "too complex"
        }
    }

    @Test func `F-GRD-13: depth and length end in an answer, not in a crash or a wait`() {
        let sum = "SELECT 1" + String(repeating: "+1", count: 100_000)
        #expect(status(sum) == "too complex")
        #expect(status("SELECT 1" + String(repeating: "+1", count: SQLText.depthLimit - 10)) == "facts")
        #expect(status("SELECT " + String(repeating: "(", count: 100_000)) == "too complex")
        #expect(status("SELECT 1" + String(repeating: " UNION ALL SELECT 1", count: 50_000)) == "too complex")
        #expect(
            status(
                "SELECT 1 WHERE 1 IN (" + Array(repeating: "1", count: 100_000).joined(separator: ",") + ")")
                == "facts")
        #expect(status("SELECT " + (1...65_535).map { "$\($0)" }.joined(separator: ",")) == "facts")
        #expect(status("SELECT " + String(repeating: "NOT ", count: 50_000) + "true") == "too complex")
    }

    @Test
    func
        `Comments between tokens read as on the server, which goes on with a string behind a line comment alone`()
    {
        #expect(
            status("SELECT 'a' -- x\n 'b', 1 NOT /* x */ IN (2) ORDER BY 1 NULLS -- x\n FIRST") == "facts")
        #expect(status("SELECT U&'d!0061' /* x */, 1 NOT /* y */ IN (2)") == "facts")
        for comment in ["/* x */\n", "\n/* x */", "/**/-- x\n", "-- x\n/**/"] {
            #expect(status("SELECT 'a' \(comment) 'b'") == "syntax error", "\(comment)")
            #expect(status("SELECT E'a' \(comment) '\\', f('x') --'") == "syntax error", "\(comment)")
        }
    }

    @Test func `Runs of operator characters are bounded, and banners are not runs`() {
        let limit = SQLText.operatorRunLimit
        #expect(status("SELECT 1 " + String(repeating: "/*", count: 10_000)) == "too complex")
        #expect(status("SELECT " + String(repeating: "+", count: limit + 1) + "1") == "too complex")
        #expect(status("SELECT " + String(repeating: "+", count: limit - 1) + "1") == "facts")
        #expect(status("-- " + String(repeating: "=", count: 4 * limit) + "\nSELECT 1") == "facts")
        #expect(status("/* " + String(repeating: "*", count: 4 * limit) + " */ SELECT 1") == "facts")
    }

    @Test func `What the grammar does not take is told with PostgreSQL's own words`() {
        guard case .syntaxError(let message, let position) = SQLText.read("SELEC 1") else {
            Issue.record("it was read")
            return
        }
        #expect(message == "syntax error at or near \"SELEC\"")
        #expect(position == 1)
    }

    @Test func `A text ends at its NUL, as a message's does`() {
        let bytes: [UInt8] = Array("SELECT 1".utf8) + [0] + Array("; DROP TABLE t".utf8)
        guard case .facts(let facts) = SQLText.read(bytes.span) else {
            Issue.record("it was not read")
            return
        }
        #expect(facts.topLevel.count == 1)
    }

    @Test(arguments: [
        "(VALUES (1, 2)) t", "a JOIN b ON f(1) = 1", "f(1) t", "(SELECT f(1)) t",
        "a TABLESAMPLE system (f(1))",
        "XMLTABLE('/a' PASSING f(1) COLUMNS b int) t",
    ])
    func `The grammar takes more than a relation where statistics are made, and all of it is read`(
        _ from: String
    ) {
        guard case .facts(let facts) = SQLText.read("CREATE STATISTICS s ON a, b FROM \(from)") else {
            Issue.record("it was not read")
            return
        }
        #expect(facts.topLevel.map(\.kind) == [.createStatistics])
        #expect(facts.functions.contains { $0.name == "f" } == from.contains("f(1)"))
    }

    @Test func `Random bytes and cut statements never trap`() {
        var state: UInt64 = 1
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        for _ in 0..<5_000 {
            let bytes = (0..<Int(next() % 64)).map { _ in UInt8(truncatingIfNeeded: next()) }
            _ = SQLText.read(bytes.span)
            _ = SQLText.read(bytes.span, conformingStrings: false)
        }
        for (_, text) in StatementKindTests.texts {
            let bytes = Array(text.utf8)
            for end in 0..<bytes.count { _ = SQLText.read(Array(bytes[..<end]).span) }
        }
    }
}
