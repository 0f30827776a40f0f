import GatewayCatalog
import SQLText

/// Judgements by the text, or by its shape where it has one (`SQLBytes.shape`): executors repeat themselves, often but for a
/// number. Of one worker; bounded in bytes.
///
/// Two halves: what is used moves to the young one, and when that is full the old one goes. A hit costs one hash of
/// the text and one comparison, and allocates nothing.
package final class JudgementCache {
    private final class Entry {
        let sql: [UInt8]
        let conformingStrings: Bool
        /// Of the catalogue that it was judged against; 0: none had been read.
        let catalog: Int
        let describes: Bool
        let text: JudgedText
        /// `text` alone, as those take it who know of texts that can be read in two ways.
        let alone: [JudgedText]

        init(sql: [UInt8], conformingStrings: Bool, catalog: Int, describes: Bool, text: JudgedText) {
            self.describes = describes
            self.sql = sql
            self.conformingStrings = conformingStrings
            self.catalog = catalog
            self.text = text
            alone = [text]
        }

        /// One that is described serves where no description is wanted.
        func isOf(_ sql: Span<UInt8>, conformingStrings: Bool, catalog: Int, describes: Bool) -> Bool {
            (self.describes || !describes) && catalog == self.catalog
                && conformingStrings == self.conformingStrings
                && SQLBytes.areEqual(sql, self.sql)
        }

        var bytes: Int { text.bytes }
    }

    /// Bytes that are kept, for both halves.
    private let limit: Int
    /// By the text's hash: of two texts with the same one the newer is kept.
    private var young: [Int: Entry] = [:]
    private var old: [Int: Entry] = [:]
    private var youngBytes = 0
    private var oldBytes = 0
    package private(set) var hits = 0
    package private(set) var misses = 0
    /// Texts that went because others came.
    package private(set) var evictions = 0
    /// Bytes that are kept now, an estimate; what is in both halves counts twice.
    package var bytes: Int { youngBytes + oldBytes }

    /// The shape of the text that is looked at, and what is left of longer ones behind it.
    private var shape: [UInt8] = []

    package init(limit: Int) { self.limit = limit }

    /// What the text does, from memory or read now: one element.
    ///
    /// - Parameter catalog: nil where none has been read.
    package func judge(
        _ sql: Span<UInt8>, conformingStrings: Bool, catalog: PublishedCatalog?, describes: Bool = false
    ) -> [JudgedText] {
        if sql.count <= JudgedText.quickBytes, let bytes = SQLBytes.shape(of: sql, into: &shape) {
            let shape = shape
            let texts = judge(
                exactly: shape.span.extracting(0..<bytes), conformingStrings: conformingStrings,
                catalog: catalog, describes: describes)
            // What is wrong with a text is said in its own words.
            if texts.allSatisfy(\.isReadable) { return texts }
        }
        return judge(
            exactly: sql, conformingStrings: conformingStrings, catalog: catalog, describes: describes)
    }

    private func judge(
        exactly sql: Span<UInt8>, conformingStrings: Bool, catalog: PublishedCatalog?, describes: Bool
    ) -> [JudgedText] {
        let number = catalog?.number ?? 0
        let hash = JudgedText.identity(of: sql, conformingStrings: conformingStrings)
        func fits(_ entry: Entry) -> Bool {
            entry.isOf(sql, conformingStrings: conformingStrings, catalog: number, describes: describes)
        }
        if let found = young[hash], fits(found) {
            hits += 1
            return found.alone
        }
        if let found = old[hash], fits(found) {
            hits += 1
            keep(found, hash)
            return found.alone
        }
        misses += 1
        let text = JudgedText(
            sql, conformingStrings: conformingStrings, catalog: catalog, describes: describes, identity: hash)
        let entry = Entry(
            sql: SQLBytes.copy(sql), conformingStrings: conformingStrings,
            catalog: number, describes: describes, text: text)
        keep(entry, hash)
        return entry.alone
    }

    private func keep(_ entry: Entry, _ hash: Int) {
        guard entry.bytes <= limit / 4 else { return }
        if youngBytes + entry.bytes > limit / 2 {
            for (hash, entry) in old where young[hash] !== entry { evictions += 1 }
            // The halves' own memory stays theirs.
            swap(&old, &young)
            young.removeAll(keepingCapacity: true)
            oldBytes = youngBytes
            youngBytes = 0
        }
        if let replaced = young.updateValue(entry, forKey: hash) { youngBytes -= replaced.bytes }
        youngBytes += entry.bytes
    }
}
