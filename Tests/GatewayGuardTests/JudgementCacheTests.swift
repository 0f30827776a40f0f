import GatewayCatalog
import GatewayGuard
import Testing

@Suite struct JudgementCacheTests {
    private func judge(_ cache: JudgementCache, _ sql: String, conforming: Bool = true, catalog: Int = 1)
        -> JudgedText
    {
        let bytes = Array(sql.utf8)
        return cache.judge(
            bytes.span, conformingStrings: conforming,
            catalog: PublishedCatalog(number: catalog, snapshot: GuardFixture.catalog))[0]
    }

    @Test func `The same text is read once, for each catalogue and each way of reading strings`() {
        let cache = JudgementCache(limit: 1 << 20)
        let first = judge(cache, "SELECT 1")
        #expect(judge(cache, "SELECT 1") === first)
        #expect(judge(cache, "SELECT 1", conforming: false) !== first)
        #expect(judge(cache, "SELECT 1", catalog: 2) !== first)
        #expect(judge(cache, "SELECT 1 ") !== first)
        #expect(cache.hits == 1 && cache.misses == 4)
    }

    @Test func `What is used stays, what is not goes, and a text beyond the bound is not kept`() {
        let cache = JudgementCache(limit: 64 << 10)
        let kept = judge(cache, "SELECT 0")
        for number in 1...1000 {
            _ = judge(cache, "SELECT \(number)")
            #expect(judge(cache, "SELECT 0") === kept)
        }
        let misses = cache.misses
        _ = judge(cache, "SELECT 1")
        #expect(cache.misses == misses + 1)
        let long = "SELECT '" + String(repeating: "x", count: 32 << 10) + "'"
        _ = judge(cache, long)
        _ = judge(cache, long)
        #expect(cache.misses == misses + 3)
    }

    @Test func `What is kept never takes more than the limit, and what goes is counted`() {
        let limit = 64 << 10
        let cache = JudgementCache(limit: limit)
        var most = 0
        for number in 0..<2_000 {
            _ = judge(cache, "SELECT \(number), '" + String(repeating: "x", count: number % 700) + "'")
            most = max(most, cache.bytes)
        }
        #expect(most <= limit)
        #expect(most > limit / 2)
        #expect(cache.evictions > 1_900 && cache.evictions < 2_000)
        #expect(cache.hits == 0 && cache.misses == 2_000)
    }

    @Test func `F-GRD-02: a backslash ends a literal or does not, as the session's setting says`() {
        let cache = JudgementCache(limit: 1 << 20)
        let sql = "SELECT 'a\\'', dblink_connect($$x$$) --'"
        #expect(judge(cache, sql).judgement.findings.isEmpty)
        #expect(!judge(cache, sql, conforming: false).judgement.findings.isEmpty)
    }

    @Test func `A description is made where it is wanted, and what has one serves where none is`() {
        let cache = JudgementCache(limit: 1 << 20)
        let sql = Array("SELECT a FROM orders".utf8)
        func judge(_ describes: Bool) -> JudgedText {
            cache.judge(
                sql.span, conformingStrings: true, catalog: GuardFixture.published, describes: describes)[0]
        }
        #expect(judge(false).description == nil)
        let described = judge(true)
        #expect(described.description != nil)
        #expect(judge(false) === described && judge(true) === described)
        #expect(cache.misses == 2 && cache.hits == 2)
    }

    @Test
    func
        `Texts that differ in a number alone are read once, and the one that cannot be read is told of as it is`()
    {
        let cache = JudgementCache(limit: 1 << 20)
        let first = judge(cache, "SELECT a FROM orders WHERE id = 17")
        #expect(judge(cache, "SELECT a FROM orders WHERE id = 4711") === first)
        #expect(cache.hits == 1 && cache.misses == 1)
        guard case .syntaxError(let number) = judge(cache, "SELECT * 17").reading else {
            Issue.record("it was read")
            return
        }
        #expect(number == "syntax error at or near \"17\"")
    }
}
