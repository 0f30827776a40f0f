import GatewayCatalog
import GatewayGuard

/// A worker's share in judging statements: what it remembers of texts.
struct StatementGuard {
    private let cache: JudgementCache

    init(cacheBytes: Int) { cache = JudgementCache(limit: cacheBytes) }

    /// What the text does; where a change of the lexer's settings may be under way, how it reads under either counts.
    func judge(
        _ sql: Span<UInt8>, conformingStrings: Bool, mayChange: Bool, catalog: PublishedCatalog?
    ) -> [JudgedText] {
        var texts = [cache.judge(sql, conformingStrings: conformingStrings, catalog: catalog)]
        if mayChange, sql.holdsBackslash {
            let other = cache.judge(sql, conformingStrings: !conformingStrings, catalog: catalog)
            // What does not parse under the other fails there as it would on the server.
            if case .facts = other.reading { texts.append(other) }
        }
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
