import Audit

/// The records of a part of a log, in either order, that an index does not rule out; memory does not grow with the log.
/// What it gives may still not fit: whoever asked looks at the records. Only `relation` is decided here.
package final class RecordSelection {
    /// Records that are read at once where they are read from the last to the first.
    private static let piece: UInt64 = 128

    /// What is still to be read, each part without those before it.
    private enum Part {
        case block(Int)
        case range(UInt64, UInt64)
    }

    private let log: String
    private let low: UInt64
    private let high: UInt64
    private let isDescending: Bool
    private let index: LogIndex?
    private var matcher: RecordMatcher?
    private var scanner = RecordScanner()
    /// In the order of reading, the next one last.
    private var parts: [Part] = []
    private var lines: [RecordLine] = []
    /// How many of `lines` were given.
    private var given = 0
    private var text: [UInt8] = []
    private var passed = 0
    private var reader: (reader: AuditReader, high: UInt64)?

    /// - Parameters:
    ///   - low: the first record's number; `high`: one past the last one's.
    ///   - relation: a name, with its schema or without, that the records' statements must speak of; nil: anything.
    ///   - index: nil: the log alone is read.
    package init(
        log: String, low: UInt64, high: UInt64, isDescending: Bool, conditions: SearchConditions,
        relation: String?, index: LogIndex?
    ) throws(AuditError) {
        self.log = log
        self.low = low
        self.high = max(low, high)
        self.isDescending = isDescending
        var conditions = conditions
        if let relation {
            var only = SearchConditions()
            only.require(.relation, [relation])
            matcher = RecordMatcher(only)
            conditions.require(.relation, [relation])
        }
        guard let index, !conditions.isEmpty else {
            self.index = nil
            parts = [.range(low, self.high)]
            return
        }
        self.index = index
        do throws(IndexError) {
            try plan(IndexCandidates(index, conditions, failed: nil), index)
        } catch {
            parts = [.range(low, self.high)]
        }
    }

    private func plan(_ candidates: IndexCandidates, _ index: LogIndex) throws(IndexError) {
        let statement = try index.database.prepare(
            "SELECT min(id), max(id) FROM blocks WHERE seq + records > ? AND seq < ?")
        statement.bind(1, Int64(clamping: low))
        statement.bind(2, Int64(clamping: high))
        var found: [Part] = []
        if try statement.step(), let first = statement.optionalInteger(0),
            let last = statement.optionalInteger(1)
        {
            var next = Int(clamping: first)
            while let block = candidates.blocks.first(from: next), block <= last {
                found.append(.block(block))
                next = block + 1
            }
        }
        statement.reset()
        found.append(.range(max(low, candidates.end.position), high))
        parts = isDescending ? found : found.reversed()
    }

    /// The next record; nil: there is none, or it is not wanted any more.
    ///
    /// - Parameter isOver: asked now and then while records are passed over.
    package func next(_ isOver: () -> Bool = { false }) throws(AuditError) -> RecordLine? {
        while true {
            while given < lines.count {
                let line = lines[isDescending ? lines.count - 1 - given : given]
                given += 1
                if fits(line) { return line }
            }
            passed += 1
            if passed & 255 == 0, isOver() { return nil }
            lines.removeAll(keepingCapacity: true)
            given = 0
            if let open = reader {
                if let line = try open.reader.next(), line.expected < open.high {
                    if fits(line) { return line }
                    continue
                }
                reader = nil
            }
            guard let part = parts.popLast() else { return nil }
            switch part {
            case .block(let id): try read(block: id)
            case .range(let from, let to): try read(from, to)
            }
        }
    }

    private func fits(_ line: RecordLine) -> Bool {
        guard matcher != nil else { return true }
        guard scanner.scan(line.bytes) else { return false }
        return matcher?.fits(scanner, identity: { _ in nil }, failed: { _, _ in false }) ?? true
    }

    private func read(_ from: UInt64, _ to: UInt64) throws(AuditError) {
        guard from < to else { return }
        guard isDescending else {
            reader = (try AuditReader(folder: log, from: from), to)
            return
        }
        let start = to - from > RecordSelection.piece ? to - RecordSelection.piece : from
        if start > from { parts.append(.range(from, start)) }
        let reader = try AuditReader(folder: log, from: start)
        while reader.position < to, let line = try reader.next(), line.expected < to { lines.append(line) }
    }

    private func read(block id: Int) throws(AuditError) {
        guard let index, let block = try? index.block(id) else { return }
        guard block.read(from: log, into: &text) else {
            // Retention took it, or the index contradicts the log: the log is right.
            index.distrust()
            return try read(max(low, block.seq), min(high, block.seq + UInt64(block.records)))
        }
        var found: [RecordLine] = []
        block.forEachLine(of: text, in: log) { line in
            if line.expected >= low, line.expected < high { found.append(line) }
        }
        lines = found
    }
}

extension SearchConditions {
    /// Nothing is asked for that the index could tell.
    var isEmpty: Bool { session == nil && patterns.isEmpty && !isRefused && text == nil }
}
