import GatewayCatalog
import GatewayGuard

/// A worker's share in judging statements: what it remembers of texts.
struct StatementGuard {
    private let cache: JudgementCache
    private let counters: Counters

    init(cacheBytes: Int, counters: Counters) {
        cache = JudgementCache(limit: cacheBytes)
        self.counters = counters
    }

    /// What the text does; where a change of the lexer's settings may be under way, how it reads under either counts.
    func judge(
        _ sql: Span<UInt8>, conformingStrings: Bool, mayChange: Bool, catalog: PublishedCatalog?,
        describes: Bool
    ) -> [JudgedText] {
        let texts = read(sql, conformingStrings: conformingStrings, catalog: catalog, describes: describes)
        guard mayChange, sql.holdsBackslash else { return texts }
        let others = read(sql, conformingStrings: !conformingStrings, catalog: catalog, describes: describes)
        // What does not parse under the other fails there as it would on the server.
        return texts + others.filter(\.isReadable)
    }

    /// From memory or read now, and counted.
    private func read(
        _ sql: Span<UInt8>, conformingStrings: Bool, catalog: PublishedCatalog?, describes: Bool
    ) -> [JudgedText] {
        let (misses, evictions, bytes) = (cache.misses, cache.evictions, cache.bytes)
        let texts = cache.judge(
            sql, conformingStrings: conformingStrings, catalog: catalog, describes: describes)
        if cache.misses == misses {
            counters.textHits.increase()
        } else {
            counters.textMisses.increase()
            if cache.evictions != evictions { counters.textEvictions.increase(cache.evictions - evictions) }
        }
        if cache.bytes != bytes { counters.textBytes.increase(cache.bytes - bytes) }
        if !texts.allSatisfy(\.isReadable) { counters.unparsedTexts.increase() }
        return texts
    }
}

extension Span where Element == UInt8 {
    fileprivate var holdsBackslash: Bool {
        for index in 0..<count where self[index] == 0x5c { return true }
        return false
    }

    /// Any byte beyond ASCII.
    var holdsHighBytes: Bool {
        for index in 0..<count where self[index] >= 0x80 { return true }
        return false
    }
}
