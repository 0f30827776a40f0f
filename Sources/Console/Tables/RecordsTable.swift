import Audit
import AuditIndex

/// `records`: the log of the gateway's own region, read from its segments. Conditions on `seq` and `time` say where
/// reading begins and ends, for both ascend; ORDER BY either of them needs no sort.
final class RecordsTable: ConsoleTable {
    let name = "records"
    let columns = RecordColumns.all
    private let folder: String
    private let watch: StatementWatch

    init(folder: String, watch: StatementWatch) {
        self.folder = folder
        self.watch = watch
    }

    func plan(_ conditions: [TableCondition.Shape], order: TableOrder?) -> TablePlan {
        var plan = TablePlan()
        for (at, condition) in conditions.enumerated() {
            guard condition.column == RecordColumns.seq || condition.column == RecordColumns.time else {
                continue
            }
            plan.wanted.append(at)
            plan.rows = condition.comparison == .equal ? min(plan.rows, 10) : max(10, plan.rows / 4)
        }
        if let order, order.column == RecordColumns.seq || order.column == RecordColumns.time {
            plan.isOrdered = true
            plan.isDescending = order.isDescending
        }
        return plan
    }

    func open(_ conditions: [TableCondition], isDescending: Bool) throws(ConsoleError) -> any TableCursor {
        do throws(AuditError) {
            var range = try RecordRange(folder: folder)
            for condition in conditions {
                if condition.shape.column == RecordColumns.seq {
                    range.narrow(seq: condition)
                } else {
                    try range.narrow(time: condition)
                }
            }
            let source: any RecordSource =
                isDescending
                ? DescendingRecords(folder: folder, range: range)
                : try AscendingRecords(folder: folder, range: range)
            return RecordsCursor(source)
        } catch {
            throw RecordsTable.error(error)
        }
    }

    static func error(_ error: AuditError) -> ConsoleError {
        ConsoleError("58030", "the audit log cannot be read", detail: "\(error)")
    }
}

/// Records in the order of a reading.
protocol RecordSource: AnyObject {
    func next() throws(AuditError) -> RecordLine?
}

final class RecordsCursor: TableCursor {
    private let source: any RecordSource
    private var row = RecordRow()

    init(_ source: any RecordSource) { self.source = source }

    func next() throws(ConsoleError) -> Bool {
        do throws(AuditError) {
            guard let line = try source.next() else { return false }
            row.take(line.bytes)
            return true
        } catch {
            throw RecordsTable.error(error)
        }
    }

    func value(_ column: Int) -> ConsoleValue { row.value(column) }
}

/// The numbers of the records that can fit: from `low` to before `high`.
struct RecordRange {
    private let folder: String
    private(set) var low: UInt64
    private(set) var high: UInt64

    /// All that the log has now: what is added while a statement runs is not its.
    init(folder: String) throws(AuditError) {
        self.folder = folder
        low = try AuditReader.first(of: folder)
        high = try AuditReader.end(of: folder)
    }

    var isEmpty: Bool { low >= high }

    mutating func narrow(seq condition: TableCondition) {
        let number: Int64
        switch condition.value {
        case .integer(let value): number = value
        // Nothing equals NULL, and nothing is less or greater.
        case .null:
            high = low
            return
        case .real, .text, .blob: return
        }
        func at(_ value: Int64) -> UInt64 { value < 0 ? 0 : UInt64(value) }
        let next = number == .max ? UInt64(Int64.max) : at(number + 1)
        switch condition.shape.comparison {
        case .equal:
            low = max(low, at(number))
            high = number < 0 ? low : min(high, next)
        case .greater: low = max(low, next)
        case .greaterOrEqual: low = max(low, at(number))
        case .less: high = min(high, at(number))
        case .lessOrEqual: high = number < 0 ? low : min(high, next)
        }
    }

    /// Times do not go back with ascending numbers, and compare as their texts do.
    mutating func narrow(time condition: TableCondition) throws(AuditError) {
        let text: String
        switch condition.value {
        case .text(let value): text = value
        case .null:
            high = low
            return
        case .integer, .real, .blob: return
        }
        let wanted = Array(text.utf8)
        switch condition.shape.comparison {
        case .equal:
            low = try first { !$0.lexicographicallyPrecedes(wanted) }
            high = try first { wanted.lexicographicallyPrecedes($0) }
        case .greater, .greaterOrEqual: low = try first { !$0.lexicographicallyPrecedes(wanted) }
        case .less, .lessOrEqual: high = try first { wanted.lexicographicallyPrecedes($0) }
        }
    }

    /// The first record whose time is so; from it on all are.
    private func first(where isSo: ([UInt8]) -> Bool) throws(AuditError) -> UInt64 {
        var (from, to) = (low, high)
        while from < to {
            let middle = from + (to - from) / 2
            guard let line = try AuditReader(folder: folder, from: middle).next(),
                let time = RecordRange.time(of: line.bytes)
            else {
                // What cannot be read may be anything: it stays in.
                return low
            }
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

/// From the first to the last.
final class AscendingRecords: RecordSource {
    private let reader: AuditReader
    private let range: RecordRange

    init(folder: String, range: RecordRange) throws(AuditError) {
        self.range = range
        reader = try AuditReader(folder: folder, from: range.low)
    }

    func next() throws(AuditError) -> RecordLine? {
        guard !range.isEmpty, reader.position < range.high, let line = try reader.next(),
            line.expected < range.high
        else { return nil }
        return line
    }
}

/// From the last to the first, a piece of the log at a time.
final class DescendingRecords: RecordSource {
    private static let piece: UInt64 = 128

    private let folder: String
    private let low: UInt64
    /// Records from here on were read.
    private var high: UInt64
    private var lines: [RecordLine] = []

    init(folder: String, range: RecordRange) {
        self.folder = folder
        low = range.low
        high = range.isEmpty ? range.low : range.high
    }

    func next() throws(AuditError) -> RecordLine? {
        while lines.isEmpty {
            guard high > low else { return nil }
            let from = high - low > DescendingRecords.piece ? high - DescendingRecords.piece : low
            let reader = try AuditReader(folder: folder, from: from)
            while reader.position < high, let line = try reader.next(), line.expected < high {
                lines.append(line)
            }
            high = from
        }
        return lines.removeLast()
    }
}
