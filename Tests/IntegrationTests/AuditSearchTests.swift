import Foundation
import Testing

/// `domicile audit search` on the log that the gateway of the testbed is writing.
@Suite(.serialized)
struct AuditSearchTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func search(_ arguments: String...) throws -> Command.Run {
        try Command.run(testbed.binary, ["audit", "search", testbed.audit] + arguments)
    }

    private func lines(_ run: Command.Run) -> [String] { run.text.split(separator: "\n").map(String.init) }

    @Test(
        "What a session did is found by text, SQLSTATE, relation and class as the files have it, with the index and without"
    )
    func found() throws {
        let application = Testbed.unique("searched")
        let mark = Testbed.unique("mark")
        // More than a block of the index.
        let many = (0..<300).map { "select \($0), '\(mark)'" }
        let run = try testbed.psqlCommands(
            many + ["select count(*), '\(mark)' from public.customers", "select 1/0 as \"\(mark)\""],
            token: testbed.token(.euAnalyst), application: application)
        #expect(run.text.hasPrefix("0|"), "\(run.error)")
        let (log, sessions) = try testbed.endedSessions(application, region: "eu-west-1")
        let session = try #require(sessions.first)
        let all = log.records.filter { $0.session == session }.map(\.line)
        let statements = log.records.filter { $0.type == "query" && $0.sql?.contains(mark) == true }.map(
            \.line)
        let failed = try #require(statements.last)
        let counted = try #require(statements.first { $0.contains("count(*)") })
        #expect(statements.count == 302 && failed.contains("1/0"))
        for more in [["--no-index"], [], ["--since", "1h"]] {
            func found(_ arguments: String...) throws -> [String] {
                let run = try Command.run(
                    testbed.binary, ["audit", "search", testbed.audit, "--json"] + arguments + more)
                // No bar where standard error is no terminal.
                #expect(run.error == (run.status == 0 ? "" : "domicile: no record fits\n"))
                return lines(run)
            }
            #expect(try found("--text", mark.uppercased()) == statements)
            #expect(try found("--session", session) == all)
            #expect(try found("--text", mark, "--sqlstate", "22012") == [failed])
            #expect(try found("--text", mark, "--relation", "customers", "--class", "select") == [counted])
            #expect(try found("--session", session, "--subject", "*", "--role", "analyst") == all)
            #expect(try found("--session", session, "--role", "writer") == [])
        }
        #expect(FileManager.default.fileExists(atPath: testbed.audit + "/eu-west-1/index.sqlite"))
        let shown = try Command.run(testbed.binary, ["audit", "show", session, testbed.audit, "--json"])
        #expect(lines(shown) == all)
    }

    @Test(
        "search prints rows and CSV for people, says how many there are more, and ends with 1 where nothing fits"
    )
    func forms() throws {
        let application = Testbed.unique("forms")
        let mark = Testbed.unique("form")
        let run = try testbed.psqlCommands(
            ["=\(mark)", "select '\(mark)'"], token: testbed.token(.euAnalyst), application: application)
        #expect(run.error.contains("syntax error"))
        _ = try testbed.endedSessions(application, region: "eu-west-1")
        let csv = try search("--text", mark, "--csv")
        let rows = csv.output.components(separatedBy: "\r\n")
        #expect(rows.first?.hasPrefix("time,region,seq,type,session,subject,") == true)
        #expect(rows[1].hasSuffix(",'=\(mark)"), "a cell that could be a formula: \(rows)")
        let table = try search("--text", mark, "--limit", "1")
        #expect(lines(table).count == 2 && table.output.contains("=\(mark)"))
        let nothing = try search("--text", mark, "--type", "parse")
        #expect(nothing.status == 1 && nothing.output == "")
        #expect(try search("--since", "someday").status == 64)
        #expect(try search("--json", "--csv").status == 64)
    }
}
