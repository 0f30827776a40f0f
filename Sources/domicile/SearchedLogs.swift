import Audit
import AuditIndex

/// Logs that are searched, with their indexes: opened, made and brought up to date as far as may be, with a bar for
/// what takes long.
struct SearchedLogs {
    enum Use: Equatable {
        /// The logs alone are read.
        case none
        /// Where there is an index.
        case existing
        /// One is made where there is none; nil: in the log's folder.
        case made(at: String?)
    }

    /// - Parameter bar: makes the bar for so many bytes that are read without an index.
    /// - Returns: the search, and its bar.
    static func search(
        _ logs: [String], _ conditions: SearchConditions, use: Use, bar: (Int) -> ProgressBar
    ) throws -> (MergedSearch, ProgressBar) {
        let indexes = try logs.map { try index(of: $0, use: use) }
        let passes = conditions.isJoined ? 2 : 1
        let total = zip(logs, indexes).reduce(0) { $0 + LogSearch.bytes(of: $1.0, from: $1.1) * passes }
        let bar = bar(total)
        var notices = LogSearch.Notices()
        notices.progress = { bar.add($0) }
        notices.damaged = { line in
            bar.clear()
            AuditOutput.noteDamage(line)
        }
        notices.note = { text in
            bar.clear()
            AuditOutput.note(text)
        }
        let searches = try zip(logs, indexes).map { log, index in
            try LogSearch(log: log, conditions: conditions, index: index, notices: notices)
        }
        return (MergedSearch(searches), bar)
    }

    private static func index(of log: String, use: Use) throws -> LogIndex? {
        var path: String?
        var creates = false
        switch use {
        case .none: return nil
        case .existing: break
        case .made(let at):
            path = at
            creates = true
        }
        do {
            guard let index = try LogIndex.open(log: log, at: path, creating: creates) else { return nil }
            let bar = ProgressBar("indexing \(log)", total: LogSearch.bytes(of: log, from: index))
            defer { bar.clear() }
            try index.catchUp { bar.add($0) }
            return index
        } catch let error as IndexError {
            AuditOutput.note("\(error); reading the log without it")
            return nil
        }
    }
}
