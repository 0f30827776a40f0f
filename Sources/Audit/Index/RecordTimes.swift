import Audit

/// Finds records by their times, which do not go back with ascending numbers.
package enum RecordTimes {
    /// The first record from `low` on and before `high` whose time is so, where from it on all are; `high` where none is.
    ///
    /// - Parameter isSo: of a time as records write it, in UTF-8.
    /// - Returns: `low` where a record on the way cannot be read: it may be anything.
    package static func first(
        in folder: String, from low: UInt64, before high: UInt64, where isSo: ([UInt8]) -> Bool
    ) throws(AuditError) -> UInt64 {
        var (from, to) = (low, high)
        while from < to {
            let middle = from + (to - from) / 2
            guard let line = try AuditReader(folder: folder, from: middle).next(),
                let time = time(of: line.bytes)
            else { return low }
            if isSo(time) { to = middle } else { from = middle + 1 }
        }
        return from
    }

    private static func time(of line: [UInt8]) -> [UInt8]? {
        var scanner = RecordScanner()
        guard scanner.scan(line), let raw = scanner.rawText(.time) else { return nil }
        return Array(raw)
    }
}
