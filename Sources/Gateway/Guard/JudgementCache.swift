import GatewayCatalog
import SQLText

/// Judgements by the exact text: executors repeat themselves. Of one worker; bounded in bytes.
///
/// Two halves: what is used moves to the young one, and when that is full the old one goes. A hit costs one hash of
/// the text and no walk of a list.
package final class JudgementCache {
    private struct Key: Hashable {
        var text: [UInt8]
        var conformingStrings: Bool
        /// Of the catalogue that it was judged against.
        var catalog: Int
    }

    /// Bytes that are kept, for both halves: an estimate from the length of the texts.
    private let limit: Int
    private var young: [Key: JudgedText] = [:]
    private var old: [Key: JudgedText] = [:]
    private var youngBytes = 0
    package private(set) var hits = 0
    package private(set) var misses = 0

    package init(limit: Int) { self.limit = limit }

    /// What the text does, from memory or read now.
    ///
    /// - Parameters:
    ///   - catalog: with the number that tells it from others; nil where none has been read.
    package func judge(
        _ sql: Span<UInt8>, conformingStrings: Bool, catalog: (number: Int, snapshot: CatalogSnapshot)?
    ) -> JudgedText {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sql.count)
        for index in 0..<sql.count { bytes.append(sql[index]) }
        let key = Key(text: bytes, conformingStrings: conformingStrings, catalog: catalog?.number ?? 0)
        if let found = young[key] {
            hits += 1
            return found
        }
        if let found = old[key] {
            hits += 1
            keep(found, key)
            return found
        }
        misses += 1
        let text = JudgedText(
            sql, conformingStrings: conformingStrings, catalog: catalog?.snapshot,
            identity: key.text.hashValue)
        keep(text, key)
        return text
    }

    private func keep(_ text: JudgedText, _ key: Key) {
        // The facts hold the text's names, and a place for each.
        let bytes = 4 * key.text.count + 1024
        guard bytes <= limit / 4 else { return }
        if youngBytes + bytes > limit / 2 {
            old = young
            young = [:]
            youngBytes = 0
        }
        young[key] = text
        youngBytes += bytes
    }
}
