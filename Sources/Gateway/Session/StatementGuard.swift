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
        var texts = [
            read(sql, conformingStrings: conformingStrings, catalog: catalog, describes: describes)
        ]
        if mayChange, sql.holdsBackslash {
            let other = read(
                sql, conformingStrings: !conformingStrings, catalog: catalog, describes: describes)
            // What does not parse under the other fails there as it would on the server.
            if case .facts = other.reading { texts.append(other) }
        }
        return texts
    }

    /// From memory or read now, and counted.
    private func read(
        _ sql: Span<UInt8>, conformingStrings: Bool, catalog: PublishedCatalog?, describes: Bool
    ) -> JudgedText {
        let (misses, evictions, bytes) = (cache.misses, cache.evictions, cache.bytes)
        let text = cache.judge(
            sql, conformingStrings: conformingStrings, catalog: catalog, describes: describes)
        if cache.misses == misses {
            counters.textHits.increase()
        } else {
            counters.textMisses.increase()
            if cache.evictions != evictions { counters.textEvictions.increase(cache.evictions - evictions) }
        }
        if cache.bytes != bytes { counters.textBytes.increase(cache.bytes - bytes) }
        switch text.reading {
        case .facts: break
        case .syntaxError, .tooComplex: counters.unparsedTexts.increase()
        }
        return text
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
