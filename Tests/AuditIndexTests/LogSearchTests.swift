import Audit
import AuditIndex
import Foundation
import Testing

@Suite struct LogSearchTests {
    /// A log of three blocks and some records, and the numbers of those that the tests look for.
    private struct Scenario {
        let log: TestLog
        var alice: [Int] = []
        var failedQuery = 0
        var failedParse = 0
        var kill = 0
        var refusedSession = 0
        var refusedQuery = 0

        init() throws {
            log = try TestLog()
            alice.append(log.start("a1", subject: "alice", planner: "nightly", task: "t-1"))
            log.start("b1", subject: "bob", task: "t-2", replica: "orders-eu-b")
            log.query(
                "b1", subject: "bob", message: 1, "select 1",
                #""fingerprint":"00000000000000aa","class":"select""#)
            log.outcome("b1", of: 1)
            failedParse = log.add(
                "parse",
                log.identity("a1", "alice", "nightly", "t-1")
                    + #","message":1,"sql":"DELETE FROM \"Big\" -- ä","class":"delete","relations":["\"Big\"","public.orders"],"statement_name":"s""#
            )
            alice.append(failedParse)
            log.fill(300)
            alice.append(log.add("bind", #""session":"a1","message":2,"statement":1"#))
            alice.append(log.add("execute", #""session":"a1","message":3,"statement":1"#))
            log.fill(300)
            alice.append(log.outcome("a1", of: 3, sqlstate: "23503"))
            failedQuery = log.query(
                "b1", subject: "bob", message: 2, "insert into a.orders select 1",
                #""class":"insert,select","relations":["a.orders"]"#)
            log.outcome("b1", of: 2, sqlstate: "42501")
            kill = log.add("admin", #""subject":"dba","operation":"kill","target":"b1""#)
            refusedSession = log.add(
                "session.refused", log.identity("x1", "mallory") + #","sqlstate":"42501""#)
            refusedQuery = log.add(
                "query",
                log.identity("b1", "bob") + #","message":3,"sql":"drop table x","class":"ddl","#
                    + #""verdict":{"allowed":false,"classes":["ddl"],"reasons":[]}"#)
            log.fill(200)
            alice.append(log.add("session.end", log.identity("a1", "alice", "nightly", "t-1")))
            log.fill(10)
            try log.save(segments: [0, 350])
        }

        /// Each search without an index, with one that was just made, and with one that is opened again.
        func expect(_ conditions: SearchConditions, _ numbers: [Int], at line: Int = #line) throws {
            #expect(try found(log, conditions, index: nil) == numbers, "of line \(line), without an index")
            #expect(
                try found(log, conditions, index: LogIndex.made(log)) == numbers,
                "of line \(line), with an index")
            let again = try LogIndex.open(log: log.folder, creating: false)
            #expect(again != nil)
            #expect(try found(log, conditions, index: again) == numbers, "of line \(line), opened again")
        }
    }

    @Test("Records that leave out who and where are found by what their session.start says")
    func identity() throws {
        let scenario = try Scenario()
        try scenario.expect(SearchConditions([.subject: ["alice"]]), scenario.alice)
        try scenario.expect(
            SearchConditions([.subject: ["al*", "nobody"], .planner: ["nightly"]]), scenario.alice)
        try scenario.expect(
            SearchConditions([.task: ["t-1"], .type: ["execute", "bind"]]), Array(scenario.alice[2...3]))
        try scenario.expect(SearchConditions([.subject: ["alice"], .planner: ["p"]]), [])
        try scenario.expect(SearchConditions([.replica: ["orders-eu-b"], .type: ["session.*"]]), [1])
        try scenario.expect(SearchConditions([.subject: ["dba"]]), [scenario.kill])
    }

    @Test(
        "A statement has the SQLSTATE of its outcome, also where others stand between them or an Execute ran it"
    )
    func sqlstate() throws {
        let scenario = try Scenario()
        try scenario.expect(
            SearchConditions([.sqlstate: ["42501"]]),
            [scenario.failedQuery, scenario.failedQuery + 1, scenario.refusedSession])
        try scenario.expect(
            SearchConditions([.sqlstate: ["42501"], .relation: ["orders"]]), [scenario.failedQuery])
        try scenario.expect(
            SearchConditions([.sqlstate: ["23*"], .statementClass: ["delete"]]), [scenario.failedParse])
        try scenario.expect(SearchConditions([.sqlstate: ["42501"], .statementClass: ["delete"]]), [])
    }

    @Test("Relations are found as they are written, and without a schema in any")
    func relations() throws {
        let scenario = try Scenario()
        try scenario.expect(
            SearchConditions([.relation: ["orders"]]), [scenario.failedParse, scenario.failedQuery])
        try scenario.expect(SearchConditions([.relation: ["a.*"]]), [scenario.failedQuery])
        try scenario.expect(SearchConditions([.relation: ["\"Big\""]]), [scenario.failedParse])
        try scenario.expect(SearchConditions([.relation: ["big"]]), [])
        try scenario.expect(SearchConditions([.statementClass: ["select"]]), [2, scenario.failedQuery])
        try scenario.expect(SearchConditions([.fingerprint: ["00000000000000aa"]]), [2])
    }

    @Test("Text is found in either case, with what JSON escapes, and nowhere but in SQL")
    func text() throws {
        let scenario = try Scenario()
        try scenario.expect(SearchConditions([:], text: "delete from \"big\""), [scenario.failedParse])
        try scenario.expect(SearchConditions([:], text: "-- ä"), [scenario.failedParse])
        try scenario.expect(SearchConditions([:], text: "alice"), [])
        try scenario.expect(
            SearchConditions([.subject: ["bob"]], text: "SELECT 1"), [2, scenario.failedQuery])
    }

    @Test("A session's records are all that carry it, and those that are about it")
    func session() throws {
        let scenario = try Scenario()
        try scenario.expect(SearchConditions([:], session: "a1"), scenario.alice)
        let bob = [
            1, 2, 3, scenario.failedQuery, scenario.failedQuery + 1, scenario.kill, scenario.refusedQuery,
        ]
        try scenario.expect(SearchConditions([:], session: "b1"), bob)
        try scenario.expect(SearchConditions([:], session: "nobody"), [])
        try scenario.expect(
            SearchConditions([:], refused: true), [scenario.refusedSession, scenario.refusedQuery])
    }

    @Test("Times are of records, both ends included")
    func time() throws {
        let scenario = try Scenario()
        var conditions = SearchConditions()
        // Record n is of second n + 1 of 2026.
        conditions.since = 1_767_225_600_000_000 + 298_000_000
        conditions.until = 1_767_225_600_000_000 + 300_000_000
        try scenario.expect(conditions, [297, 298, 299])
        conditions.since = 1_767_225_600_000_000 + 299_000_001
        try scenario.expect(conditions, [299])
        conditions.until = conditions.since
        try scenario.expect(conditions, [])
    }

    @Test("What records do not say of their texts (capture.describe: false) is read from the texts")
    func undescribed() throws {
        let log = try TestLog()
        log.start("s", subject: "alice")
        let insert = log.query("s", subject: "alice", message: 1, #"INSERT INTO s.\"T\" SELECT * FROM u"#)
        log.query("s", subject: "alice", message: 2, "no SQL at all")
        // Of a text that goes on elsewhere nothing is known.
        log.query("s", subject: "alice", message: 3, "select * from u", #""sql_bytes":99999"#)
        log.fill(600)
        try log.save()
        for index in [nil, try LogIndex.made(log)] {
            #expect(try found(log, SearchConditions([.relation: ["s.\"T\""]]), index: index) == [insert])
            #expect(
                try found(
                    log, SearchConditions([.relation: ["u"], .statementClass: ["insert"]]), index: index)
                    == [insert])
        }
    }

    @Test("Damaged lines are told and passed over; everything around them is found")
    func damage() throws {
        let log = try TestLog()
        log.start("s", subject: "alice")
        for message in 1...700 { log.query("s", subject: "alice", message: message, "select \(message)") }
        for (at, line) in [(100, "garbage"), (300, #"{"seq":300,"type":"query""#), (690, "\u{1}{}")] {
            log.replace(at, with: line)
        }
        try log.save()
        let expected = (0...700).filter { ![100, 300, 690].contains($0) }
        for index in [nil, try LogIndex.made(log)] {
            var damaged: [Int] = []
            var notices = LogSearch.Notices()
            notices.damaged = { damaged.append(Int($0.expected)) }
            let search = try LogSearch(
                log: log.folder, conditions: SearchConditions([.subject: ["alice"]]), index: index,
                notices: notices)
            var numbers: [Int] = []
            while let record = try search.next() { numbers.append(Int(try #require(record.line.seq))) }
            #expect(numbers == expected)
            #expect(damaged == [100, 300, 690])
        }
    }

    @Test(
        "F-AUD-12: values of any kind are found as they are, and none is a pattern, an order or the end of another"
    )
    func hostileValues() throws {
        let log = try TestLog()
        let values = [
            "a'; DROP TABLE blocks;--", "nul\\u0000end", "%", "_", "\\ud83d\\ude00", "\\\"", "a\\nb", "",
        ]
        for (at, value) in values.enumerated() {
            log.start("s\(at)", subject: value)
            log.outcome("s\(at)", of: 1)
        }
        log.fill(600)
        try log.save()
        let plain = ["a'; DROP TABLE blocks;--", "nul\0end", "%", "_", "😀", "\"", "a\nb", ""]
        for index in [nil, try LogIndex.made(log)] {
            for (at, value) in plain.enumerated() {
                #expect(
                    try found(log, SearchConditions([.subject: [value]]), index: index) == [
                        2 * at, 2 * at + 1,
                    ],
                    "\(value)")
            }
        }
    }

    @Test("Several logs are searched at once, and what is found comes by time")
    func merged() throws {
        let first = try TestLog(region: "eu-west-1")
        let second = try TestLog(region: "us-east-1", root: first.root)
        for round in 0..<400 {
            first.start("e\(round)", subject: round % 100 == 0 ? "alice" : "bob")
            second.start("u\(round)", subject: round % 100 == 50 ? "alice" : "bob")
        }
        try first.save()
        try second.save()
        let searches = try [first, second].map {
            try LogSearch(
                log: $0.folder, conditions: SearchConditions([.subject: ["alice"]]), index: LogIndex.made($0))
        }
        let merged = MergedSearch(searches)
        var all: [String] = []
        while let record = try merged.next() { all.append("\(record.region) \(record.line.seq ?? 0)") }
        #expect(
            all == [
                "eu-west-1 0", "us-east-1 50", "eu-west-1 100", "us-east-1 150", "eu-west-1 200",
                "us-east-1 250",
                "eu-west-1 300", "us-east-1 350",
            ])
    }
}
