import Audit
import AuditIndex
import Foundation
import Testing

/// Reading a log in either order, page by page.
@Suite struct LogBrowseTests {
    /// 1,000 records in two segments: sessions of four records each, every tenth of them alice's.
    private func makeLog() throws -> TestLog {
        let log = try TestLog()
        for at in 0..<250 {
            let subject = at % 10 == 0 ? "alice" : "bob"
            log.start("s\(at)", subject: subject)
            log.query(
                "s\(at)", subject: subject, message: 1, "select \(at)",
                #""class":"select","relations":["t\#(at % 3)"]"#)
            log.outcome("s\(at)", of: 1)
            log.add("session.end", log.identity("s\(at)", subject))
        }
        try log.save(segments: [0, 600])
        return log
    }

    private let alice = (0..<25).flatMap { at in (0..<4).map { at * 40 + $0 } }

    /// All pages of a search, one behind the other.
    private func pages(
        _ log: TestLog, _ conditions: SearchConditions, isDescending: Bool, limit: Int, index: LogIndex?
    ) throws -> [Int] {
        var found: [Int] = []
        var place: UInt64?
        while found.count <= log.seq {
            let browse = try LogBrowse(
                log: log.folder, region: "eu-west-1", conditions: conditions, isDescending: isDescending,
                from: place,
                index: index)
            let page = try BrowsedPage([browse], isDescending: isDescending, limit: limit) { false }
            #expect(!page.isCut && page.records.count <= limit)
            found += page.records.map { Int($0.line.expected) }
            if page.isLast { return found }
            place = page.places[0].place
        }
        Issue.record("pages without an end")
        return found
    }

    @Test("With an index, half of one and none, in both orders and in pages of any length, the same is found")
    func sameEverywhere() throws {
        let log = try makeLog()
        let conditions = SearchConditions([.subject: ["alice"]])
        #expect(alice.count == 100)
        let index = try LogIndex.made(log)
        // What comes behind the index is read.
        log.start("late", subject: "alice")
        log.outcome("late", of: 1)
        try log.save(segments: [0, 600])
        let expected = alice + [1000, 1001]
        for used in [index, nil] {
            for limit in [1, 7, 500] {
                #expect(
                    try pages(log, conditions, isDescending: false, limit: limit, index: used) == expected)
                #expect(
                    try pages(log, conditions, isDescending: true, limit: limit, index: used)
                        == expected.reversed())
            }
        }
        let none = SearchConditions([.subject: ["carol"]])
        #expect(try pages(log, none, isDescending: true, limit: 5, index: index).isEmpty)
        #expect(
            try pages(log, SearchConditions(), isDescending: true, limit: 300, index: index)
                == (0..<1002).reversed())
    }

    @Test("Times say where reading begins and ends, both ends included")
    func times() throws {
        let log = try makeLog()
        // The record with the number n is of second n + 1.
        var conditions = SearchConditions()
        conditions.since = SearchTime.span("2026-01-01T00:01:40Z", now: 0)?.lowerBound
        conditions.until = SearchTime.span("2026-01-01T00:01:42Z", now: 0)?.upperBound
        for isDescending in [false, true] {
            let found = try pages(log, conditions, isDescending: isDescending, limit: 10, index: nil)
            #expect(found == (isDescending ? [101, 100, 99] : [99, 100, 101]))
        }
    }

    @Test(
        "A search that is told to stop says so, and goes on from there without a gap or a repeat",
        arguments: [false, true])
    func cut(isDescending: Bool) throws {
        let log = try makeLog()
        var conditions = SearchConditions()
        conditions.text = "select 2"
        let expected = (0..<250).filter { "\($0)".hasPrefix("2") }.map { $0 * 4 + 1 }
        var found: [Int] = []
        var place: UInt64?
        var cuts = 0
        for _ in 0..<1_000 {
            let browse = try LogBrowse(
                log: log.folder, region: "eu-west-1", conditions: conditions, isDescending: isDescending,
                from: place,
                index: nil)
            var asked = 0
            // The first look at the clock is before anything is read: some reading is always done.
            let page = try BrowsedPage([browse], isDescending: isDescending, limit: 1_000) {
                asked += 1
                return asked > 5
            }
            found += page.records.map { Int($0.line.expected) }
            if page.isLast { break }
            cuts += page.isCut ? 1 : 0
            #expect(place != page.places[0].place || !page.records.isEmpty)
            place = page.places[0].place
        }
        #expect(cuts > 0)
        #expect(found == (isDescending ? expected.reversed() : expected))
    }

    @Test(
        "Where who is asked for and the sessions behind the index cannot all be read in time, nothing is shown as if it were all"
    )
    func cutBeforeIdentities() throws {
        let log = try makeLog()
        let browse = try LogBrowse(
            log: log.folder, region: "eu-west-1", conditions: SearchConditions([.subject: ["alice"]]),
            isDescending: true,
            from: nil, index: nil)
        let page = try BrowsedPage([browse], isDescending: true, limit: 10) { true }
        #expect(page.isCut && page.isStuck && page.records.isEmpty && !page.isLast)
    }
}
