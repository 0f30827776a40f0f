/// A table of the database `domicile`. Belongs to one session's engine.
package protocol ConsoleTable: AnyObject {
    var name: String { get }
    var columns: [TableColumn] { get }

    /// Which of the conditions the table makes use of when it is read. SQLite looks at all of them again by itself.
    func plan(_ conditions: [TableCondition.Shape], order: TableOrder?) -> TablePlan

    /// Begins to read.
    func open(_ conditions: [TableCondition], isDescending: Bool) throws(ConsoleError) -> any TableCursor
}

package struct TableColumn: Sendable, Equatable {
    package let name: String
    package let type: ConsoleType
    /// `*` does not have it: it is there to be compared with.
    package let isHidden: Bool

    package init(_ name: String, _ type: ConsoleType = .text, isHidden: Bool = false) {
        self.name = name
        self.type = type
        self.isHidden = isHidden
    }
}

/// One row after the other.
package protocol TableCursor: AnyObject {
    /// Goes to the next row; false: there is none.
    func next() throws(ConsoleError) -> Bool
    /// A value of the row, by its column's place.
    func value(_ column: Int) -> ConsoleValue
}

/// What a WHERE demands of one column.
package struct TableCondition: Sendable, Equatable {
    package enum Comparison: String, Sendable, CaseIterable {
        case equal = "="
        case greater = ">"
        case greaterOrEqual = "]"
        case less = "<"
        case lessOrEqual = "["
    }

    package struct Shape: Sendable, Equatable {
        package let column: Int
        package let comparison: Comparison

        package init(column: Int, comparison: Comparison) {
            self.column = column
            self.comparison = comparison
        }
    }

    package let shape: Shape
    package let value: ConsoleValue

    package init(shape: Shape, value: ConsoleValue) {
        self.shape = shape
        self.value = value
    }
}

package struct TableOrder: Sendable, Equatable {
    package let column: Int
    package let isDescending: Bool
}

package struct TablePlan: Sendable, Equatable {
    /// The conditions, by their places, whose values the table wants.
    var wanted: [Int] = []
    /// Those of them that the table decides by itself: SQLite looks at them no more.
    var decided: [Int] = []
    /// The rows come in the order that was asked for.
    var isOrdered = false
    var isDescending = false
    /// Rows that are read, as far as can be said.
    var rows = 1_000_000
}

/// A table whose rows are all made when it is opened.
package final class SnapshotTable: ConsoleTable {
    package let name: String
    package let columns: [TableColumn]
    private let rows: () throws(ConsoleError) -> [[ConsoleValue]]

    package init(
        _ name: String, _ columns: [TableColumn],
        rows: @escaping () throws(ConsoleError) -> [[ConsoleValue]]
    ) {
        self.name = name
        self.columns = columns
        self.rows = rows
    }

    package func plan(_ conditions: [TableCondition.Shape], order: TableOrder?) -> TablePlan {
        TablePlan(rows: 100)
    }

    package func open(_ conditions: [TableCondition], isDescending: Bool) throws(ConsoleError)
        -> any TableCursor
    {
        Cursor(try rows())
    }

    private final class Cursor: TableCursor {
        private let rows: [[ConsoleValue]]
        private var at = -1

        init(_ rows: [[ConsoleValue]]) { self.rows = rows }

        func next() -> Bool {
            at += 1
            return at < rows.count
        }

        func value(_ column: Int) -> ConsoleValue {
            guard rows.indices.contains(at), rows[at].indices.contains(column) else { return .null }
            return rows[at][column]
        }
    }
}
