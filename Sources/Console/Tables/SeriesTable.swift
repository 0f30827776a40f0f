/// `generate_series(first, last [, step])`: whole numbers.
final class SeriesTable: ConsoleTable {
    let name = "generate_series"
    let columns = [
        TableColumn("value", .integer), TableColumn("first", .integer, isHidden: true),
        TableColumn("last", .integer, isHidden: true), TableColumn("step", .integer, isHidden: true),
    ]

    func plan(_ conditions: [TableCondition.Shape], order: TableOrder?) -> TablePlan {
        var plan = TablePlan(rows: 1000)
        for (at, condition) in conditions.enumerated()
        where condition.column > 0 && condition.comparison == .equal {
            plan.wanted.append(at)
            plan.decided.append(at)
        }
        return plan
    }

    func open(_ conditions: [TableCondition], isDescending: Bool) throws(ConsoleError) -> any TableCursor {
        var bounds: [Int: Int64] = [:]
        for condition in conditions {
            // A bound that is NULL leaves nothing.
            guard case .integer(let number) = condition.value else {
                return Cursor(first: 1, last: 0, step: 1)
            }
            bounds[condition.shape.column] = number
        }
        let step = bounds[3] ?? 1
        guard step != 0 else { throw ConsoleError("22023", "step size cannot equal zero") }
        guard let first = bounds[1], let last = bounds[2] else {
            throw ConsoleError("42883", "generate_series wants a first and a last number")
        }
        return Cursor(first: first, last: last, step: step)
    }

    private final class Cursor: TableCursor {
        private let last: Int64
        private let step: Int64
        private var current: Int64
        private var hasBegun = false

        init(first: Int64, last: Int64, step: Int64) {
            current = first
            self.last = last
            self.step = step
        }

        func next() -> Bool {
            if hasBegun {
                let (sum, overflow) = current.addingReportingOverflow(step)
                guard !overflow else { return false }
                current = sum
            }
            hasBegun = true
            return step > 0 ? current <= last : current >= last
        }

        func value(_ column: Int) -> ConsoleValue { column == 0 ? .integer(current) : .null }
    }
}
