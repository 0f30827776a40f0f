import Audit

/// Searches several logs at once; what is found comes in the order of time.
package final class MergedSearch {
    private let searches: [LogSearch]
    private var heads: [FoundRecord?]
    private var isRead: [Bool]

    package init(_ searches: [LogSearch]) {
        self.searches = searches
        heads = Array(repeating: nil, count: searches.count)
        isRead = Array(repeating: false, count: searches.count)
    }

    /// The earliest record that fits and was not given yet; nil: there is none.
    package func next() throws(AuditError) -> FoundRecord? {
        var earliest: Int?
        for at in searches.indices {
            if !isRead[at] {
                heads[at] = try searches[at].next()
                isRead[at] = true
            }
            guard let head = heads[at] else { continue }
            if let other = earliest.flatMap({ heads[$0] }), other.time <= head.time { continue }
            earliest = at
        }
        guard let earliest else { return nil }
        defer {
            heads[earliest] = nil
            isRead[earliest] = false
        }
        return heads[earliest]
    }
}
