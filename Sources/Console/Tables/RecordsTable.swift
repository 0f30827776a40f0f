import Audit
import AuditIndex

/// `records`: the log of the gateway's own region, read from its segments. Conditions on `seq` and `time` say where
/// reading begins and ends, for both ascend; ORDER BY either of them needs no sort. Who, where and what a record is of
/// is looked up in the log's search index, where there is one.
final class RecordsTable: ConsoleTable {
    let name = "records"
    let columns = RecordColumns.all
    private let folder: String
    private let watch: StatementWatch
    private let keeper: IndexKeeper
    /// The index as it was found last, and when.
    private var index: (found: LogIndex?, time: UInt64)?

    /// Nanoseconds for which an open index is used again.
    private static let indexTime: UInt64 = 1_000_000_000

    init(folder: String, watch: StatementWatch, keeper: IndexKeeper) {
        self.folder = folder
        self.watch = watch
        self.keeper = keeper
    }

    /// What the index tells of a column's values.
    private static let keys: [Int: SearchKey] = {
        let names: [(String, SearchKey)] = [
            ("type", .type), ("subject", .subject), ("planner", .planner), ("task", .task),
            ("database", .database), ("replica", .replica), ("role", .role), ("issuer", .issuer),
            ("rule", .rule),
        ]
        return Dictionary(uniqueKeysWithValues: names.map { (RecordColumns.place($0.0), $0.1) })
    }()

    func plan(_ conditions: [TableCondition.Shape], order: TableOrder?) -> TablePlan {
        var plan = TablePlan()
        for (at, condition) in conditions.enumerated() {
            switch condition.column {
            case RecordColumns.seq, RecordColumns.time:
                plan.wanted.append(at)
                plan.rows = condition.comparison == .equal ? min(plan.rows, 10) : max(10, plan.rows / 4)
            case RecordColumns.relation where condition.comparison == .equal:
                plan.wanted.append(at)
                plan.decided.append(at)
                plan.rows = max(10, plan.rows / 100)
            case RecordColumns.session where condition.comparison == .equal:
                plan.wanted.append(at)
                plan.rows = max(10, plan.rows / 1000)
            case let column where RecordsTable.keys[column] != nil && condition.comparison == .equal:
                plan.wanted.append(at)
                plan.rows = max(10, plan.rows / 10)
            default: break
            }
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
            var search = SearchConditions()
            var wantsIndex = false
            var relation: String?
            for condition in conditions {
                switch condition.shape.column {
                case RecordColumns.seq: range.narrow(seq: condition)
                case RecordColumns.time: try range.narrow(time: condition)
                default:
                    guard let text = RecordsTable.indexed(condition) else {
                        // Nothing equals NULL.
                        if case .null = condition.value { range.empty() }
                        continue
                    }
                    wantsIndex = true
                    if condition.shape.column == RecordColumns.relation {
                        relation = text
                    } else if condition.shape.column == RecordColumns.session {
                        search.session = text
                    } else if let key = RecordsTable.keys[condition.shape.column] {
                        search.require(key, [text])
                    }
                }
            }
            let selection = try RecordSelection(
                log: folder, low: range.low, high: range.high, isDescending: isDescending, conditions: search,
                relation: relation, index: wantsIndex && !range.isEmpty ? openIndex() : nil)
            return RecordsCursor(selection, relation: relation, watch: watch)
        } catch {
            throw RecordsTable.error(error)
        }
    }

    /// The text that the index is asked for; nil where it cannot tell.
    private static func indexed(_ condition: TableCondition) -> String? {
        guard case .text(let text) = condition.value else { return nil }
        // A pattern of the index's; `relation` is one.
        guard condition.shape.column == RecordColumns.relation || !text.contains(where: { "*?".contains($0) })
        else { return nil }
        return text
    }

    private func openIndex() -> LogIndex? {
        let now = watch.time
        if let index, now &- index.time < RecordsTable.indexTime { return index.found }
        let found = (try? LogIndex.open(log: folder, creating: false)) ?? nil
        keeper.look(at: folder, found)
        index = (found, now)
        return found
    }

    static func error(_ error: AuditError) -> ConsoleError {
        ConsoleError("58030", "the audit log cannot be read", detail: "\(error)")
    }
}

final class RecordsCursor: TableCursor {
    private let selection: RecordSelection
    private let relation: String?
    private let watch: StatementWatch
    private var row = RecordRow()

    init(_ selection: RecordSelection, relation: String?, watch: StatementWatch) {
        self.selection = selection
        self.relation = relation
        self.watch = watch
    }

    func next() throws(ConsoleError) -> Bool {
        let line: RecordLine?
        do throws(AuditError) {
            line = try selection.next { watch.reason != nil }
        } catch {
            throw RecordsTable.error(error)
        }
        if let reason = watch.reason { throw reason }
        guard let line else { return false }
        row.take(line.bytes)
        return true
    }

    func value(_ column: Int) -> ConsoleValue {
        column == RecordColumns.relation ? ConsoleValue(relation) : row.value(column)
    }
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

    /// Nothing can fit.
    mutating func empty() { high = low }

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

    private func first(where isSo: ([UInt8]) -> Bool) throws(AuditError) -> UInt64 {
        try RecordTimes.first(in: folder, from: low, before: high, where: isSo)
    }
}
