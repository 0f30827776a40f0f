import Audit

/// A table for a terminal.
enum Columns {
    /// A line for each row, the first of which holds the titles; what a terminal could take for an order is escaped.
    static func lines(_ rows: [[String]]) -> [String] {
        let shown = rows.map { $0.map(VisibleText.of) }
        let count = shown.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            shown.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return shown.map { row in
            var line = ""
            for (index, text) in row.enumerated() {
                line += text
                // Nothing stands behind the last one.
                guard index < row.count - 1 else { continue }
                line += String(repeating: " ", count: widths[index] - text.count + 2)
            }
            return line
        }
    }
}
